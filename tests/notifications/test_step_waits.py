"""Steps that wait: for a client's answer, for a delivery that does not come."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from notifications.models import Escalation
from notifications.outcomes import TIMER_RAN
from notifications.story import story, tell
from tenants.scope import tenant_scope
from tests.notifications.flows import (
    CONTACTS,
    chat,
    log_of,
    press,
    publish_flow,
    refusals_of,
    sms,
)
from tests.notifications.reporting import report

WAIT = ("wait", "wait_for_reply", {"timeout_s": 3600, "actions": ["confirm"]})
ESCALATE: tuple[str, str, dict[str, str]] = ("staff", "escalate", {})


def fallback(when="not_delivered", after_s=600, of="chat", body="Ещё раз"):
    settings = {"of": of, "when": when, "after_s": after_s}
    return ("again", "fallback", settings, {"channels": ["sms"], "body": body})


@pytest.fixture
def asked(reminders, worker):
    """Anna was asked to confirm in Telegram; else an SMS would follow."""
    publish_flow(reminders.salon, "ask", chat("Придёте?"), WAIT, sms("Ждём ответа"))
    reminders.transaction_id = reminders.trigger("ask", CONTACTS, {})
    worker.drain_dry()
    return reminders


@pytest.fixture
def sent(reminders, worker):
    """Anna was written to in Telegram, with an SMS behind it. Call with how the fallback is."""

    def send(*args, **more):
        publish_flow(reminders.salon, "note", chat("Привет"), fallback(*args, **more))
        reminders.transaction_id = reminders.trigger("note", CONTACTS, {})
        worker.drain_dry()
        return reminders

    return send


def channels(line) -> list[str]:
    return [message.channel for message in line.messages]


def told(line) -> str:
    with tenant_scope(line.salon.pk):
        return "\n".join(tell(story(line.salon.pk, "live", line.transaction_id), "en"))


# waiting for a reply


def test_a_press_ends_the_wait_at_once_and_stops(asked, worker):
    assert [(one.state, one.step) for one in asked.due] == [(0, 1)]

    press(asked, asked.messages[0], "confirm")
    worker.drain_dry()

    assert channels(asked) == ["telegram"]
    assert asked.states == [("completed", "replied:confirm")]
    assert asked.due == []
    assert "the client answered: confirm" in told(asked)


def test_no_answer_goes_on_after_the_time(asked, worker):
    (line,) = asked.due
    left = line.due_at - datetime.now(UTC)
    assert timedelta(minutes=50) < left <= timedelta(hours=1)

    asked.hurry()
    worker.drain_dry()

    assert channels(asked) == ["telegram", "phone"]
    assert log_of(asked, "waiting", "done") == [
        (1, "waiting", "reply_awaited"),
        (1, "done", "no_reply"),
    ]


def test_another_answer_is_not_the_one_that_is_waited_for(asked, worker):
    press(asked, asked.messages[0], "reschedule")
    worker.drain_dry()
    assert len(asked.due) == 1

    asked.hurry()
    worker.drain_dry()

    assert channels(asked) == ["telegram", "phone"]


def test_an_answer_that_came_first_needs_no_wait(reminders, worker):
    pause = ("pause", "delay", {"seconds": 60})
    publish_flow(reminders.salon, "ask", chat("Придёте?"), pause, WAIT, sms("Ждём"))
    reminders.trigger("ask", CONTACTS, {})
    worker.drain_dry()

    press(reminders, reminders.messages[0], "confirm")
    worker.drain_dry()
    assert len(reminders.due) == 1  # the pause is not cut short by an answer
    reminders.hurry()
    worker.drain_dry()

    assert channels(reminders) == ["telegram"]


def test_what_follows_an_answer_or_silence_is_the_steps_choice(reminders, worker):
    settings = {"timeout_s": 60, "on_reply": "thanks", "on_timeout": "staff"}
    steps = [("wait", "wait_for_reply", settings), ESCALATE, sms("Спасибо", "thanks")]
    publish_flow(reminders.salon, "ask", chat("Придёте?"), *steps)
    olga = {"subscriberId": "olga", "channels": {"telegram": ["77"]}, "phone": "+79160000002"}
    for person in (CONTACTS, olga):
        reminders.trigger("ask", person, {})
    worker.drain_dry()
    annas = next(m for m in reminders.messages if m.address.endswith("567"))

    press(reminders, annas, "later")
    worker.drain_dry()
    reminders.hurry()
    worker.drain_dry()

    assert len(reminders.all(Escalation)) == 1
    assert log_of(reminders, "done") == [
        (1, "done", "replied:later"),
        (1, "done", "no_reply"),
        (2, "done", ""),
    ]


def test_a_press_and_the_timer_at_once_let_one_of_them_win(asked, worker):
    ready = threading.Barrier(2)

    def press_too():
        try:
            ready.wait(10)
            press(asked, asked.messages[0], "confirm")
        finally:
            connection.close()  # this thread's own

    asked.hurry()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(press_too)
        ready.wait(10)
        worker.drain_dry()
        done.result()
    worker.drain_dry()

    assert asked.due == []
    was_answered = (1, "done", "replied:confirm") in log_of(asked, "done")
    assert channels(asked) == (["telegram"] if was_answered else ["telegram", "phone"])
    assert len(log_of(asked, "done")) == 1


def test_a_wait_is_called_off(asked, worker):
    assert asked.cancel(asked.transaction_id) is True

    press(asked, asked.messages[0], "confirm")
    asked.hurry()
    worker.drain_dry()

    assert channels(asked) == ["telegram"]
    assert asked.states == [("canceled", "canceled")]


# fallbacks


def test_a_message_that_arrives_needs_no_fallback(sent, worker):
    line = sent()
    (waiting,) = line.due
    assert waiting.flags & TIMER_RAN

    report(line.salon, line.messages[0], "delivered")
    line.hurry()
    worker.drain_dry()

    assert channels(line) == ["telegram"]
    assert log_of(line, "skipped") == [(1, "skipped", "fallback_not_needed")]
    assert line.states == [("completed", "fallback_not_needed")]


def test_silence_lets_the_fallback_speak_after_its_time(sent, worker):
    line = sent()
    due, left = line.due[0].due_at, line.messages[0]
    worker.drain_dry()
    assert channels(line) == ["telegram"]

    line.hurry()
    worker.drain_dry()

    assert channels(line) == ["telegram", "phone"]
    assert timedelta(minutes=9) < due - datetime.now(UTC) <= timedelta(minutes=10)
    assert left.state == "sent"


def test_a_failure_lets_it_speak_at_once(sent, worker):
    line = sent()

    report(line.salon, line.messages[0], "failed", reason="permanent_recipient")
    worker.drain_dry()

    assert channels(line) == ["telegram", "phone"]
    assert line.states == [("completed", "")]


def test_a_client_without_the_address_is_reached_at_once(reminders, worker):
    publish_flow(reminders.salon, "note", chat("Привет"), fallback())

    reminders.trigger("note", {"subscriberId": "olga", "phone": "+79160000002"}, {})
    worker.drain_dry()

    assert channels(reminders) == ["phone"]


@pytest.mark.parametrize(
    ("when", "state", "expected"),
    [
        ("not_read", "delivered", ["telegram", "phone"]),
        ("not_read", "read", ["telegram"]),
        ("not_delivered", "read", ["telegram"]),
        ("failed", "", ["telegram"]),
        ("failed", "bounced", ["telegram", "phone"]),
    ],
)
def test_what_was_not_reached_in_time_decides(sent, worker, when, state, expected):
    line = sent(when)
    if state:
        report(line.salon, line.messages[0], state)

    line.hurry()
    worker.drain_dry()

    assert channels(line) == expected


def test_a_fallback_may_say_the_same_again(sent, worker):
    line = sent(body="Привет")
    line.limit(same_text_minutes=60)

    line.hurry()
    worker.drain_dry()

    assert [m.body for m in line.messages] == ["Привет", "Привет"]


def test_a_delivery_after_the_fallback_left_is_late(sent, worker):
    line = sent()
    line.hurry()
    worker.drain_dry()

    report(line.salon, line.messages[0], "delivered")
    worker.drain_dry()

    assert channels(line) == ["telegram", "phone"]
    assert log_of(line, "delivered") == [(0, "delivered", "late")]


def test_a_step_that_failed_does_not_end_what_has_a_fallback(reminders, worker):
    schema = {"type": "object", "properties": {"visit": {"type": "object", "default": {}}}}
    publish_flow(
        reminders.salon, "note", chat("{{ visit.name }}"), fallback("failed"), schema=schema
    )

    reminders.trigger("note", CONTACTS, {})
    worker.drain_dry()

    assert channels(reminders) == ["phone"]
    assert reminders.states == [("completed", "")]


def test_a_report_and_the_timer_at_once_send_at_most_one_more(sent, worker):
    line = sent()
    message = line.messages[0]

    def report_too():
        try:
            report(line.salon, message, "failed")
        finally:
            connection.close()  # this thread's own

    line.hurry()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(report_too)
        worker.drain_dry()
        done.result()
    worker.drain_dry()

    assert channels(line) == ["telegram", "phone"]
    assert line.due == []


@pytest.mark.parametrize(
    ("step", "field", "code"),
    [
        (("x", "wait_for_reply", {}), "settings.timeout_s", "setting_missing"),
        (
            ("x", "wait_for_reply", {"timeout_s": 5, "on_reply": "chat"}),
            "settings.on_reply",
            "setting_step",
        ),
        (
            ("x", "wait_for_reply", {"timeout_s": 5, "actions": "confirm"}),
            "settings.actions",
            "setting_text",
        ),
        (fallback(of="later"), "settings.of", "setting_step"),
        (fallback(of="pause"), "settings.of", "setting_step"),  # it sends nothing
        (fallback(when="never"), "settings.when", "setting_choice"),
        (
            ("x", "fallback", {"of": "chat", "when": "failed"}, {"body": "Да"}),
            "channels",
            "no_channels",
        ),
    ],
)
def test_waits_that_could_not_work_are_refused_by_name(salon, step, field, code):
    pause = ("pause", "delay", {"seconds": 1})
    found = refusals_of(salon, chat("Привет"), pause, step, sms("Да", "later"))

    assert found == [(f"steps.{step[0]}.{field}", code)]
