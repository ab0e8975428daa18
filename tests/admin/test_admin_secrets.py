"""No page shows a provider's secret again, whichever provider and whoever looks."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from channels.integrations import add_integration
from channels.registry import ADAPTERS
from tests.admin.people import browser, make_salon
from tests.providers.driving import provider_of
from tests.providers.rows import ROWS

NAMES = [name for name in ROWS if name != "sandbox"]
#: Names of fields and headers, which the page's own hints tell.
WORDS = {"service_account", "Authorization"}
SMTP = {
    "host": "mail.example",
    "port": "465",
    "username": "salon",
    "password": "SMTP-PASSWORD",
    "security": "tls",
    "from_address": "salon@beauty.example",
}


@pytest.fixture(scope="module")
def salon():
    return make_salon()


@pytest.fixture(scope="module")
def accounts(salon) -> dict[str, tuple[object, set[str]]]:
    """An account at each provider, with what is secret of it."""
    given = {name: ROWS[name].credentials("https://api.provider.example") for name in NAMES}
    given["smtp"] = SMTP
    return {name: added(salon, name, credentials) for name, credentials in given.items()}


@pytest.fixture
def owner(salon):
    return browser(salon.people["owner"])


def added(salon, name, credentials):
    provider = provider_of(name) if name in ROWS else name
    kind = ROWS[name].kind if name in ROWS else "email"
    row = add_integration(salon.tenant.pk, provider, credentials, identifier=name, kind=kind)
    secret = [field for field, is_secret in ADAPTERS[provider].fields.items() if is_secret]
    pieces = {
        piece for field in secret for piece in re.findall(r"[\w.-]{8,}", credentials.get(field, ""))
    }
    pieces -= WORDS | {"api.provider.example"}
    assert pieces
    return row.pk, pieces


@pytest.mark.parametrize("name", [*NAMES, "smtp"])
def test_the_page_of_an_account_shows_no_secret(accounts, owner, name):
    key, secrets = accounts[name]

    page = owner.get(reverse("admin:channels_integration_change", args=[key]))

    shown = page.content.decode()
    assert page.status_code == 200
    assert {secret for secret in secrets if secret in shown} == set()


def test_the_list_of_accounts_shows_no_secret(accounts, owner):
    page = owner.get(reverse("admin:channels_integration_changelist"))

    shown = page.content.decode()
    secrets = set().union(*(pieces for _, pieces in accounts.values()))
    assert shown.count("/change/") >= len(accounts)
    assert {secret for secret in secrets if secret in shown} == set()
