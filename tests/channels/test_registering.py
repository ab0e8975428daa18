"""A provider is told our address when an account is added, and anew where it forgets us."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from channels import registering
from channels.accounts import callback_url, open_adapter
from channels.defaults import add_default, delete_default
from channels.integrations import (
    add_integration,
    check_integration,
    set_disabled,
    update_credentials,
)
from channels.models import DefaultIntegration, Integration
from channels.registering import Connection, connect, look, status
from channels.secrets import decrypt
from channels.told import Callback
from tenants.scope import support_scope, tenant_scope
from tests.channels.salons import new_salon
from tests.factories import word
from tests.notifications.conftest import change
from tests.providers import chat, meta
from tests.providers.rows import ROWS
from tests.providers.server import ProviderServer, nobody
from tests.providers.signing import META

FAKES = {
    "telegram": chat.Telegram,
    "vk": chat.Vk,
    "max": chat.Max,
    "whatsapp_cloud": meta.WhatsApp,
    "instagram": meta.Instagram,
}
MORE = {
    "whatsapp_cloud": {**META, "business_account_id": meta.WhatsApp.business_id},
    "instagram": META,
}


@pytest.fixture(autouse=True)
def _callable(settings):
    settings.PUBLIC_URL = "https://kolokol.example"
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]


@pytest.fixture
def salon():
    return new_salon()


@pytest.fixture(scope="module")
def server() -> Iterator[ProviderServer]:
    one = ProviderServer({})
    yield one
    one.close()


@pytest.fixture
def fakes(server):
    server.fakes = {name: fake() for name, fake in FAKES.items()}
    return server.fakes


def added(salon, server, provider, **changes):
    own = ROWS[provider].credentials(server.base(provider))
    credentials = {**MORE.get(provider, {}), "token": own["token"], "api_base": own["api_base"]}
    if provider == "whatsapp_cloud":
        credentials["phone_number_id"] = own["phone_number_id"]
    return add_integration(
        salon.pk, provider, credentials | changes, identifier=provider.replace("_", "-")
    )


def fresh(row):
    with tenant_scope(row.tenant_id):
        return Integration.objects.get(pk=row.pk)


def url_of(row):
    return callback_url(row.pk, row.callback_token)


def opened(row):
    made = fresh(row)
    return open_adapter(made.pk, made.provider, made.credentials)


def methods(fake):
    return [call.path.rpartition("/")[2] for call in fake.calls]


def test_telegram_is_given_the_address_and_the_secret_once(salon, server, fakes):
    bot, telegram = added(salon, server, "telegram"), fakes["telegram"]

    first, second = connect(salon.pk, bot.pk), connect(salon.pk, bot.pk)

    assert first == second == Connection("connected")
    assert telegram.webhook["url"] == url_of(bot)
    assert telegram.webhook_secret == decrypt(fresh(bot).credentials)["webhook_secret"]
    assert methods(telegram) == ["getWebhookInfo", "setWebhook", "getWebhookInfo"]


def test_a_webhook_that_fails_at_telegram_is_set_anew(salon, server, fakes):
    bot, telegram = added(salon, server, "telegram"), fakes["telegram"]
    connect(salon.pk, bot.pk)
    telegram.webhook["last_error_message"] = "Wrong response from the webhook: 401 Unauthorized"

    connect(salon.pk, bot.pk)

    assert telegram.calls[-1].path.endswith("/setWebhook")


def test_vk_hears_the_confirmation_while_it_is_told(salon, server, fakes):
    community, vk = added(salon, server, "vk"), fakes["vk"]
    own = opened(community)
    code = f"{own.credentials['api_base']}/method/groups.getCallbackConfirmationCode"
    answers = {code: json.dumps({"response": {"code": vk.code}}).encode()}
    vk.ask = lambda url, body: own.greet(
        Callback(json.dumps(body).encode(), {}, url=url, answers=answers)
    ).body.decode()

    made = [connect(salon.pk, community.pk) for _ in range(2)]

    assert made == [Connection("connected")] * 2
    kept = decrypt(fresh(community).credentials)
    (known,) = vk.servers
    assert (known["url"], known["status"]) == (url_of(community), "ok")
    assert (kept["group_id"], kept["callback_secret"]) == (str(chat.Vk.group), known["secret_key"])
    assert vk.settings["message_read"] == vk.settings["message_event"] == "1"
    assert methods(vk).count("groups.addCallbackServer") == 1
    assert "groups.editCallbackServer" not in methods(vk)


def test_a_server_that_vk_has_switched_off_is_told_anew(salon, server, fakes):
    community, vk = added(salon, server, "vk"), fakes["vk"]
    connect(salon.pk, community.pk)
    vk.servers[0]["status"] = "failed"

    connect(salon.pk, community.pk)

    assert methods(vk)[-2:] == ["groups.editCallbackServer", "groups.setCallbackSettings"]
    assert [one["status"] for one in vk.servers] == ["ok"]


def test_max_is_subscribed_again_after_it_has_forgotten_us(salon, server, fakes):
    bot = added(salon, server, "max")
    connect(salon.pk, bot.pk)
    fakes["max"].subscriptions.clear()

    assert connect(salon.pk, bot.pk) == Connection("connected")

    (known,) = fakes["max"].subscriptions.values()
    assert known["url"] == url_of(bot)
    assert known["secret"] == decrypt(fresh(bot).credentials)["webhook_secret"]
    assert "message_callback" in known["update_types"]


def test_meta_asks_for_its_challenge_while_it_is_told(salon, server, fakes):
    number, whatsapp = (
        added(salon, server, "whatsapp_cloud", verify_token=""),
        fakes["whatsapp_cloud"],
    )
    own = opened(number)
    whatsapp.ask = lambda url, query: own.greet(
        Callback(b"", {}, method="GET", query=query)
    ).body.decode()

    assert connect(salon.pk, number.pk) == Connection("connected")

    assert whatsapp.is_subscribed
    assert whatsapp.address["override_callback_uri"] == url_of(number)
    assert len(whatsapp.address["verify_token"]) == 40  # made up by us
    whatsapp.ask = lambda url, query: "403"
    refused = connect(salon.pk, number.pk)
    assert (refused.state, "2200" in refused.reason) == ("refused", True)


def test_instagram_tells_its_number_and_is_asked_for_messages(salon, server, fakes):
    account = added(salon, server, "instagram")

    assert connect(salon.pk, account.pk) == Connection("connected")

    row = fresh(account)
    assert decrypt(row.credentials)["instagram_id"] == row.route == "17841405822304914"
    assert "messaging_seen" in fakes["instagram"].subscribed


@pytest.mark.parametrize(
    ("provider", "changes", "expected"),
    [
        ("whatsapp_cloud", {"app_secret": ""}, "refused"),
        ("telegram", {"token": "42:WRONG"}, "refused"),
        ("telegram", {"api_base": nobody()}, "unreachable"),
    ],
)
def test_what_stands_against_it_is_told_and_kept(salon, server, fakes, provider, changes, expected):
    account = added(salon, server, provider, **changes)

    made = connect(salon.pk, account.pk)

    assert made.state == expected
    assert status(fresh(account)) == made
    assert "WRONG" not in made.reason


def test_no_provider_is_told_an_address_that_it_could_not_call(salon, server, fakes, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    bot = added(salon, server, "telegram")

    assert connect(salon.pk, bot.pk) == status(fresh(bot)) == Connection("no_https")

    assert fakes["telegram"].calls == []
    assert registering.tick() == {"connected": 0, "failed": 0}


def test_whoever_never_calls_back_is_not_asked(salon):
    page = add_integration(salon.pk, "ntfy", {}, identifier="ntfy")

    assert connect(salon.pk, page.pk) == Connection("silent")


@pytest.fixture
def alone():
    """Nobody else of this database is due."""
    for table in ("integration", "defaultintegration"):
        change(f"update channels_{table} set connect_at = null")  # noqa: S608 (of two names)


def looked(now):
    return look(now, deadline=float("inf"))


def test_a_new_account_is_told_by_the_clock_and_the_forgetful_are_asked_every_hour(
    alone, salon, server, fakes
):
    accounts = [added(salon, server, provider) for provider in ("max", "instagram")]
    now = datetime.now(UTC)

    assert looked(now) == {"connected": 2, "failed": 0}

    assert looked(now) == {"connected": 0, "failed": 0}
    fakes["max"].subscriptions.clear()
    assert looked(now + timedelta(hours=1, minutes=1)) == {"connected": 1, "failed": 0}
    assert list(fakes["max"].subscriptions) == [url_of(accounts[0])]


def test_what_was_refused_is_tried_again_in_an_hour_and_a_change_at_once(
    alone, salon, server, fakes
):
    bot = added(salon, server, "telegram", token="42:WRONG")
    now = datetime.now(UTC)

    assert looked(now) == {"connected": 0, "failed": 1}
    assert looked(now + timedelta(minutes=59)) == {"connected": 0, "failed": 0}
    update_credentials(salon.pk, bot.pk, {"token": chat.Telegram.token})
    assert looked(datetime.now(UTC)) == {"connected": 1, "failed": 0}


def test_an_account_that_the_platform_lends_is_told_too(alone, server, fakes):
    own = ROWS["telegram"].credentials(server.base("telegram")) | {"webhook_secret": ""}
    lent = add_default("telegram", own, identifier=word("bot"))
    try:
        assert looked(datetime.now(UTC)) == {"connected": 1, "failed": 0}

        assert fakes["telegram"].webhook["url"] == url_of(lent)
        with support_scope("a test looks"):
            row = DefaultIntegration.objects.get(pk=lent.pk)
        assert status(row) == Connection("connected")
    finally:
        delete_default(lent.pk)


def test_an_account_that_is_off_is_left_alone_until_it_is_on_again(alone, salon, server, fakes):
    bot = added(salon, server, "telegram")

    set_disabled(salon.pk, bot.pk, True)
    off = looked(datetime.now(UTC))
    set_disabled(salon.pk, bot.pk, False)

    assert (off["connected"], looked(datetime.now(UTC))["connected"]) == (0, 1)


def test_an_account_that_comes_back_from_a_pause_is_told_again(alone, salon, server, fakes):
    bot = added(salon, server, "telegram")
    change(
        "update channels_integration set state = 'paused', connect_at = null where id = %s",
        [bot.pk],
    )

    paused = looked(datetime.now(UTC))
    check_integration(salon.pk, bot.pk)

    assert (paused["connected"], looked(datetime.now(UTC))["connected"]) == (0, 1)


def test_a_change_during_the_calls_is_not_taken_for_told(alone, salon, server, fakes):
    bot, telegram = added(salon, server, "telegram"), fakes["telegram"]
    read = telegram.read

    def change_meanwhile(call):
        if call.path.endswith("/setWebhook"):
            salted = (
                "update channels_integration set credentials = credentials || ' ' where id = %s"
            )
            change(salted, [bot.pk])
        return read(call)

    telegram.read = change_meanwhile
    connect(salon.pk, bot.pk)

    row = fresh(bot)
    assert row.connected_at is None
    assert row.connect_at is not None
