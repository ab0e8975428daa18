"""A digest: several events become one message; nothing is lost, doubled or told too early."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.claiming import NIL, claim
from notifications.models import Digest
from notifications.outcomes import TIMER_RAN
from notifications.preparing import prepare
from notifications.steps import digest as steps_digest
from tests.notifications.conftest import change
from tests.notifications.flows import CONTACTS, log_of, publish_flow, refusals_of, sms

BERLIN = ZoneInfo("Europe/Berlin")
TEXT = "{{ digest.count }}:{% for one in digest.events %} {{ one.total }}{% endfor %}"
GATHER = ("gather", "digest", {"window_s": 3600})
OLGA = {"subscriberId": "olga", "phone": "+79160000002"}


@pytest.fixture
def orders(reminders):
    """A salon that tells of orders once an hour. Call to order."""
    publish_flow(reminders.salon, "orders", GATHER, sms(TEXT))

    def order(total, person=CONTACTS, **more):
        return reminders.trigger("orders", person, {"total": total}, **more)

    return SimpleNamespace(order=order, line=reminders)


def bodies(orders) -> list[str]:
    return [message.body for message in orders.line.messages]


def end_window(orders, worker) -> None:
    orders.line.hurry()
    worker.drain_dry()


def test_events_of_a_window_become_one_message(orders, worker):
    for total in (1, 2):
        orders.order(total)  # in one batch
    worker.drain_dry()
    orders.order(3)
    worker.drain_dry()
    assert len(orders.line.due) == 1

    end_window(orders, worker)

    assert bodies(orders) == ["3: 1 2 3"]
    assert sorted(state for state, _ in orders.line.states) == ["completed", "merged", "merged"]
    first = orders.line.notifications[0]
    assert {reason for state, reason in orders.line.states if state == "merged"} == {str(first.pk)}
    assert log_of(orders.line, "done") == [(0, "done", "digest:3")]


def test_a_single_event_is_told_alone_and_each_client_apart(orders, worker):
    orders.order(1)
    orders.order(9, OLGA)
    worker.drain_dry()

    end_window(orders, worker)

    assert sorted(bodies(orders)) == ["1: 1", "1: 9"]


def test_events_are_gathered_by_a_value(reminders, worker):
    gather = ("gather", "digest", {"window_s": 60, "key": "visit.id"})
    publish_flow(reminders.salon, "orders", gather, sms(TEXT))
    for visit, total in (("a", 1), ("b", 2), ("a", 3)):
        reminders.trigger("orders", CONTACTS, {"visit": {"id": visit}, "total": total})
    worker.drain_dry()

    reminders.hurry()
    worker.drain_dry()

    assert sorted(message.body for message in reminders.messages) == ["1: 2", "2: 1 3"]


def test_what_comes_at_the_windows_end_opens_the_next_one(orders, worker):
    orders.order(1)
    worker.drain_dry()
    change(
        "update notifications_digest set closes_at = now() where tenant_id = %s",
        [orders.line.salon.pk],
    )

    orders.order(2)  # the first has not woken up yet
    worker.drain_dry()

    assert len(orders.line.due) == 2
    end_window(orders, worker)
    assert sorted(bodies(orders)) == ["1: 1", "1: 2"]


def test_a_full_digest_makes_room_for_another(orders, worker, monkeypatch):
    monkeypatch.setattr(steps_digest, "MOST", 2)
    for total in (1, 2, 3):
        orders.order(total)
        worker.drain_dry()

    end_window(orders, worker)

    assert sorted(bodies(orders)) == ["1: 3", "2: 1 2"]


def test_what_is_called_off_leaves_the_digest(orders, worker):
    orders.order(1)
    second = orders.order(2)
    orders.order(3)
    worker.drain_dry()

    assert orders.line.cancel(second) is True
    assert orders.line.cancel(second) is False
    end_window(orders, worker)

    assert bodies(orders) == ["2: 1 3"]
    assert ("canceled", "canceled") in orders.line.states


def test_another_waits_on_when_the_first_is_called_off(orders, worker):
    first = orders.order(1)
    orders.order(2)
    orders.order(3)
    worker.drain_dry()
    (row,) = orders.line.all(Digest)

    assert orders.line.cancel(first) is True

    (due,) = orders.line.due
    assert (due.due_at, due.flags, due.step) == (row.closes_at, TIMER_RAN, 0)
    heir = str(orders.line.notifications[1].pk)
    assert orders.line.states[1:] == [("pending", ""), ("merged", heir)]
    orders.order(4)
    worker.drain_dry()
    end_window(orders, worker)
    assert bodies(orders) == ["3: 2 3 4"]


def test_the_last_one_called_off_closes_the_digest(orders, worker):
    only = orders.order(1)
    worker.drain_dry()

    assert orders.line.cancel(only) is True

    orders.order(2)
    worker.drain_dry()
    end_window(orders, worker)
    assert bodies(orders) == ["1: 2"]


def test_what_was_told_cannot_be_called_off(orders, worker):
    orders.order(1)
    second = orders.order(2)
    worker.drain_dry()
    end_window(orders, worker)

    assert orders.line.cancel(second) is False
    assert bodies(orders) == ["2: 1 2"]


def test_workers_that_join_at_once_lose_nothing(orders, worker):
    for total in range(12):
        orders.order(total)
    claimed = [claim("normal", f"w{n}", 3, NIL) for n in range(4)]
    assert [len(tasks) for tasks in claimed] == [3] * 4

    def work(tasks):
        try:
            prepare(tasks, datetime.now(UTC))
        finally:
            connection.close()  # this thread's own

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, claimed))
    end_window(orders, worker)

    (body,) = bodies(orders)
    assert sorted(body.partition(": ")[2].split()) == sorted(str(n) for n in range(12))
    assert len(orders.line.all(Digest)) == 1


def test_a_new_version_joins_what_is_open(orders, worker):
    orders.order(1)
    worker.drain_dry()
    pause = ("pause", "delay", {"seconds": 1})
    publish_flow(orders.line.salon, "orders", pause, GATHER, sms("не то", "other"))
    orders.order(2)
    worker.drain_dry()
    second = orders.line.notifications[1]
    change("update notifications_due set due_at = now() where notification_id = %s", [second.pk])
    worker.drain_dry()  # the pause is over, the window is not

    end_window(orders, worker)

    assert bodies(orders) == ["2: 1 2"]
    assert orders.line.due == []


def test_a_window_ends_before_its_first_message_expires(orders, worker):
    end = datetime.now(UTC) + timedelta(minutes=30)
    orders.order(1, expiresAt=end.isoformat())
    worker.drain_dry()

    (due,) = orders.line.due

    assert end - timedelta(minutes=2) < due.due_at < end


@settings(max_examples=40, deadline=None)
@given(
    moment=st.integers(0, 2 * 366 * 86_400).map(
        lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
    ),
    clocks=st.lists(st.sampled_from(["00:00", "02:30", "09:00", "23:59"]), min_size=1, max_size=3),
)
def test_a_local_time_is_the_next_one_and_never_now(moment, clocks):
    place = SimpleNamespace(zone=BERLIN)
    work = SimpleNamespace(
        event=SimpleNamespace(location_id="x"),
        salon=SimpleNamespace(main=None, places={"x": place}, zone=BERLIN),
    )

    end = steps_digest._next(work, clocks, moment)

    assert moment < end <= moment + timedelta(hours=25)
    local = end.astimezone(BERLIN)
    # 02:30 is left out when the clocks go forward: then it is an hour later
    assert f"{local:%H:%M}" in {*clocks, "03:30"}


@pytest.mark.parametrize(
    ("given_settings", "setting", "code"),
    [
        ({}, "window_s", "setting_missing"),
        ({"window_s": 60, "until": "18:00"}, "window_s", "setting_missing"),
        ({"window_s": 32 * 86_400}, "window_s", "setting_number"),
        ({"until": "25:00"}, "until", "setting_clock"),
        ({"until": []}, "until", "setting_clock"),
        ({"until": "18:00", "key": "nothing"}, "key", "setting_path"),
    ],
)
def test_a_digest_that_could_not_work_is_refused_by_name(salon, given_settings, setting, code):
    found = refusals_of(salon, ("gather", "digest", given_settings), sms("Да"))

    assert found == [(f"steps.gather.settings.{setting}", code)]


def test_a_window_must_be_shorter_than_what_it_gathers_lives(salon):
    found = refusals_of(salon, GATHER, sms("Да"), expires_after_s=3600)

    assert found == [("steps.gather.settings.window_s", "setting_number")]


def test_a_workflow_gathers_once(salon):
    again = ("again", "digest", {"window_s": 60})

    assert refusals_of(salon, GATHER, again, sms("Да")) == [("steps", "two_digests")]
