"""What is called off is not sent, wherever it waits; what was sent cannot be called off."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection

from notifications import engine
from notifications.handover import hand_over
from notifications.models import QUEUES, Notification
from notifications.preparing import Leaving, prepare
from notifications.trigger import cancel
from tenants.scope import tenant_scope
from tests.factories import SubscriberFactory
from tests.fanning import expand_some
from tests.notifications.conftest import end_lease, look

ANNA = {"subscriberId": "anna", "phone": "+79161234567"}


@pytest.fixture
def codes(reminders, worker):
    reminders.workflow("code", "sms", priority="urgent")
    reminders.promo()
    return reminders


def hold_off(codes, worker):
    """Let the worker try twice, with all waits over."""
    for _ in range(2):
        codes.hurry()
        worker.drain_dry()


def test_what_waits_for_its_time_is_canceled(codes, worker, provider):
    transaction = codes.trigger("code", ANNA, delay=3600)

    assert codes.cancel(transaction) is True

    hold_off(codes, worker)
    assert provider.bodies == []
    assert codes.states == [("canceled", "canceled")]
    assert codes.log == [("canceled", "canceled")]
    assert codes.due == []


def test_what_is_ready_is_canceled(codes, worker, provider):
    transaction = codes.trigger("code", ANNA)

    assert codes.cancel(transaction) is True

    hold_off(codes, worker)
    assert provider.bodies == []
    assert codes.states == [("canceled", "canceled")]


def test_what_a_worker_has_leased_but_not_handed_over_is_canceled(codes, provider):
    transaction = codes.trigger("code", ANNA)
    (send,) = prepare(engine.claim("urgent", "test", 10, engine.NIL), engine.now())

    assert codes.cancel(transaction) is True

    assert hand_over([(send.task, send.message.id)]) == set()
    assert codes.states == [("canceled", "canceled")]


def test_marketing_that_is_canceled_after_prepare_gives_its_slot_back(codes, worker, provider):
    transaction = codes.trigger("promo", ANNA)
    (send,) = prepare(engine.claim("low", "test", 10, engine.NIL), engine.now())
    codes.cancel(transaction)
    hand_over([(send.task, send.message.id)])

    codes.trigger("promo", ANNA)
    worker.drain_dry()

    assert len(provider.bodies) == 1


def test_what_is_being_sent_is_not_canceled(codes):
    transaction = codes.trigger("code", ANNA)
    (send,) = prepare(engine.claim("urgent", "test", 10, engine.NIL), engine.now())
    hand_over([(send.task, send.message.id)])

    assert codes.cancel(transaction) is False
    assert codes.states == [("pending", "")]


def test_of_a_sending_batch_only_what_waits_is_canceled(codes):
    sent = codes.trigger("code", ANNA)
    waits = codes.trigger("code", {"subscriberId": "vera", "phone": "+79161234568"})
    tasks = engine.claim("urgent", "test", 10, engine.NIL)
    prepare(tasks, engine.now(), leave=lambda sends: Leaving(sends[:1], sends[1:]))

    assert (codes.cancel(sent), codes.cancel(waits)) == (False, True)
    assert sorted(state for state, _ in codes.states) == ["canceled", "pending"]


def test_a_cancel_waits_for_a_batch_that_is_being_prepared(codes):
    transaction = codes.trigger("code", ANNA)
    tasks = engine.claim("urgent", "test", 10, engine.NIL)
    answers: list[bool] = []

    def cancel_now():
        answers.append(codes.cancel(transaction))
        connection.close()

    canceler = threading.Thread(target=cancel_now)

    def leave(sends):
        canceler.start()
        canceler.join(0.2)
        assert canceler.is_alive()
        return Leaving(sends, ())

    prepare(tasks, engine.now(), leave=leave)
    canceler.join()

    assert answers == [False]
    assert codes.states == [("pending", "")]


def test_what_was_sent_is_not_canceled(codes, worker):
    transaction = codes.trigger("code", ANNA)
    worker.drain_dry()

    assert codes.cancel(transaction) is False
    assert codes.states == [("completed", "")]


def test_what_waits_for_its_second_attempt_is_canceled(codes, worker, provider):
    provider.answer = lambda body: (500, {}, b"")
    transaction = codes.trigger("code", ANNA)
    worker.drain_dry()

    assert codes.cancel(transaction) is True

    hold_off(codes, worker)
    assert len(provider.bodies) == 1
    assert codes.states == [("canceled", "canceled")]


def test_a_workflow_is_canceled_between_two_of_its_messages(codes, worker, provider):
    codes.workflow("two", "sms", ("delay", {"settings": {"seconds": 600}}), "sms")
    transaction = codes.trigger("two", ANNA)
    worker.drain_dry()

    assert codes.cancel(transaction) is True

    hold_off(codes, worker)
    assert len(provider.bodies) == 1
    assert codes.states == [("canceled", "canceled")]


def test_a_repeated_cancel_and_an_unknown_transaction_say_false(codes):
    transaction = codes.trigger("code", ANNA, delay=60)
    codes.cancel(transaction)

    assert codes.cancel(transaction) is False
    assert codes.cancel("no-such-transaction") is False


def test_a_cancel_of_another_salon_or_mode_stops_nothing(codes, other_salon):
    transaction = codes.trigger("code", ANNA, delay=60)
    caller = codes.caller_of("test")
    with tenant_scope(codes.salon.pk):
        assert cancel(caller, transaction) is False
    with tenant_scope(other_salon.pk):
        foreign = type(caller)(other_salon.pk, caller.key_id, "live", (), "x", 1, False)
        assert cancel(foreign, transaction) is False
    assert len(codes.due) == 1


def people(codes, count):
    for number in range(count):
        SubscriberFactory(tenant=codes.salon, subscriber_id=f"client-{number}")


def test_a_broadcast_that_is_not_expanded_yet_is_canceled(codes, worker, provider):
    people(codes, 3)
    transaction = codes.trigger("code", "all")

    assert codes.cancel(transaction) is True

    hold_off(codes, worker)
    assert codes.notifications == []


def test_recipients_who_wait_in_a_chunk_are_canceled(codes, worker, provider):
    people(codes, 5)
    transaction = codes.trigger("code", "all")
    expand_some(QUEUES)

    assert codes.cancel(transaction) is True

    hold_off(codes, worker)
    assert codes.states == [("canceled", "canceled")] * 5
    assert look("select 1 from notifications_chunk where tenant_id = %s", [codes.salon.pk]) == []


def test_a_chunk_that_is_half_taken_is_canceled_as_a_whole(codes, worker, provider):
    people(codes, 5)
    transaction = codes.trigger("code", "all")
    expand_some(QUEUES)
    engine.claim("urgent", "test", 2, engine.NIL)

    assert codes.cancel(transaction) is True

    hold_off(codes, worker)
    assert codes.states == [("canceled", "canceled")] * 5


def test_cancels_race_with_a_worker_and_nothing_canceled_is_sent(codes, worker, provider):
    said: dict[str, bool] = {}
    ids = [codes.trigger("code", {**ANNA, "subscriberId": f"c{n}"}) for n in range(40)]

    def cancel_all():

        for transaction in ids[::-1]:
            said[transaction] = codes.cancel(transaction)
        connection.close()

    canceler = threading.Thread(target=cancel_all)
    canceler.start()
    time.sleep(0.01)
    worker.run(0.6)
    canceler.join()
    worker.drain_dry()

    states = {
        row[0]: row[1]
        for row in look(
            "select e.transaction_id, n.state from notifications_event e"
            " join notifications_notification n on n.event_id = e.id where e.tenant_id = %s",
            [codes.salon.pk],
        )
    }
    assert {t for t, yes in said.items() if yes} == {
        t for t, state in states.items() if state == "canceled"
    }
    completed = sum(state == "completed" for state in states.values())
    assert len(provider.bodies) == completed == len(provider.ids)


def test_marketing_that_may_have_been_sent_stays_unknown_although_canceled(codes, worker, provider):
    transaction = codes.trigger("promo", ANNA)
    (send,) = prepare(engine.claim("low", "test", 10, engine.NIL), engine.now())
    hand_over([(send.task, send.message.id)])
    end_lease()  # the worker died while it was sending

    codes.cancel(transaction)
    worker.drain_dry()

    assert provider.bodies == []
    assert [(m.state, m.reason) for m in codes.messages] == [("unknown", "interrupted")]
    assert [n.state for n in codes.all(Notification)] == ["completed"]
