"""When: delays, schedules, expiry, priorities, quiet hours, suspended salons."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from channels.gateway import Gateway
from notifications import engine
from notifications.engine import Drain
from notifications.models import QUEUES
from notifications.preparing import prepare
from tenants.errors import InvalidFields
from tests.isolation.planting import forget_open_work
from tests.notifications.conftest import NO_QUIET, change, look, run_until

ANNA = {"subscriberId": "anna", "phone": "+79161234567", "email": "anna@mail.test"}


def in_(**ahead) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


def test_a_delay_step_waits_once_and_then_goes_on(reminders, worker, provider):
    reminders.workflow("later", ("delay", {"settings": {"seconds": 3600}}), "sms")
    reminders.trigger("later", ANNA)

    worker.drain_dry()

    assert provider.bodies == []
    assert reminders.log == [("waiting", "delay")]
    assert 3590 < (reminders.due[0].due_at - datetime.now(UTC)).total_seconds() <= 3600
    reminders.hurry()
    worker.drain_dry()
    assert len(provider.bodies) == 1
    assert reminders.states == [("completed", "")]


def test_two_delays_in_a_row_each_wait(reminders, worker, provider):
    wait = ("delay", {"settings": {"seconds": 600}})
    reminders.workflow("later", wait, wait, "sms")
    reminders.trigger("later", ANNA)

    for _ in range(2):
        worker.drain_dry()
        assert provider.bodies == []
        reminders.hurry()
    worker.drain_dry()

    assert len(provider.bodies) == 1


def test_a_worker_that_made_room_for_another_job_works_on_when_it_is_called_again(
    reminders, worker
):
    reminders.workflow("code", "sms")
    reminders.trigger("code", ANNA)
    waiting = iter([True])
    worker.should_stop = lambda: next(waiting, False)

    assert worker.run(0.1).claimed == 0
    assert worker.run(0.1).claimed == 1


@pytest.mark.parametrize("when", [{"delay": 0.4}, {"scheduledAt": "soon"}])
def test_a_scheduled_trigger_is_sent_when_its_time_has_come(reminders, worker, provider, when):
    reminders.workflow("code", "sms")
    when = {"scheduledAt": in_(seconds=0.4)} if "scheduledAt" in when else when
    reminders.trigger("code", ANNA, **when)
    worker.drain_dry()
    assert provider.bodies == []

    run_until(worker, lambda: provider.bodies)

    assert len(provider.bodies) == 1


def test_a_schedule_in_the_past_is_sent_at_once(reminders, worker, provider):
    reminders.workflow("code", "sms")
    reminders.trigger("code", ANNA, scheduledAt=in_(hours=-1))

    worker.drain_dry()

    assert len(provider.bodies) == 1


def test_a_message_past_the_workflows_expiry_is_skipped(reminders, worker, provider):
    reminders.workflow("code", "sms", expires_after_s=600)
    reminders.trigger("code", ANNA)
    change(
        "update notifications_event set expires_at = now() - interval '1 second'"
        " where tenant_id = %s",
        [reminders.salon.pk],
    )

    worker.drain_dry()

    assert provider.bodies == []
    assert reminders.states == [("skipped", "expired")]
    assert reminders.log == [("skipped", "expired")]


def test_the_earlier_of_the_workflows_and_the_triggers_expiry_holds(reminders):
    reminders.workflow("code", "sms", expires_after_s=600)
    reminders.trigger("code", ANNA, expiresAt=in_(hours=5))
    reminders.trigger("code", ANNA, expiresAt=in_(seconds=60))

    left = look(
        "select extract(epoch from expires_at - now())::int from notifications_event"
        " where tenant_id = %s order by id",
        [reminders.salon.pk],
    )

    assert [590 < left[0][0] <= 600, 50 < left[1][0] <= 60] == [True, True]


def test_what_is_due_later_than_its_expiry_is_skipped_as_expired(reminders, worker, provider):
    reminders.workflow("code", "sms")
    reminders.trigger("code", ANNA, delay=0.3, expiresAt=in_(seconds=0.1))

    run_until(worker, lambda: reminders.log)

    assert provider.bodies == []
    assert reminders.states == [("skipped", "expired")]


def test_a_delay_step_beyond_the_expiry_ends_at_once(reminders, worker):
    wait = ("delay", {"settings": {"seconds": 3600}})
    reminders.workflow("later", wait, "sms", expires_after_s=600)
    reminders.trigger("later", ANNA)

    worker.drain_dry()

    assert reminders.due == []
    assert reminders.states == [("skipped", "expired")]


def test_the_provider_is_told_how_long_a_message_is_worth_something(reminders, worker):
    reminders.workflow("code", "sms", expires_after_s=600)
    reminders.trigger("code", ANNA)

    (send,) = prepare(engine.claim("normal", "test", 10, engine.NIL), engine.now())

    assert 590 <= send.outbound.ttl_s <= 600


def test_an_expiry_in_the_past_is_refused(reminders):
    with pytest.raises(InvalidFields) as refused:
        reminders.trigger("appointment-reminder-24h", ANNA, expiresAt=in_(seconds=-1))

    assert list(refused.value.errors) == ["expiresAt"]


NUMBERS = [(1, "high"), (2, "normal"), (5, "normal"), (6, "low"), (10, "low")]
PRIORITIES = [*NUMBERS, *((word, word) for word in QUEUES)]


@pytest.mark.parametrize(("given", "queue"), PRIORITIES)
def test_a_trigger_may_choose_its_queue(reminders, worker, given, queue):
    reminders.workflow("code", "sms", priority="high")
    reminders.trigger("code", ANNA, overrides={"priority": given})

    assert [QUEUES[due.queue] for due in reminders.due] == [queue]


@pytest.mark.parametrize("given", [1, "urgent", "high"])
def test_no_priority_lifts_marketing_above_normal(reminders, worker, given):
    reminders.promo()
    reminders.trigger("promo", ANNA, overrides={"priority": given})

    assert [QUEUES[due.queue] for due in reminders.due] == ["normal"]


@pytest.mark.parametrize("given", [0, 11, 2.5, "soon", True, [], float("inf")])
def test_an_unknown_priority_is_refused(reminders, given):
    with pytest.raises(InvalidFields) as refused:
        reminders.trigger("appointment-reminder-24h", ANNA, overrides={"priority": given})

    assert list(refused.value.errors) == ["overrides.priority"]


def zone_at_night() -> tuple[str, str]:
    """Find a zone where it is night now, and one where it is day."""
    hours = {f"Etc/GMT{shift:+d}": 0 for shift in range(-11, 12)}
    hours = {name: datetime.now(ZoneInfo(name)).hour for name in hours}
    night = next(name for name, hour in hours.items() if hour in (1, 2, 23, 3))
    return night, next(name for name, hour in hours.items() if 10 <= hour < 20)


def test_marketing_waits_for_the_clients_own_morning(reminders, worker, provider):
    night, day = zone_at_night()
    reminders.promo()
    reminders.limit(quiet=["21:00", "09:00"])
    reminders.trigger("promo", {**ANNA, "timezone": night})
    reminders.trigger("promo", {"subscriberId": "v", "phone": "+79161234568", "timezone": day})

    worker.drain_dry()

    assert [body["address"] for body in provider.bodies] == ["+79161234568"]
    (due,) = reminders.due
    morning = due.due_at.astimezone(ZoneInfo(night))
    assert (morning.hour, morning.minute) == (9, 0)
    assert ("waiting", "quiet_hours") in reminders.log


def test_a_reminder_goes_at_night(reminders, worker, provider):
    night, _ = zone_at_night()
    reminders.workflow("code", "sms")
    reminders.limit(quiet=["21:00", "09:00"])
    reminders.trigger("code", {**ANNA, "timezone": night})

    worker.drain_dry()

    assert len(provider.bodies) == 1


def test_a_suspended_salons_reminders_wait_and_its_marketing_is_canceled(
    reminders, worker, provider
):
    reminders.workflow("code", "sms")
    reminders.promo()
    reminders.trigger("code", ANNA)
    reminders.trigger("promo", ANNA)
    reminders.set_salon(state="suspended")

    worker.drain_dry()

    assert provider.bodies == []
    assert reminders.states == [("pending", ""), ("canceled", "salon_suspended")]
    assert sorted(reminders.log) == [
        ("canceled", "salon_suspended"),
        ("waiting", "salon_suspended"),
    ]
    reminders.set_salon(state="active")
    reminders.hurry()
    worker.drain_dry()
    assert len(provider.bodies) == 1


def test_a_closed_salon_sends_nothing_more(reminders, worker, provider):
    reminders.workflow("code", "sms")
    reminders.trigger("code", ANNA)
    reminders.set_salon(state="closed")

    worker.drain_dry()

    assert provider.bodies == []
    assert reminders.states == [("canceled", "salon_closed")]


def test_work_that_needs_no_provider_is_done_without_a_pause_between_batches(reminders):
    reminders.limit(**NO_QUIET)
    reminders.workflow("news", "in_app", category="mk", priority="low")
    reminders.trigger("news", [{"subscriberId": f"c-{n}"} for n in range(100)])
    gateway = Gateway(slots=10)  # what is claimed at once: eight lines

    run_until(Drain(["low"], gateway, "test"), lambda: len(reminders.messages) == 100, 3.0)

    gateway.close()
    forget_open_work()
    assert len(reminders.messages) == 100
