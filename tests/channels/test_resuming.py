"""Paused accounts come back when their provider takes them again, failing ones after a probe."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import uuid4

import pytest
import redis
from django.conf import settings as conf

from channels import resuming
from channels.breaker import Breaker, Tally
from channels.defaults import add_default, delete_default
from channels.integrations import add_integration, pause, set_disabled
from channels.models import DefaultIntegration, Integration
from channels.resuming import look
from channels.secrets import encrypt
from tenants.scope import support_scope, tenant_scope
from tests.channels.script_server import HANGUP, ScriptServer
from tests.notifications.conftest import change

REFUSED = (401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
TAKEN = (200, {"ok": True, "result": {"id": 1, "is_bot": True}})
OPEN_MS = 100


@pytest.fixture
def server(settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    change("update channels_integration set state = 'disabled' where state = 'paused'")
    server = ScriptServer()
    yield server
    server.close()


@pytest.fixture
def store():
    store = redis.Redis.from_url(conf.REDIS_URL)
    yield store
    store.close()


@pytest.fixture
def breaker():
    breaker = Breaker(conf.REDIS_URL, prefix=f"test-resuming-{uuid4()}", open_ms=OPEN_MS)
    yield breaker
    breaker.close()


@pytest.fixture
def bot(salon, server):
    """Alice's bot; the server answers getMe as "/bott/getMe"."""
    credentials = {"token": "t", "api_base": server.url("")}
    return add_integration(salon.pk, "telegram", credentials, identifier="bot")


def paused(row):
    with tenant_scope(row.tenant_id):
        assert pause(row.tenant_id, row.pk, "auth_pause: Unauthorized")
    return row


def state(row):
    with tenant_scope(row.tenant_id):
        return Integration.objects.get(pk=row.pk).state


def once(store, breaker):
    return look(store, breaker, deadline=time.monotonic() + 30)


def test_an_account_comes_back_when_its_provider_takes_it_again(bot, server, store, breaker):
    server.on("/bott/getMe", REFUSED, TAKEN)
    paused(bot)

    states = []
    for _ in range(2):
        once(store, breaker)
        states.append(state(bot))
        store.delete(f"resume:{bot.pk}:wait")  # the wait is over

    assert states == ["paused", "active"]
    assert server.paths == ["/bott/getMe"] * 2
    assert not list(store.scan_iter(f"resume:{bot.pk}*"))


def test_a_refused_account_is_asked_ever_more_seldom(bot, server, store, breaker):
    server.on("/bott/getMe", REFUSED)
    paused(bot)

    waits = []
    for _ in range(8):
        once(store, breaker)
        once(store, breaker)
        waits.append(round(store.pttl(f"resume:{bot.pk}:wait") / 60_000))
        store.delete(f"resume:{bot.pk}:wait")

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert len(server.paths) == 8


def test_a_provider_that_cannot_be_reached_leaves_it_paused(bot, server, store, breaker):
    server.on("/bott/getMe", HANGUP)
    paused(bot)

    once(store, breaker)

    assert state(bot) == "paused"


def test_a_salon_is_told_once_and_no_secret_is(bot, server, store, breaker, caplog):
    server.on("/bott/getMe", REFUSED, REFUSED, TAKEN)
    paused(bot)

    for _ in range(3):
        once(store, breaker)
        store.delete(f"resume:{bot.pk}:wait")

    lines = [
        (record.message, record.reason)
        for record in caplog.records
        if getattr(record, "integration", "") == str(bot.pk)
    ]
    assert lines == [
        ("an account is paused", "auth_pause: Unauthorized"),
        ("an account works again", "Unauthorized"),
    ]
    assert "bott" not in caplog.text


def test_who_cannot_be_asked_is_let_go_after_an_hour(salon, server, store, breaker):
    credentials = {"url": server.url("/hook"), "secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="}
    hook = paused(add_integration(salon.pk, "webhook", credentials, identifier="hook", kind="sms"))

    once(store, breaker)
    first, wait_ms = state(hook), store.pttl(f"resume:{hook.pk}:wait")
    store.delete(f"resume:{hook.pk}:wait")
    once(store, breaker)

    assert first == "paused"
    assert timedelta(minutes=59) < timedelta(milliseconds=wait_ms) <= timedelta(hours=1)
    assert state(hook) == "active"
    assert server.paths == []


def test_what_a_person_switched_off_stays_off(bot, server, store, breaker):
    set_disabled(bot.tenant_id, bot.pk, True)

    once(store, breaker)

    assert state(bot) == "disabled"
    assert server.paths == []


def test_an_account_that_the_platform_lends_comes_back_too(server, store, breaker):
    server.on("/bott/getMe", TAKEN)
    credentials = {"token": "t", "api_base": server.url("")}
    row = add_default("telegram", credentials, identifier=f"bot-{uuid4().hex[:8]}")
    change("update channels_defaultintegration set state = 'paused' where id = %s", [row.pk])

    once(store, breaker)
    with support_scope("a test"):
        found = DefaultIntegration.objects.get(pk=row.pk).state
    delete_default(row.pk)

    assert found == "active"


def test_an_account_whose_credentials_no_key_opens_stops_nobody(bot, server, store, breaker):
    server.on("/bott/getMe", TAKEN)
    credentials = {"token": "t", "api_base": server.url("")}
    other = add_integration(bot.tenant_id, "telegram", credentials, identifier="other")
    paused(bot), paused(other)
    change("update channels_integration set credentials = 'broken' where id = %s", [other.pk])

    once(store, breaker)

    assert (state(bot), state(other)) == ("active", "paused")


def test_time_that_is_up_ends_the_look(bot, server, store, breaker):
    paused(bot)

    looked = look(store, breaker, deadline=time.monotonic() - 1)

    assert (looked.resumed, looked.probed) == (0, 0)
    assert state(bot) == "paused"


def rest(breaker, row):
    """Open its breaker and let it rest until it may be probed."""
    breaker.tell({row.pk: Tally(answered=0, failed=5)})
    assert row.pk in breaker.open_ids()
    time.sleep(OPEN_MS / 1000 + 0.05)


@pytest.mark.parametrize("answer", [TAKEN, REFUSED])
def test_a_harmless_call_closes_a_breaker_that_has_rested(bot, server, store, breaker, answer):
    server.on("/bott/getMe", answer)
    rest(breaker, bot)

    assert once(store, breaker).probed == 1

    assert breaker.ask([bot.pk]) == {}
    assert server.paths == ["/bott/getMe"]


@pytest.mark.parametrize("answer", [HANGUP, (503, {})])
def test_a_probe_that_fails_lets_it_rest_for_longer(bot, server, store, breaker, answer):
    server.on("/bott/getMe", answer)
    rest(breaker, bot)

    once(store, breaker)

    assert breaker.ask([bot.pk])[bot.pk].wait_s > OPEN_MS / 1000


def test_a_breaker_that_still_rests_is_not_probed(bot, server, store):
    breaker = Breaker(conf.REDIS_URL, prefix=f"test-resuming-{uuid4()}")
    breaker.tell({bot.pk: Tally(answered=0, failed=5)})

    once(store, breaker)

    breaker.close()
    assert server.paths == []


def test_who_has_no_harmless_call_is_probed_by_a_message(salon, server, store, breaker):
    credentials = {"url": server.url("/hook"), "secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="}
    hook = add_integration(salon.pk, "webhook", credentials, identifier="hook", kind="sms")
    rest(breaker, hook)

    assert once(store, breaker).probed == 0

    assert breaker.ask([hook.pk])[hook.pk].is_probe


@pytest.mark.parametrize("credentials", [{}, {"service_account": "{"}])
@pytest.mark.parametrize("is_paused", [True, False])
def test_an_account_whose_call_cannot_be_written_stops_nobody(
    bot, server, store, breaker, credentials, is_paused
):
    server.on("/bott/getMe", TAKEN)
    key = {
        "service_account": '{"project_id":"p","client_email":"e","private_key":"k","token_uri":"u"}'
    }
    broken = [
        add_integration(bot.tenant_id, "fcm", key, identifier=f"broken{number}")
        for number in range(3)
    ]
    for row in broken:
        with tenant_scope(row.tenant_id):
            Integration.objects.filter(pk=row.pk).update(credentials=encrypt(credentials))
        if is_paused:
            paused(row)
        else:
            rest(breaker, row)
    paused(bot)

    once(store, breaker)

    assert state(bot) == "active"
    assert state(broken[0]) == ("paused" if is_paused else "active")


def test_the_tick_looks_at_all(bot, server, store):
    server.on("/bott/getMe", TAKEN)
    paused(bot)

    assert resuming.tick()["resumed"] >= 1
    assert state(bot) == "active"
