"""One app at Meta, one callback address, numbers of several salons: each hears of its own.

Bodies: documents of the Cloud API and of Instagram of 2026, in tests/payloads.
"""

from __future__ import annotations

import json

import pytest

from channels import callback_doors
from channels.integrations import add_integration
from channels.registry import ADAPTERS
from channels.told import AccountEvent
from notifications.callbacks import receive
from notifications.models import ReceivedCallback
from tenants.ids import uuid7
from tenants.scope import tenant_scope
from tests.channels.captured import Captured
from tests.factories import TenantFactory
from tests.providers.signing import credentials, of_meta

CAPTURED = {provider: Captured(provider) for provider in ("whatsapp_cloud", "instagram")}
CALLS = [
    (provider, name)
    for provider, captured in CAPTURED.items()
    for name in sorted(captured.telling)
    if captured.index[name]["kind"] == "webhook"
]
FIELDS = {"whatsapp_cloud": "phone_number_id", "instagram": "instagram_id"}
WRITTEN = {provider: credentials(provider)[field] for provider, field in FIELDS.items()}


@pytest.fixture
def number() -> str:
    """A number that no other test has."""
    return str(uuid7().int)[-15:]


class Shop:
    """A salon with a number of its own in the app that all share."""

    def __init__(self, provider, number="1", **fields):
        self.salon = TenantFactory()
        given = {**credentials(provider), FIELDS[provider]: number, **fields}
        self.row = add_integration(self.salon.pk, provider, given, identifier="own")

    def call(self, body: bytes) -> int:
        return receive(self.row.pk, self.row.callback_token, of_meta(body)).kept

    @property
    def kept(self) -> list[dict[str, str]]:
        with tenant_scope(self.salon.pk):
            found = ReceivedCallback.objects.filter(integration_id=self.row.pk).order_by("id")
            return [row.event for row in found]


def about(number: str, provider: str = "whatsapp_cloud", name: str = "status_delivered.json"):
    """A captured body as it would speak of this number."""
    return CAPTURED[provider].raw(name).replace(WRITTEN[provider].encode(), number.encode())


@pytest.mark.parametrize(("provider", "name"), CALLS, ids=[name for _, name in CALLS])
def test_what_is_about_another_salons_number_is_kept_by_that_salon(provider, name, number):
    body = about(number, provider, name)
    told = ADAPTERS[provider](credentials(provider)).read_callback(of_meta(body))
    called, owner = Shop(provider), Shop(provider, number)

    called.call(body)

    of_app = [event for event in told if isinstance(event, AccountEvent)]
    assert len(called.kept) == len(of_app)
    assert len(owner.kept) == len(told) - len(of_app)


def test_a_call_about_two_numbers_is_split(number):
    owner, called = Shop("whatsapp_cloud", number), Shop("whatsapp_cloud")
    first, second = json.loads(about(number)), json.loads(about("1"))

    called.call(json.dumps({**first, "entry": [*first["entry"], *second["entry"]]}).encode())

    assert {event["route"] for event in owner.kept} == {number}
    assert {event["route"] for event in called.kept} == {"1"}


def test_what_both_addresses_are_told_is_kept_once(number):
    owner, called = Shop("whatsapp_cloud", number), Shop("whatsapp_cloud")

    assert called.call(about(number)) > 0
    assert called.call(about(number)) == owner.call(about(number)) == 0


@pytest.mark.parametrize("secret", ["of another app", ""], ids=["another app's", "none"])
def test_nobody_speaks_for_a_number_whose_secret_he_does_not_have(secret, number, caplog):
    owner = Shop("whatsapp_cloud", number, app_secret=secret)
    called = Shop("whatsapp_cloud")

    assert called.call(about(number)) == 0

    assert owner.kept == called.kept == []
    assert "a number that no account has" in caplog.text


def test_a_salon_that_names_the_number_later_gets_nothing(number):
    owner, claimer = Shop("whatsapp_cloud", number), Shop("whatsapp_cloud", number)

    Shop("whatsapp_cloud").call(about(number))

    assert owner.kept
    assert claimer.kept == []


def test_an_account_that_cannot_be_opened_stands_in_nobodys_way(number):
    broken, owner = Shop("whatsapp_cloud", number), Shop("whatsapp_cloud", number)
    with tenant_scope(broken.salon.pk):
        type(broken.row).objects.filter(pk=broken.row.pk).update(credentials="nonsense")
    callback_doors.forget()

    Shop("whatsapp_cloud").call(about(number))

    assert owner.kept
