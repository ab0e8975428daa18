"""Accounts at providers: credentials go in by the form and never come out."""

from __future__ import annotations

import pytest
from django.urls import reverse

from channels.models import Integration
from channels.secrets import decrypt
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon

TOKEN = "7000000001:AAF-not-a-real-token"
ADD = "admin:channels_integration_add"


@pytest.fixture
def salon():
    return make_salon()


def add(client, **changed):
    form = {
        "name": "Бот",
        "identifier": "bot",
        "position": 0,
        "credential_token": TOKEN,
        "credential_webhook_secret": "hush",
    }
    return client.post(reverse(ADD) + "?provider=telegram", form | changed)


def the_one(salon):
    with tenant_scope(salon.tenant.id):
        return Integration.objects.get(provider="telegram")


def test_an_account_is_added_with_the_fields_of_its_provider(salon):
    response = add(browser(salon.people["developer"]))

    assert response.status_code == 302
    made = the_one(salon)
    assert (made.tenant_id, made.kind) == (salon.tenant.id, "chat")
    assert decrypt(made.credentials)["token"] == TOKEN
    assert TOKEN not in made.credentials


def test_the_first_page_asks_for_the_provider(salon):
    shown = browser(salon.people["developer"]).get(reverse(ADD)).content.decode()

    assert "?provider=telegram" in shown
    assert "?provider=sandbox" not in shown


@pytest.mark.parametrize("role", ["owner", "developer", "analyst"])
def test_a_secret_is_never_shown_again(salon, role):
    add(browser(salon.people["owner"]))
    page = reverse("admin:channels_integration_change", args=[the_one(salon).pk])

    shown = browser(salon.people[role]).get(page).content.decode()

    assert TOKEN not in shown
    assert "hush" not in shown
    assert ("/v1/callbacks/" in shown) == (role != "analyst")


def test_an_empty_secret_stays_and_a_new_one_replaces_it(salon):
    client = browser(salon.people["owner"])
    add(client)
    page = reverse("admin:channels_integration_change", args=[the_one(salon).pk])

    client.post(page, {"name": "Другое имя", "position": 1, "credential_token": ""})
    kept = the_one(salon)
    client.post(page, {"name": "Другое имя", "position": 1, "credential_token": "8:new"})

    assert (kept.name, decrypt(kept.credentials)["token"]) == ("Другое имя", TOKEN)
    assert decrypt(the_one(salon).credentials) == {"token": "8:new", "webhook_secret": "hush"}


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("credential_token", {"credential_token": ""}),
        ("identifier", {"identifier": "not a slug"}),
    ],
)
def test_what_is_missing_is_named_by_field(salon, field, changed):
    response = add(browser(salon.people["owner"]), **changed)

    assert list(response.context["adminform"].form.errors) == [field]


def test_a_taken_identifier_is_refused(salon):
    client = browser(salon.people["owner"])
    add(client)

    assert add(client).context["errors"]


def test_switching_off_and_on(salon):
    client = browser(salon.people["owner"])
    add(client)
    chosen = {"_selected_action": [str(the_one(salon).pk)]}
    url = reverse("admin:channels_integration_changelist")

    client.post(url, {"action": "switch_off", **chosen})
    assert the_one(salon).state == "disabled"
    client.post(url, {"action": "switch_on", **chosen})
    assert the_one(salon).state == "active"


def test_a_check_that_reaches_nobody_says_so_and_changes_nothing(salon):
    client = browser(salon.people["owner"])
    add(client, credential_api_base="https://127.0.0.1:9")
    chosen = {"_selected_action": [str(the_one(salon).pk)]}
    url = reverse("admin:channels_integration_changelist")

    shown = client.post(url, {"action": "check_connection", **chosen}, follow=True)

    assert "the provider did not answer" in shown.content.decode()
    assert the_one(salon).state == "active"
