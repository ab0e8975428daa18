"""A campaign's recipients are leased together; who differs from the rest gets a line of her own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifications import dispatch, engine
from notifications.handover import hand_over
from notifications.models import QUEUES, DueState, Range
from notifications.outcomes import Done, Result, Retry, Wait
from notifications.preparing import Leaving, prepare
from notifications.settling import settle
from tests.fanning import expand_some
from tests.notifications.campaign_line import PEOPLE, crowd, leased, left, sending, sent
from tests.notifications.conftest import change, end_lease, look
from tests.threads import at_once


@pytest.fixture
def codes(reminders, worker):
    return crowd(reminders)


def test_recipients_are_claimed_without_a_line_for_each(codes, worker):
    tasks = leased(codes)

    assert (len(tasks), codes.due, left(codes)) == (PEOPLE, [], PEOPLE)


def test_a_range_goes_with_the_last_who_leaves_it(codes):
    sends = sending(codes)

    settle(sent(sends[:4]), engine.now())
    assert left(codes) == 2
    settle(sent(sends[4:]), engine.now())

    assert (codes.all(Range), codes.due) == ([], [])
    assert codes.states == [("completed", "")] * PEOPLE


def test_of_a_dead_workers_range_marketing_that_was_not_answered_stays_unknown(
    codes, worker, provider
):
    sends = sending(codes, "promo")
    settle(sent(sends[:3]), engine.now())
    end_lease()

    worker.drain_dry()

    assert provider.bodies == []
    told = sorted((message.state, message.reason) for message in codes.messages)
    assert told == [("sent", "")] * 3 + [("unknown", "interrupted")] * 3
    assert {message.id for message in codes.messages} == {send.message.id for send in sends}


def test_of_a_dead_workers_range_service_goes_again_under_the_same_id(codes, worker, provider):
    sends = sending(codes)
    settle(sent(sends[:3]), engine.now())
    end_lease()

    dispatch.sweep()
    assert [line.message_id for line in codes.due] == [send.message.id for send in sends[3:]]
    worker.drain_dry()

    assert dict(provider.ids) == {str(send.message.id): 1 for send in sends[3:]}
    assert codes.states == [("completed", "")] * PEOPLE


def test_a_range_that_nobody_prepared_is_sent_by_the_next(codes, worker, provider):
    leased(codes, "promo")
    end_lease()

    worker.drain_dry()

    assert len(provider.bodies) == PEOPLE
    assert codes.all(Range) == []


def test_who_waits_for_room_goes_when_a_worker_has_died_that_sent_the_rest(codes, worker, provider):
    sends = sending(codes, "promo", ready=4)
    end_lease()

    worker.drain_dry()

    assert sorted(provider.ids) == sorted(
        str(one.id) for one in codes.messages if one.state == "sent"
    )
    assert len(provider.bodies) == PEOPLE - 4
    assert [one.state for one in codes.messages].count("unknown") == len(sends) - 2


def test_a_result_that_comes_when_the_sweep_has_been_is_refused(codes):
    sends = sending(codes, "promo")
    end_lease()
    dispatch.sweep()

    assert settle(sent(sends), engine.now()) == set()

    assert codes.states == [("pending", "")] * PEOPLE
    assert [line.message_id for line in codes.due] == [send.message.id for send in sends]


def test_a_result_of_a_lease_that_is_over_changes_nothing(codes, worker, provider):
    sends = sending(codes)
    end_lease()
    worker.drain_dry()

    assert settle(sent(sends), engine.now()) == set()

    assert len(codes.messages) == len(provider.bodies) == PEOPLE
    assert [status for status, _ in codes.log] == ["sent"] * PEOPLE + ["late"] * PEOPLE


@pytest.mark.parametrize("outcome", [Wait, Retry])
def test_a_settle_that_is_repeated_moves_nobody_twice(codes, outcome):
    first, second, *_ = sending(codes)
    later = engine.now() + timedelta(minutes=5)
    results = [Result(first.task, Done(first.message)), Result(second.task, outcome(later, "busy"))]

    assert settle(results, engine.now()) == {first.task.due_id, second.task.due_id}
    assert settle(results, engine.now()) == set()

    assert left(codes) == PEOPLE - 2
    assert [(line.pk, line.state) for line in codes.due] == [(second.task.due_id, DueState.LATER)]
    assert len(codes.messages) == 1


def test_a_settle_that_is_repeated_after_all_is_over_opens_nothing_again(codes, worker, provider):
    first, *rest = sending(codes)
    results = [Result(first.task, Wait(engine.now(), "busy"))]
    settle(results, engine.now())
    worker.drain_dry()

    assert settle(results, engine.now()) == set()

    assert (len(provider.bodies), codes.due, left(codes)) == (1, [], len(rest))


def test_a_cancel_before_prepare_calls_off_the_whole_range(codes, worker, provider):
    transaction = codes.trigger("code", "all")
    expand_some(QUEUES)
    tasks = engine.claim("normal", "test", 4, engine.NIL)

    assert codes.cancel(transaction) is True

    assert prepare(tasks, engine.now()) == []
    worker.drain_dry()
    assert provider.bodies == []
    assert codes.states == [("canceled", "canceled")] * PEOPLE
    assert codes.log == [("canceled", "canceled")] * PEOPLE
    assert (codes.all(Range), codes.due) == ([], [])


def test_a_cancel_in_the_middle_of_a_range_spares_what_is_being_sent(codes, worker):
    transaction = codes.trigger("code", "all")
    expand_some(QUEUES)
    tasks = engine.claim("normal", "test", 100, engine.NIL)
    sends = prepare(tasks, engine.now(), leave=lambda some: Leaving(some[:2], some[2:5]))
    settle(sent(sends[:1]), engine.now())

    assert codes.cancel(transaction) is True

    assert left(codes) == 2  # one is being sent, of one nobody has decided
    settle(sent(sends[1:2]), engine.now())
    states = [state for state, _ in codes.states]
    assert (states.count("completed"), states.count("canceled")) == (2, 3)


def test_a_cancel_spares_who_is_sent_by_a_line_of_her_own(codes):
    transaction = codes.trigger("code", "all")
    expand_some(QUEUES)
    tasks = engine.claim("normal", "test", 100, engine.NIL)
    dropped = "update notifications_notification set state = 'canceled' where id = %s"
    change(dropped, [tasks[0].notification_id])  # she does not leave the range, nor is she sent
    send, *_ = prepare(tasks, engine.now())
    hand_over([(send.task, send.message.id)])

    assert codes.cancel(transaction) is True

    settle(sent([send]), engine.now())
    assert [one.state for one in codes.notifications].count("completed") == 1


def test_recipients_whose_message_has_expired_end_with_their_range(codes, worker, provider):
    codes.trigger("code", "all")
    expand_some(QUEUES)
    change(
        "update notifications_event set expires_at = now() where tenant_id = %s", [codes.salon.pk]
    )

    worker.drain_dry()

    assert provider.bodies == []
    assert codes.states == [("skipped", "expired")] * PEOPLE
    assert (codes.all(Range), codes.due) == ([], [])


def test_workers_who_claim_at_once_share_a_chunk_and_nobody_twice(codes):
    codes.trigger("code", "all")
    expand_some(QUEUES)

    def take(index):
        return [task for _ in range(2) for task in engine.claim("normal", "test", 1, engine.NIL)]

    taken = [task for part in at_once(4, take) for task in part]

    assert len({task.notification_id for task in taken}) == len(taken)
    assert len({task.due_id for task in taken}) == len(taken) == left(codes)


def test_the_sweep_leaves_a_range_whose_lease_holds(codes):
    leased(codes)

    dispatch.sweep()

    assert (left(codes), codes.due) == (PEOPLE, [])
    assert look("select count(*) from notifications_batch")[0][0] >= 1
