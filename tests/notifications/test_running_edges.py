"""What happens around a notification that is under way: in each state that it can wait in."""

from __future__ import annotations

import pytest

from notifications import stops
from tenants.audience import delete_subscriber
from tenants.scope import tenant_scope
from tests.notifications.conftest import change, look
from tests.notifications.flows import chat, publish_flow, sms
from tests.notifications.test_gate_table import be_quiet

LAST = sms("Итог", "last")
NEW = sms("Новое", "new")
#: What it waits for -> its steps, and whether a message has left by then.
WAITS = {
    "delay": [("pause", "delay", {"seconds": 3600}), LAST],
    "digest": [("gather", "digest", {"window_s": 3600}), LAST],
    "reply_awaited": [chat("Придёте?"), ("wait", "wait_for_reply", {"timeout_s": 3600}), LAST],
    "fallback_wait": [
        chat("Привет"),
        (
            "last",
            "fallback",
            {"of": "chat", "when": "not_delivered", "after_s": 600},
            {"channels": ["sms"], "body": "Итог"},
        ),
    ],
    "retry": [("last", "email", {}, {"channels": ["email"], "body": "Итог"})],
    "stopped": [("last", "chat", {}, {"channels": ["whatsapp"], "body": "Итог"})],
    "quiet_hours": [LAST],
}
REASONS = {"digest": "digest_open"}
SAID_BEFORE = {"reply_awaited": ["Придёте?"], "fallback_wait": ["Привет"]}


@pytest.fixture
def waiting(reminders, worker, provider):
    """A salon where a notification waits in each of these states, each of a client of its own."""
    provider.answer = lambda body: (500 if body["kind"] == "email" else 200, {}, b"{}")
    be_quiet(reminders)
    for number, (name, steps) in enumerate(WAITS.items()):
        category = "mk" if name == "quiet_hours" else "tx"
        publish_flow(reminders.salon, name, *steps, category=category)
        contacts = {"telegram": [f"5512345{number}"], "whatsapp": [f"7916000000{number}"]}
        person = {"subscriberId": name, "phone": f"+7916000000{number}", "channels": contacts}
        reminders.trigger(
            name, person | {"email": f"c{number}@mail.test"}, {}, transactionId=f"t-{name}"
        )
    with tenant_scope(reminders.salon.pk):
        stop = stops.start(reminders.salon.pk, stops.Wanted("whatsapp"), "test")
    worker.drain_dry()
    lines = reminders.log
    assert {reason for status, reason in lines if status in ("waiting", "retry")} == {
        REASONS.get(name, name) for name in WAITS
    }

    def go_on():
        """Let whatever keeps them back be over."""
        provider.answer = lambda body: (200, {}, b"{}")
        reminders.limit(quiet=["00:00", "00:00"])
        with tenant_scope(reminders.salon.pk):
            stops.end(reminders.salon.pk, stop.pk, "test")
        for _ in range(2):
            reminders.hurry()
            worker.drain_dry()
        assert reminders.due == []

    reminders.go_on = go_on
    return reminders


def ends(line) -> dict[str, tuple[str, str]]:
    """Say how each has ended, by what it waited for."""
    found = look(
        "select e.transaction_id, n.state, n.reason from notifications_notification n"
        " join notifications_event e on e.id = n.event_id where n.tenant_id = %s",
        [line.salon.pk],
    )
    return {name.removeprefix("t-"): (state, reason) for name, state, reason in found}


def said(line) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in WAITS}
    for name, body in look(
        "select e.transaction_id, m.body from notifications_message m"
        " join notifications_notification n on n.id = m.notification_id"
        " join notifications_event e on e.id = n.event_id where m.tenant_id = %s order by m.id",
        [line.salon.pk],
    ):
        found[name.removeprefix("t-")].append(body)
    return found


def with_last(line) -> dict[str, list[str]]:
    return {name: [*SAID_BEFORE.get(name, []), "Итог"] for name in WAITS}


def without_last(line) -> dict[str, list[str]]:
    return {name: SAID_BEFORE.get(name, []) for name in WAITS}


def test_whatever_it_waits_for_it_goes_on_when_that_is_over(waiting):
    waiting.go_on()

    assert said(waiting) == with_last(waiting)
    assert {state for state, _ in ends(waiting).values()} == {"completed"}


def test_whatever_it_waits_for_it_can_be_called_off(waiting):
    assert [waiting.cancel(f"t-{name}") for name in WAITS] == [True] * len(WAITS)

    waiting.go_on()

    assert said(waiting) == without_last(waiting)
    assert set(ends(waiting).values()) == {("canceled", "canceled")}


def test_whatever_it_waits_for_it_ends_as_its_version_says_when_the_workflow_changes(waiting):
    for name in WAITS:
        category = "mk" if name == "quiet_hours" else "tx"
        publish_flow(waiting.salon, name, NEW, category=category)

    waiting.go_on()

    assert said(waiting) == with_last(waiting)


def test_whatever_it_waits_for_it_ends_although_the_workflow_is_switched_off(waiting):
    for name in WAITS:
        waiting.change_workflow(name, is_active=False)

    waiting.go_on()

    assert said(waiting) == with_last(waiting)


def test_a_suspended_salons_work_waits_for_it_and_its_marketing_ends(waiting, worker):
    waiting.set_salon(state="suspended")
    waiting.hurry()
    worker.drain_dry()
    assert said(waiting) == without_last(waiting)

    waiting.set_salon(state="active")
    waiting.go_on()

    told = with_last(waiting) | {"quiet_hours": []}
    assert said(waiting) == told
    assert ends(waiting)["quiet_hours"] == ("canceled", "salon_suspended")


def test_a_closed_salon_ends_it_all(waiting):
    waiting.set_salon(state="closed")

    waiting.go_on()

    assert said(waiting) == without_last(waiting)
    assert set(ends(waiting).values()) == {("canceled", "salon_closed")}


def test_a_client_who_was_deleted_gets_nothing_and_the_log_says_so(waiting):
    with tenant_scope(waiting.salon.pk):
        for name in WAITS:
            delete_subscriber(waiting.salon.pk, "live", name)

    waiting.go_on()

    assert said(waiting) == without_last(waiting)
    assert set(ends(waiting).values()) == {("canceled", "subscriber_deleted")}
    assert waiting.log.count(("canceled", "subscriber_deleted")) == len(WAITS)


def test_what_has_expired_says_nothing_more_and_the_log_says_why(waiting):
    change(
        "update notifications_event set expires_at = now() where tenant_id = %s",
        [waiting.salon.pk],
    )

    waiting.go_on()

    assert said(waiting) == without_last(waiting)
    assert {reason for _, reason in ends(waiting).values()} == {"expired"}
    assert {state for name, (state, _) in ends(waiting).items() if name in SAID_BEFORE} == {
        "completed"
    }
