"""A salon's software adds, changes, checks and forgets accounts; secrets never come back."""

from __future__ import annotations

import pytest

from channels.models import Integration
from channels.secrets import decrypt
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.channels.say_server import SayServer
from tests.factories import ApiKeyFactory

TOKEN = "7000000001:AAF-not-a-real-token"
MAIL = {
    "host": "mail.example",
    "port": "587",
    "from_address": "salon@mail.example",
    "username": "anna",
    "password": "hush-hush",
}


@pytest.fixture
def server(settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    one = SayServer()
    yield one
    one.close()


def add(api, **changed):
    body = {"providerId": "telegram", "identifier": "bot", "credentials": {"token": TOKEN}}
    return api.post("/v1/integrations", body | changed)


def listed(api, path="/v1/integrations"):
    return [(one["identifier"], one["primary"]) for one in api.get(path).json()["data"]]


def test_an_account_is_added_and_its_secret_never_comes_back(api, salon):
    made = add(api, name="Бот")
    shown = api.get("/v1/integrations")

    assert made.status_code == 201
    assert made.json()["data"]["callbackUrl"].startswith("http")
    (one,) = shown.json()["data"]
    assert (one["providerId"], one["channel"], one["name"]) == ("telegram", "chat", "Бот")
    assert (one["active"], one["primary"], one["credentials"]) == (True, True, {})
    assert TOKEN not in made.content.decode() + shown.content.decode()
    assert "callbackUrl" not in one


def test_novus_name_of_a_provider_is_understood(api):
    made = add(api, providerId="nodemailer", identifier="mail", credentials=MAIL)

    assert made.json()["data"]["providerId"] == "smtp"
    assert made.json()["data"]["credentials"] == {
        name: value for name, value in MAIL.items() if name != "password"
    }


def test_an_update_changes_what_it_names(api, salon):
    key = add(api, credentials={"token": TOKEN, "rate": "5"}).json()["data"]["_id"]

    changed = api.put(
        f"/v1/integrations/{key}",
        {"name": "Другой", "position": 7, "active": False, "credentials": {"rate": None}},
    ).json()["data"]

    assert (changed["name"], changed["position"], changed["active"]) == ("Другой", 7, False)
    with tenant_scope(salon.pk):
        stored = decrypt(Integration.objects.get(pk=key).credentials)
    assert stored["token"] == TOKEN
    assert "rate" not in stored
    assert listed(api, "/v1/integrations/active") == []


def test_the_primary_can_be_chosen_and_an_account_forgotten(api):
    add(api)
    add(api, identifier="second", position=1)

    assert listed(api) == [("bot", True), ("second", False)]
    api.post("/v1/integrations/second/set-primary")
    assert listed(api) == [("second", True), ("bot", False)]
    left = api.delete("/v1/integrations/second").json()["data"]
    assert [one["identifier"] for one in left] == ["bot"]


@pytest.mark.parametrize(
    ("status", "body", "check", "state"),
    [
        (200, b'{"ok":true,"result":{"id":1}}', "active", "active"),
        (401, b'{"ok":false,"error_code":401,"description":"Unauthorized"}', "paused", "paused"),
        (500, b"", "unreachable", "active"),
    ],
)
def test_a_check_tells_what_the_provider_says(api, server, status, body, check, state):
    server.say(status, body)
    add(api, credentials={"token": TOKEN, "api_base": server.url("")})

    told = api.post("/v1/integrations/bot/check").json()["data"]

    assert (told["check"], told["state"]) == (check, state)
    assert TOKEN not in str(told)


def test_a_provider_is_told_our_address_on_demand(api, server, settings):
    settings.PUBLIC_URL = "https://kolokol.example"
    server.say(200, b'{"ok":true,"result":{}}')
    made = add(api, credentials={"token": TOKEN, "api_base": server.url("")}).json()["data"]

    told = api.post("/v1/integrations/bot/register").json()["data"]

    assert made["callbacks"] == {"state": "waiting"}
    assert told["callbacks"]["state"] == told["register"] == "connected"
    assert told["callbacks"]["connectedAt"]
    assert TOKEN not in str(told)


def test_what_stands_against_it_is_said(api, server, settings):
    server.say(401, b'{"ok":false,"error_code":401,"description":"Unauthorized"}')
    add(api, credentials={"token": TOKEN, "api_base": server.url("")})

    plain = api.post("/v1/integrations/bot/register").json()["data"]
    settings.PUBLIC_URL = "https://kolokol.example"
    refused = api.post("/v1/integrations/bot/register").json()["data"]

    assert plain["callbacks"] == {"state": "no_https"}
    assert refused["callbacks"] == {"state": "refused", "reason": "Unauthorized"}


def test_a_test_key_sees_the_phone_and_changes_nothing(api, sandbox, salon):
    key = add(api).json()["data"]["_id"]

    assert listed(sandbox) == []
    assert add(sandbox).status_code == 403
    assert sandbox.delete(f"/v1/integrations/{key}").status_code == 403


def test_a_key_needs_the_scope(salon):
    reader = Api(ApiKeyFactory.create(tenant=salon, scopes=("integrations:read",)).text)

    assert reader.get("/v1/integrations").status_code == 200
    assert add(reader).status_code == 403
