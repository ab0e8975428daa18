"""What splits a range: a stop, the hour, a row that breaks; and who counts those in it."""

from __future__ import annotations

import pytest

from config import checkup_work, metrics
from notifications import engine, preparing, stops
from notifications.models import QUEUES, DueState, Range
from notifications.story import stories
from tenants.models import Subscriber
from tenants.scope import tenant_scope
from tests.fanning import expand_some
from tests.notifications.campaign_line import PEOPLE, crowd, leased
from tests.notifications.conftest import change


@pytest.fixture
def codes(reminders, worker):
    return crowd(reminders)


def test_the_numbers_of_open_work_count_who_is_in_a_range(codes):
    def measured() -> dict[tuple[str, ...], float]:
        wanted = ("kolokol_due_lines", "kolokol_leases", "kolokol_due_oldest_seconds")
        families = [one for one in metrics.measure(engine.now()) if one.name in wanted]
        return {(one.name, *one.labels.values()): one.value for f in families for one in f.samples}

    before = measured()
    leased(codes)
    change("update notifications_range set due_at = now() - interval '1 hour'")

    after = measured()
    leases, line = ("kolokol_leases",), ("kolokol_due_lines", "normal", "leased")
    assert (after[leases], after[line]) == (before[leases] + 1, before[line] + PEOPLE)
    assert after["kolokol_due_oldest_seconds", "normal"] >= 3600
    assert any("The queue normal is " in words for words in checkup_work.open_work(engine.now()))


def test_a_stop_gives_each_of_a_range_a_line_that_waits(codes, worker, provider):
    codes.trigger("code", "all")
    expand_some(QUEUES)
    with tenant_scope(codes.salon.pk):
        stop = stops.start(codes.salon.pk, stops.Wanted(category="tx"), "test")

    worker.drain_dry()

    assert (provider.bodies, codes.all(Range)) == ([], [])
    assert [line.state for line in codes.due] == [DueState.LATER] * PEOPLE
    with tenant_scope(codes.salon.pk):
        stops.end(codes.salon.pk, stop.pk, "test")
    codes.hurry()
    worker.drain_dry()
    assert len(provider.bodies) == PEOPLE


def test_quiet_hours_split_a_range(codes, worker, provider):
    codes.limit(quiet=["00:00", "12:00"])
    with tenant_scope(codes.salon.pk):  # twelve hours apart: one half of them sleeps at any moment
        for number, zone in enumerate(["Etc/GMT+6", "Etc/GMT-6"] * 3):
            Subscriber.objects.filter(subscriber_id=f"c{number}").update(timezone=zone)
    codes.trigger("promo", "all")

    worker.drain_dry()

    assert (len(provider.bodies), codes.all(Range)) == (3, [])
    assert [line.state for line in codes.due] == [DueState.LATER] * 3
    assert codes.log.count(("waiting", "quiet_hours")) == 3


def test_a_row_that_breaks_its_batch_takes_nobody_of_its_range_along(
    codes, worker, provider, monkeypatch
):
    whole = preparing.decide

    def decide(batch, now):
        if any(work.person.subscriber_id == "c2" for work in batch.works):
            raise ValueError("broken")
        return whole(batch, now)

    monkeypatch.setattr(preparing, "decide", decide)
    codes.trigger("promo", "all")
    worker.drain_dry()

    assert len(provider.bodies) == PEOPLE - 1
    assert sorted(codes.states) == [("completed", "")] * 5 + [("failed", "poisoned")]
    assert (codes.all(Range), codes.due) == ([], [])


def test_a_story_tells_of_who_is_leased_that_it_is_being_worked_at(codes):
    (task, *_) = leased(codes)

    with tenant_scope(codes.salon.pk):
        (story,) = stories(codes.salon.pk, [task.notification_id])

    assert (story.state, story.standing) == ("running", 0)
