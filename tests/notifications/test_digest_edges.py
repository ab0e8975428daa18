"""A digest at its edges: what expires, is called off or fails takes nobody else with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifications.deadletters import replay
from notifications.preparing import MOST_CLAIMS
from notifications.steps import digest as steps_digest
from tests.depth import DEPTH
from tests.for_each import for_each
from tests.notifications.conftest import change
from tests.notifications.flows import CONTACTS, log_of, publish_flow, sms

TEXT = "{{ digest.count }}:{% for one in digest.events %} {{ one.total }}{% endfor %}"
GATHER = ("gather", "digest", {"window_s": 3600})
PAUSE = ("pause", "delay", {"seconds": 600})
BERLIN, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def orders(reminders):
    """A salon that tells of orders once an hour. Call to order: give back the transaction."""
    publish_flow(reminders.salon, "orders", GATHER, sms(TEXT))

    def order(total, **more):
        return reminders.trigger("orders", CONTACTS, {"total": total}, **more)

    return SimpleNamespace(order=order, line=reminders)


def bodies(orders) -> list[str]:
    return [message.body for message in orders.line.messages]


def end_wait(orders, worker) -> None:
    orders.line.hurry()
    worker.drain_dry()


def expire(orders, transaction_id) -> None:
    change(
        "update notifications_event set expires_at = now() - interval '1 second'"
        " where tenant_id = %s and transaction_id = %s",
        [orders.line.salon.pk, transaction_id],
    )


@pytest.mark.parametrize(
    ("late", "told"), [((0,), "2: 2 3"), ((1,), "2: 1 3"), ((0, 2), "1: 2"), ((0, 1, 2), None)]
)
def test_what_expired_while_no_worker_looked_is_left_out_and_the_others_are_told(
    orders, worker, late, told
):
    ids = [orders.order(total) for total in (1, 2, 3)]
    worker.drain_dry()
    for place in late:
        expire(orders, ids[place])

    end_wait(orders, worker)

    assert bodies(orders) == ([told] if told else [])
    assert orders.line.due == []
    if told:
        assert log_of(orders.line, "done") == [(0, "done", f"digest:{told[0]}")]
        skipped = log_of(orders.line, "skipped")
        assert skipped == [(0, "skipped", "expired")] * sum(place > 0 for place in late)
    else:
        assert ("skipped", "expired") in orders.line.states


def test_what_expires_while_its_digest_waits_is_not_told_any_more(orders, worker):
    publish_flow(orders.line.salon, "orders", GATHER, PAUSE, sms(TEXT))
    first, _ = orders.order(1), orders.order(2)
    worker.drain_dry()
    end_wait(orders, worker)  # closed; now it pauses
    expire(orders, first)

    end_wait(orders, worker)

    assert bodies(orders) == ["1: 2"]
    assert [state for state, _ in orders.line.states] == ["completed", "merged"]


def test_an_event_without_an_end_keeps_a_digest_of_use(orders, worker):
    publish_flow(orders.line.salon, "orders", GATHER, PAUSE, sms(TEXT))
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    orders.order(1, expiresAt=soon)  # before the pause is over
    orders.order(2)
    worker.drain_dry()

    end_wait(orders, worker)

    assert log_of(orders.line, "waiting")[-1] == (1, "waiting", "delay")
    end_wait(orders, worker)
    assert bodies(orders) == ["2: 1 2"]


@pytest.mark.parametrize(("place", "told", "said"), [(0, "1: 2", True), (1, "1: 1", False)])
def test_what_is_called_off_after_the_window_is_left_out_and_the_others_are_told(
    orders, worker, place, told, said
):
    publish_flow(orders.line.salon, "orders", GATHER, PAUSE, sms(TEXT))
    ids = [orders.order(total) for total in (1, 2)]
    worker.drain_dry()
    end_wait(orders, worker)

    assert orders.line.cancel(ids[place]) is said
    end_wait(orders, worker)

    assert bodies(orders) == [told]
    assert orders.line.due == []


def test_a_digest_that_closed_with_one_event_is_called_off_with_it(orders, worker):
    publish_flow(orders.line.salon, "orders", GATHER, PAUSE, sms(TEXT))
    only = orders.order(1)
    worker.drain_dry()
    end_wait(orders, worker)

    assert orders.line.cancel(only) is True
    end_wait(orders, worker)

    assert bodies(orders) == []
    assert orders.line.states == [("canceled", "canceled")]


def test_the_first_of_a_full_digest_is_called_off_without_the_others(orders, worker, monkeypatch):
    monkeypatch.setattr(steps_digest, "MOST", 2)
    first = orders.order(1)
    orders.order(2)
    worker.drain_dry()

    assert orders.line.cancel(first) is True
    end_wait(orders, worker)

    assert bodies(orders) == ["1: 2"]


def test_all_events_of_a_closed_digest_called_off_end_it_without_a_message(orders, worker):
    publish_flow(orders.line.salon, "orders", GATHER, PAUSE, sms(TEXT))
    ids = [orders.order(total) for total in (1, 2)]
    worker.drain_dry()
    end_wait(orders, worker)

    for one in ids[::-1]:
        orders.line.cancel(one)
    end_wait(orders, worker)

    assert bodies(orders) == []
    assert orders.line.states[0] == ("canceled", "canceled")


def test_a_digest_whose_worker_died_again_and_again_tells_all_when_it_is_replayed(orders, worker):
    for total in (1, 2):
        orders.order(total)
    worker.drain_dry()
    tenant = [orders.line.salon.pk]
    change("update notifications_due set claims = %s where tenant_id = %s", [MOST_CLAIMS, *tenant])
    end_wait(orders, worker)
    assert ("failed", "poisoned") in orders.line.states
    change("update notifications_digest set closes_at = now() where tenant_id = %s", tenant)

    replay(orders.line.salon.pk, [letter.pk for letter in orders.line.letters])
    worker.drain_dry()

    assert bodies(orders) == ["2: 1 2"]


def test_a_suspended_salon_tells_of_everything_when_it_is_back(orders, worker):
    for total in (1, 2):
        orders.order(total)
    worker.drain_dry()
    orders.line.set_salon(state="suspended")
    end_wait(orders, worker)
    assert bodies(orders) == []

    orders.line.set_salon(state="active")
    end_wait(orders, worker)

    assert bodies(orders) == ["2: 1 2"]


def test_a_text_may_ask_for_values_that_the_schema_gives_to_each_event(reminders, worker):
    body = "{% for one in digest.events %}{{ one.clientName }}{{ one.total }} {% endfor %}"
    publish_flow(reminders.salon, "orders", GATHER, sms(body))
    for total in (1, 2):
        reminders.trigger("orders", CONTACTS, {"total": total})
    worker.drain_dry()

    reminders.hurry()
    worker.drain_dry()

    assert [message.body for message in reminders.messages] == ["Анна1 Анна2 "]


def window(moment, wanted, zone=BERLIN, expires_at=None):
    """Ask when a digest that opens at this moment closes."""
    work = SimpleNamespace(
        event=SimpleNamespace(location_id=None),
        salon=SimpleNamespace(main=None, places={}, zone=zone),
        task=SimpleNamespace(expires_at=expires_at),
    )
    return steps_digest._end(work, wanted, moment)


@for_each(
    "zone, moment, clock, closes",
    [
        # midnight: what comes at it belongs to the next day's
        (BERLIN, "2026-11-21T23:59:59", "00:00", "2026-11-22T00:00:00"),
        (BERLIN, "2026-11-22T00:00:00", "00:00", "2026-11-23T00:00:00"),
        (BERLIN, "2026-12-31T23:30:00", "23:00", "2027-01-01T23:00:00"),
        # 02:30 does not exist, then exists twice: the first of the two
        (BERLIN, "2026-03-29T01:00:00", "02:30", "2026-03-29T03:30:00"),
        (BERLIN, "2026-10-25T01:00:00", "02:30", "2026-10-25T02:30:00"),
        (BERLIN, "2026-10-25T02:30:00", "02:30", "2026-10-26T02:30:00"),
        # its clocks change by half an hour at two
        (LORD_HOWE, "2026-10-04T01:00:00", "02:15", "2026-10-04T02:45:00"),
        (LORD_HOWE, "2026-04-05T01:00:00", "01:45", "2026-04-05T01:45:00"),
    ],
)
def test_a_window_ends_at_the_local_time_also_at_midnight_and_clock_changes(
    zone, moment, clock, closes
):
    opened = datetime.fromisoformat(moment).replace(tzinfo=zone).astimezone(UTC)

    found = window(opened, {"until": clock}, zone)

    assert found.astimezone(zone).replace(tzinfo=None).isoformat() == closes


@settings(max_examples=30 * DEPTH, deadline=None)
@given(
    moment=st.integers(0, 730 * 86_400).map(lambda s: START + timedelta(seconds=s)),
    window_s=st.floats(1, 31 * 86_400),
    left_s=st.floats(0.001, 40 * 86_400),
)
@example(START, 3600.0, 3600.0)
@example(START, 3600.0, 0.001)
def test_a_window_ends_before_its_first_event_expires_and_never_before_it_began(
    moment, window_s, left_s
):
    expires_at = moment + timedelta(seconds=left_s)

    closes = window(moment, {"window_s": window_s}, expires_at=expires_at)

    assert moment <= closes < expires_at
    assert closes <= moment + timedelta(seconds=window_s)
