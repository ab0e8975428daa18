"""A delay: fixed, until a moment of the payload, into working hours; clock changes included."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.hours import next_open, read_week
from tenants.models import Location
from tenants.scope import tenant_scope
from tests.for_each import for_each
from tests.notifications.flows import CONTACTS, log_of, publish_flow, sms

BERLIN, MOSCOW = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/Moscow")
START = datetime(2026, 1, 1, tzinfo=UTC)
WEEK = {"mon": [["10:00", "14:00"], ["15:00", "20:00"]], "sat": [["22:00", "02:00"]]}


def before_visit(**more):
    return ("wait", "delay", {"until": "appointmentTime", "offset_s": -86_400, **more})


def visit_in(**ahead):
    return {"appointmentTime": (datetime.now(UTC) + timedelta(**ahead)).isoformat()}


def test_a_message_waits_until_a_day_before_the_visit(reminders, worker):
    publish_flow(reminders.salon, "visit", before_visit(), sms("Ждём вас"))
    payload = visit_in(days=3)

    reminders.trigger("visit", CONTACTS, payload)
    worker.drain_dry()

    (line,) = reminders.due
    visit = datetime.fromisoformat(payload["appointmentTime"])
    assert line.due_at == visit - timedelta(days=1)
    reminders.hurry()
    worker.drain_dry()
    assert [m.body for m in reminders.messages] == ["Ждём вас"]


def test_a_moment_that_has_passed_ends_the_notification(reminders, worker):
    publish_flow(reminders.salon, "visit", before_visit(), sms("Ждём вас"))

    reminders.trigger("visit", CONTACTS, visit_in(hours=5))
    worker.drain_dry()

    assert reminders.messages == []
    assert reminders.states == [("skipped", "delay_passed")]
    assert log_of(reminders) == [(0, "skipped", "delay_passed")]


def test_a_moment_that_has_passed_may_be_sent_at_once(reminders, worker):
    publish_flow(reminders.salon, "visit", before_visit(late="now"), sms("Ждём вас"))

    reminders.trigger("visit", CONTACTS, visit_in(hours=5))
    worker.drain_dry()

    assert [m.body for m in reminders.messages] == ["Ждём вас"]


def test_a_payload_without_the_moment_fails_by_name(reminders, worker):
    publish_flow(reminders.salon, "visit", before_visit(), sms("Ждём вас"))

    reminders.trigger("visit", CONTACTS, {"appointmentTime": "завтра"})
    worker.drain_dry()

    assert reminders.states == [("failed", "no_moment")]
    assert [(one.reason, one.detail) for one in reminders.letters] == [
        ("no_moment", "appointmentTime")
    ]


def test_a_moment_without_offset_is_the_salons_own_time(reminders, worker):
    reminders.set_salon(timezone="Asia/Vladivostok")
    publish_flow(reminders.salon, "visit", ("wait", "delay", {"until": "visit.start"}), sms("Да"))

    reminders.trigger("visit", CONTACTS, {"visit": {"start": "2099-12-01T15:30"}})
    worker.drain_dry()

    assert [one.due_at for one in reminders.due] == [datetime(2099, 12, 1, 5, 30, tzinfo=UTC)]


def test_a_delay_ends_when_the_salon_opens(reminders, worker):
    now = datetime.now(MOSCOW)
    opens = now.replace(second=0, microsecond=0) + timedelta(days=2)
    day = opens.strftime("%a").lower()
    with tenant_scope(reminders.salon.pk):
        hours = {day: [[f"{opens:%H:%M}", "00:00"]]}
        Location.objects.update(hours=hours, timezone="Europe/Moscow")
    publish_flow(reminders.salon, "later", ("wait", "delay", {"working_hours": True}), sms("Да"))

    reminders.trigger("later", CONTACTS, {})
    worker.drain_dry()

    assert [one.due_at for one in reminders.due] == [opens]


@for_each(
    "moment, opens",
    [
        ("2026-11-23T09:59:59", "2026-11-23T10:00:00"),  # Monday morning
        ("2026-11-23T10:00:00", "2026-11-23T10:00:00"),
        ("2026-11-23T13:59:59", "2026-11-23T13:59:59"),
        ("2026-11-23T14:00:00", "2026-11-23T15:00:00"),  # the end is not inside
        ("2026-11-23T20:00:00", "2026-11-28T22:00:00"),
        ("2026-11-29T00:00:00", "2026-11-29T00:00:00"),  # Saturday's night goes on
        ("2026-11-29T01:59:59", "2026-11-29T01:59:59"),
        ("2026-11-29T02:00:00", "2026-11-30T10:00:00"),
    ],
)
def test_opening_hours_are_exact_to_the_second(moment, opens):
    asked = datetime.fromisoformat(moment).replace(tzinfo=BERLIN)

    assert next_open(asked, read_week(WEEK), BERLIN).astimezone(BERLIN).isoformat() == (
        datetime.fromisoformat(opens).replace(tzinfo=BERLIN).isoformat()
    )


def test_a_night_is_an_hour_shorter_when_the_clocks_go_forward():
    week = read_week({"sat": [["22:00", "04:00"]]})
    midnight = datetime(2026, 3, 28, 22, tzinfo=BERLIN)

    last = midnight.astimezone(UTC) + timedelta(hours=5)  # 04:00 summer time

    assert next_open(last - timedelta(seconds=1), week, BERLIN) == last - timedelta(seconds=1)
    assert next_open(last, week, BERLIN).astimezone(BERLIN).date().isoformat() == "2026-04-04"


@for_each("hours", [None, {}, [], {"mon": "9-18"}, {"mon": [["9", "x"]]}])
def test_hours_that_nobody_can_read_keep_nothing_back(hours):
    now = datetime(2026, 11, 23, 3, tzinfo=UTC)

    assert next_open(now, read_week(hours), BERLIN) == now


clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))


@settings(max_examples=40, deadline=None)
@given(
    moment=st.integers(0, 2 * 366 * 86_400).map(lambda s: START + timedelta(seconds=s)),
    start=clocks,
    end=clocks,
    day=st.sampled_from(["mon", "sun"]),
    zone=st.sampled_from([BERLIN, MOSCOW, ZoneInfo("America/New_York")]),
)
def test_the_next_opening_is_open_and_never_earlier(moment, start, end, day, zone):
    week = read_week({day: [[start.isoformat(), end.isoformat()]]})

    opens = next_open(moment, week, zone)

    assert moment <= opens <= moment + timedelta(days=8, hours=2)
    assert next_open(opens, week, zone) == opens
