"""When an address is dead, closed or moved: the next one is taken, and why is written down.

Telegram's bodies: tests/payloads/telegram (Bot API 10.1). The server speaks its protocol.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.integrations import add_integration, ensure_phone
from tenants.audience import upsert_subscribers
from tenants.people import read_subscriber
from tenants.scope import tenant_scope
from tests.notifications.conftest import change
from tests.provider import Provider

PAYLOADS = Path(__file__).parents[1] / "payloads" / "telegram"
ANNA = {
    "subscriberId": "anna",
    "phone": "+79161234567",
    "channels": {"telegram": ["551234567"]},
}


def body_of(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


def answer(name: str):
    content = body_of(name)
    told = json.loads(content)
    status = told.get("error_code", 200)
    return status, {"Content-Type": "application/json"}, content


@pytest.fixture
def telegram():
    """A server that takes every message; `answer` changes it."""
    one = Provider(answer=lambda body: answer("send_ok.json"))
    yield one
    one.close()


@pytest.fixture
def chats(reminders, telegram):
    """A workflow that tries Telegram, then SMS; marketing likewise."""
    credentials = {"token": "42:TOKEN", "api_base": telegram.url}
    add_integration(
        reminders.salon.pk, "telegram", credentials, identifier="bot", kind="chat", position=0
    )
    reminders.workflow("note", ("chat", {"channels": ["telegram", "sms"]}), priority="high")
    change(  # the salon's own webhook would take chats, too
        "delete from channels_integration where tenant_id = %s and identifier = 'provider-chat'",
        [reminders.salon.pk],
    )
    return reminders


def test_a_telegram_message_is_sent_with_the_text(chats, worker, telegram):
    chats.trigger("note", ANNA)

    worker.drain_dry()

    assert [(b["chat_id"], b["text"]) for b in telegram.bodies] == [(551234567, "Привет, Анна")]
    assert [(m.provider, m.channel, m.provider_id) for m in chats.messages] == [
        ("telegram", "telegram", "551234567:4182")
    ]


@pytest.mark.parametrize("name", ["err_403_deactivated.json", "err_403_cannot_initiate.json"])
def test_a_blocked_chat_is_switched_off_and_sms_taken_at_once(
    chats, worker, provider, telegram, name
):
    telegram.answer = lambda body: answer(name)
    chats.trigger("note", ANNA)

    worker.drain_dry()

    assert len(telegram.bodies) == 1
    assert [body["address"] for body in provider.bodies] == ["+79161234567"]
    assert ("telegram", "551234567", "inactive", "permanent_recipient") in chats.addresses
    assert [(m.channel, m.state) for m in chats.messages] == [
        ("telegram", "failed"),
        ("phone", "sent"),
    ]
    assert chats.states == [("completed", "")]


def test_the_next_message_does_not_try_the_dead_chat(chats, worker, provider, telegram):
    telegram.answer = lambda body: answer("err_403_deactivated.json")
    chats.trigger("note", ANNA)
    worker.drain_dry()

    chats.trigger("note", "anna")
    worker.drain_dry()

    assert len(telegram.bodies) == 1
    assert len(provider.bodies) == 2


def test_another_chat_of_the_same_client_is_taken_before_a_dearer_channel(
    chats, worker, provider, telegram
):
    def first_dead(body):
        is_first = body["chat_id"] == telegram.bodies[0]["chat_id"]
        return answer("err_403_deactivated.json" if is_first else "send_ok.json")

    telegram.answer = first_dead
    chats.trigger("note", {**ANNA, "channels": {"telegram": ["111", "222"]}})

    worker.drain_dry()

    assert sorted(body["chat_id"] for body in telegram.bodies) == [111, 222]
    assert provider.bodies == []
    assert chats.states == [("completed", "")]


def test_when_nothing_is_left_the_notification_fails_with_its_reason(chats, worker, telegram):
    telegram.answer = lambda body: answer("err_403_deactivated.json")
    chats.trigger("note", {"subscriberId": "anna", "channels": {"telegram": ["551234567"]}})

    worker.drain_dry()

    assert chats.states == [("failed", "no_address")]
    assert [letter.reason for letter in chats.letters] == ["no_address"]


def test_telegrams_flood_wait_freezes_the_bot_for_as_long_as_it_says(chats, worker, telegram):
    telegram.answer = lambda body: answer("err_429_flood.json")
    chats.trigger("note", ANNA)

    worker.drain_dry()

    (due,) = chats.due
    assert due.attempt == 0
    assert chats.log == [("waiting", "throttled")]
    assert 15 < (due.due_at - datetime.now(UTC)).total_seconds() < 20


def test_telegrams_restart_is_tried_again(chats, worker, telegram):
    first = [answer("err_500_restart.json")]
    telegram.answer = lambda body: first.pop() if first else answer("send_ok.json")
    chats.trigger("note", ANNA)

    worker.drain_dry()
    chats.hurry()
    worker.drain_dry()

    assert len(telegram.bodies) == 2
    assert chats.log == [("retry", "retry"), ("sent", "")]


def test_an_unreadable_success_may_have_been_sent(chats, worker, telegram):
    telegram.answer = lambda body: (200, {}, b"<html>")
    chats.limit(quiet=["00:00", "00:00"])
    steps = ("chat", {"channels": ["telegram"]})
    chats.workflow("chat-promo", steps, category="mk", priority="low")
    chats.trigger("chat-promo", ANNA)

    for _ in range(3):
        worker.drain_dry()
        chats.hurry()

    assert len(telegram.bodies) == 1
    assert [m.state for m in chats.messages] == ["unknown"]


def test_a_refused_text_switches_no_address_off(chats, worker, provider, telegram):
    telegram.answer = lambda body: answer("err_400_parse_entities.json")
    chats.trigger("note", ANNA)

    worker.drain_dry()

    assert chats.states == [("failed", "permanent_content")]
    assert ("telegram", "551234567", "active", "") in chats.addresses
    assert provider.bodies == []


def moved_once(body):
    return answer("err_400_migrate.json" if body["chat_id"] == 551234567 else "send_ok.json")


def test_a_moved_chat_is_healed_and_the_message_sent_there_at_once(
    chats, worker, provider, telegram
):
    telegram.answer = moved_once
    chats.trigger("note", ANNA)

    worker.drain_dry()

    assert [body["chat_id"] for body in telegram.bodies] == [551234567, -1002345678901]
    assert ("telegram", "-1002345678901", "active", "moved") in chats.addresses
    assert [(m.channel, m.state) for m in chats.messages] == [("telegram", "sent")]
    assert chats.log == [("retry", "moved"), ("sent", "")]
    assert provider.bodies == []


def test_a_moved_chat_whose_new_address_is_known_is_only_switched_off(chats, worker, telegram):
    telegram.answer = moved_once
    chats.trigger("note", {**ANNA, "channels": {"telegram": ["551234567"]}})
    with tenant_scope(chats.salon.pk):
        both = {"subscriberId": "anna", "channels": {"telegram": ["551234567", "-1002345678901"]}}
        upsert_subscribers(chats.salon.pk, "live", [read_subscriber(both)])

    worker.drain_dry()

    assert ("telegram", "551234567", "inactive", "moved") in chats.addresses
    assert [m.state for m in chats.messages] == ["sent"]


def test_a_chat_that_never_stops_moving_is_given_up(chats, worker, provider, telegram):
    telegram.answer = lambda body: answer("err_400_migrate.json")
    chats.trigger("note", ANNA)

    worker.drain_dry()

    assert len(telegram.bodies) <= 4
    assert len(provider.bodies) == 1
    assert chats.states == [("completed", "")]


def test_a_closed_window_goes_to_the_next_channel_and_keeps_the_address(
    reminders, worker, settings, telegram
):
    telegram.answer = lambda body: (
        (409, {}, b'{"fault": "window_closed"}')
        if body["address_kind"] == "whatsapp"
        else (200, {}, b'{"id": "1"}')
    )
    settings.PHONE_URL = telegram.url.rstrip("/")
    reminders.set_salon(is_sandbox=True)
    ensure_phone(reminders.salon.pk)
    reminders.workflow("note", ("chat", {"channels": ["whatsapp", "sms"]}))
    person = {**ANNA, "channels": {"whatsapp": ["+79160000001", "+79160000002"]}}
    reminders.trigger("note", person)

    worker.drain_dry()

    assert [body["address_kind"] for body in telegram.bodies] == ["whatsapp", "phone"]
    assert [(m.channel, m.state, m.reason) for m in reminders.messages] == [
        ("whatsapp", "failed", "window_closed"),
        ("phone", "sent", ""),
    ]
    assert {state for _, _, state, _ in reminders.addresses} == {"active"}
