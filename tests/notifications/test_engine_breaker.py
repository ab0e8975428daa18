"""A provider that fails gives way to the next channel, says so, and comes back after one probe."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest
from django.conf import settings

from channels import gates
from channels.breaker import Breaker
from channels.gateway import Gateway
from channels.guard import AddressGuard
from notifications import retry
from notifications.dispatch import server
from notifications.engine import Drain
from notifications.story import story, tell
from tenants.scope import tenant_scope
from tests.isolation.planting import forget_open_work
from tests.notifications.conftest import QUEUES

LONG_S = 60  # longer than a test takes on the slowest machine: what waits so long is let go


@pytest.fixture
def prefix():
    return f"test-engine-{uuid4()}"


@pytest.fixture
def worker(prefix):
    breaker = Breaker(settings.REDIS_URL, prefix=prefix, open_ms=LONG_S * 1000)
    gateway = Gateway(guard=AddressGuard(("127.0.0.1",)), breaker=breaker)
    yield Drain(QUEUES, gateway, "test")
    gateway.close()
    forget_open_work()


@pytest.fixture
def notes(reminders, monkeypatch):
    monkeypatch.setattr(retry, "WAITS_S", (LONG_S,) * 6)
    monkeypatch.setattr(gates, "OPEN_LOOK_S", 0.0)
    reminders.workflow("note", ("chat", {"channels": ["chat", "sms"]}))
    reminders.workflow("chat-only", ("chat", {"channels": ["chat"]}))
    return reminders


def anna(number=0):
    return {
        "subscriberId": f"anna-{number}",
        "phone": f"+7916123456{number}",
        "channels": {"telegram": [f"55123456{number}"]},
    }


def break_chat(notes, worker, provider, workflow="note"):
    """Let five reminders meet a messenger that is down; give their transactions."""
    provider.answer = lambda body: (500 if body["kind"] == "chat" else 200, {}, b"{}")
    transactions = [notes.trigger(workflow, anna(number)) for number in range(5)]
    worker.drain_dry()
    return transactions


def end_rest(prefix):
    """Let the time be over for which the failing account rests; Redis has a clock of its own."""
    index = f"{prefix}:open"
    (key,) = server().zrange(index, 0, -1)
    server().hset(key, "until", 1)
    server().zadd(index, {key: time.time() * 1000 - 1})


def kinds(provider):
    return [body["kind"] for body in provider.bodies]


def told(notes, transaction_id, language):
    with tenant_scope(notes.salon.pk):
        return tell(story(notes.salon.pk, "live", transaction_id), language)


def test_while_the_messenger_is_down_reminders_go_by_sms_and_say_why(notes, worker, provider):
    transactions = break_chat(notes, worker, provider)
    assert kinds(provider) == ["chat"] * 5

    notes.hurry()
    worker.drain_dry()

    assert kinds(provider)[5:] == ["sms"] * 5
    assert {state for state, _ in notes.states} == {"completed"}
    assert notes.log[-1] == ("sent", "instead_of_failing:telegram")
    assert "отправка в Telegram сейчас не работает" in told(notes, transactions[0], "ru")[-1]
    assert "sending to Telegram does not work" in told(notes, transactions[0], "en")[-1]


def test_a_new_message_takes_the_other_way_at_once(notes, worker, provider):
    break_chat(notes, worker, provider)

    notes.trigger("note", anna(7))
    worker.drain_dry()

    assert kinds(provider)[5:] == ["sms"]


def test_one_message_probes_the_messenger_and_its_answer_brings_it_back(
    notes, worker, provider, prefix
):
    break_chat(notes, worker, provider)
    provider.answer = lambda body: (200, {}, b"{}")
    end_rest(prefix)

    for number in (7, 8):
        notes.trigger("note", anna(number))
        worker.drain_dry()

    assert kinds(provider)[5:] == ["chat", "chat"]
    assert [message.reason for message in notes.messages[-2:]] == ["", ""]


def test_without_another_way_it_is_waited_for(notes, worker, provider, prefix):
    break_chat(notes, worker, provider, "chat-only")

    transaction = notes.trigger("chat-only", anna(7))
    worker.drain_dry()

    assert notes.log[-1] == ("waiting", "provider_failing")
    assert "у провайдера сбой" in told(notes, transaction, "ru")[-1]
    provider.answer = lambda body: (200, {}, b"{}")
    end_rest(prefix)
    for _ in ("the probe", "the others"):
        notes.hurry()
        worker.drain_dry()
    assert kinds(provider)[5:] == ["chat"] * 6


def test_a_lone_reminder_of_a_small_salon_finds_the_other_way(notes, worker, provider, monkeypatch):
    monkeypatch.setattr("channels.breaker.ROW_MS", 0)
    provider.answer = lambda body: (500 if body["kind"] == "chat" else 200, {}, b"{}")

    notes.trigger("note", anna())
    for _ in range(4):
        worker.drain_dry()
        notes.hurry()

    assert kinds(provider) == ["chat", "chat", "chat", "sms"]


def test_a_paused_account_is_named_as_the_reason_of_the_other_way(notes, worker, provider):
    provider.answer = lambda body: (410 if body["kind"] == "chat" else 200, {}, b"{}")

    transaction = notes.trigger("note", anna())
    worker.drain_dry()

    assert kinds(provider) == ["chat", "sms"]
    assert "отправка в Telegram на паузе" in told(notes, transaction, "ru")[-1]
