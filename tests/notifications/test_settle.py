"""Fencing: who has lost the lease changes nothing; who may have sent says so."""

from __future__ import annotations

import time

import pytest

from channels.contract import Receipt
from channels.errors import Deferred
from channels.flights import Sent
from notifications import dispatch, engine
from notifications.handover import hand_over
from notifications.models import DueState, LogEntry
from notifications.outcomes import WAITS_FOR_ROOM
from notifications.preparing import Leaving, prepare
from notifications.settling import settle
from notifications.verdict import judge
from tests.notifications.conftest import change, end_lease

ANNA = {"subscriberId": "anna", "phone": "+79161234567"}


@pytest.fixture
def lines(reminders, worker):
    reminders.workflow("code", "sms")
    reminders.promo()
    return reminders


def prepared(queue="normal"):
    (send,) = prepare(engine.claim(queue, "test", 10, engine.NIL), engine.now())
    return send


def handed_over(queue="normal"):
    send = prepared(queue)
    assert hand_over([(send.task, send.message.id)]) == {send.task.due_id}
    return send


def answered(send, provider_id="77"):
    sent = Sent(1, send.account, send.outbound, Receipt(provider_id), None)
    return judge(send, sent, engine.now())


def test_a_stale_result_changes_nothing_but_one_late_line(lines, worker, provider):
    lines.trigger("code", ANNA)
    send = handed_over()
    end_lease()
    dispatch.sweep()

    assert settle([answered(send)], engine.now()) == set()

    assert lines.log == [("late", "")]
    assert (lines.messages, lines.states) == ([], [("pending", "")])
    assert [(due.state, due.claims) for due in lines.due] == [(DueState.READY, 1)]


def test_the_late_line_keeps_the_providers_id(lines):
    lines.trigger("code", ANNA)
    send = handed_over()
    end_lease()
    dispatch.sweep()
    settle([answered(send, "provider-42")], engine.now())

    assert "provider-42" in lines.all(LogEntry)[0].detail


def test_a_result_that_comes_before_the_sweep_is_still_ours(lines):
    lines.trigger("code", ANNA)
    send = handed_over()
    end_lease()

    assert settle([answered(send)], engine.now()) == {send.task.due_id}
    assert lines.states == [("completed", "")]


def test_a_result_is_written_once_however_often_it_is_settled(lines):
    lines.trigger("code", ANNA)
    result = answered(handed_over())

    assert settle([result], engine.now()) != set()
    assert settle([result], engine.now()) == set()
    assert len(lines.messages) == 1
    assert lines.states == [("completed", "")]


def test_hand_over_refuses_a_lease_that_was_swept(lines):
    lines.trigger("code", ANNA)
    send = prepared()
    end_lease()
    dispatch.sweep()

    assert hand_over([(send.task, send.message.id)]) == set()


def test_hand_over_refuses_a_line_that_another_worker_has_now(lines):
    lines.trigger("code", ANNA)
    first = prepared()
    end_lease()
    dispatch.sweep()
    second = prepared()

    assert hand_over([(first.task, first.message.id)]) == set()
    assert hand_over([(second.task, second.message.id)]) == {second.task.due_id}


def test_the_last_five_seconds_of_a_lease_start_nothing(lines, provider):
    lines.trigger("code", ANNA)
    send = prepared()
    change("update notifications_batch set lease_until = now() + interval '4.9 seconds'")
    assert hand_over([(send.task, send.message.id)]) == set()

    change("update notifications_batch set lease_until = now() + interval '5.5 seconds'")
    assert hand_over([(send.task, send.message.id)]) == {send.task.due_id}


def test_the_gateway_starts_nothing_in_the_last_five_seconds(lines, gateway, provider):
    lines.trigger("code", ANNA)
    send = handed_over()

    gateway.submit(1, send.account, send.outbound, time.monotonic() + 4.9)
    (sent,) = gateway.poll(1)

    assert provider.bodies == []
    result = judge(send, sent, engine.now())
    settle([result], engine.now())
    assert lines.log == [("waiting", "not_started")]
    assert [due.attempt for due in lines.due] == [0]


@pytest.mark.parametrize(("scope", "word"), [("address", "failed"), ("integration", "waiting")])
def test_marketing_waits_for_an_account_that_is_used_up_today(lines, worker, scope, word):
    lines.trigger("promo", ANNA)
    send = handed_over("low")
    refused = Sent(1, send.account, send.outbound, None, Deferred("29", scope=scope))

    settle([judge(send, refused, engine.now())], engine.now())

    assert lines.log == [(word, "deferred_by_provider")]


def test_a_sweep_leaves_leases_that_hold(lines):
    lines.trigger("code", ANNA)
    prepared()

    assert dispatch.sweep().freed == 0
    assert [due.state for due in lines.due] == [DueState.LEASED]


def test_a_reminder_that_was_leased_when_its_worker_died_is_sent(lines, worker, provider):
    lines.trigger("code", ANNA)
    prepared()
    end_lease()

    worker.drain_dry()

    assert len(provider.bodies) == 1
    assert lines.states == [("completed", "")]


def test_a_reminder_that_was_being_sent_when_its_worker_died_is_sent_under_the_same_id(
    lines, worker, provider
):
    lines.trigger("code", ANNA)
    send = handed_over()
    end_lease()

    worker.drain_dry()

    assert list(provider.ids) == [str(send.message.id)]
    assert lines.states == [("completed", "")]


def test_marketing_that_was_being_sent_when_its_worker_died_becomes_unknown(
    lines, worker, provider
):
    lines.trigger("promo", ANNA)
    send = handed_over("low")
    end_lease()

    worker.drain_dry()

    assert provider.bodies == []
    (message,) = lines.messages
    assert (message.id, message.state, message.reason) == (
        send.message.id,
        "unknown",
        "interrupted",
    )
    assert (message.channel, message.body) == ("phone", "Привет, Анна")
    assert lines.due == []


def test_marketing_that_may_have_been_sent_keeps_its_slot(lines, worker, provider):
    lines.promo("other")
    lines.trigger("promo", ANNA)
    handed_over("low")
    end_lease()
    worker.drain_dry()

    lines.trigger("other", ANNA)
    worker.drain_dry()

    assert provider.bodies == []
    assert lines.states[-1] == ("skipped", "frequency_cap")


def test_a_line_whose_batch_has_no_row_any_more_is_freed(lines, worker, provider):
    lines.trigger("code", ANNA)
    prepared()
    change("delete from notifications_batch")

    assert dispatch.sweep().freed == 1


def leaving_first(sends):
    """Let the first leave at once; the others wait for room."""
    return Leaving(sends[:1], sends[1:])


def test_a_batch_that_was_sending_when_its_lease_ended_names_what_may_have_left(lines):
    lines.trigger("code", [ANNA, {"subscriberId": "vera", "phone": "+79161234568"}])
    left, waiting = prepare(
        engine.claim("normal", "test", 10, engine.NIL), engine.now(), leave=leaving_first
    )
    assert [send.is_marked for send in (left, waiting)] == [True, False]
    end_lease()

    dispatch.sweep()

    assert {due.id: (due.message_id, due.flags & WAITS_FOR_ROOM) for due in lines.due} == {
        left.task.due_id: (left.message.id, 0),
        waiting.task.due_id: (None, 0),
    }


def test_marketing_of_a_sending_batch_is_unknown_and_what_waited_is_sent(lines, worker, provider):
    lines.trigger("promo", [ANNA, {"subscriberId": "vera", "phone": "+79161234568"}])
    left, waiting = prepare(
        engine.claim("low", "test", 10, engine.NIL), engine.now(), leave=leaving_first
    )
    end_lease()

    worker.drain_dry()

    states = {m.notification_id: (m.id, m.state) for m in lines.messages}
    assert states[left.task.notification_id] == (left.message.id, "unknown")
    assert states[waiting.task.notification_id][1] == "sent"
    assert len(provider.bodies) == 1


def test_a_batch_whose_lease_ends_soon_starts_nothing(lines):
    lines.trigger("code", ANNA)
    tasks = engine.claim("normal", "test", 10, engine.NIL)
    change("update notifications_batch set lease_until = now() + interval '4.9 seconds'")

    assert prepare(tasks, engine.now(), leave=leaving_first) == []


def test_an_attempt_that_failed_is_repeated_under_the_same_id(lines, worker, provider):
    provider.answer = lambda body: (500 if len(provider.bodies) == 1 else 200, {}, b"{}")
    lines.trigger("code", ANNA)
    worker.drain_dry()
    (first,) = [due.message_id for due in lines.due]
    lines.hurry()
    worker.drain_dry()

    assert [m.id for m in lines.messages] == [first]
    assert len(provider.bodies) == 2
