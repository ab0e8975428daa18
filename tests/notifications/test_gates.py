"""Quiet hours and salons' days in real zones: clock changes, midnight, odd offsets."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from notifications.gates import next_day, quiet_until
from tenants.limits import USUAL
from tests.for_each import for_each

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "Europe/Moscow",
            "Europe/Berlin",
            "America/New_York",
            "Asia/Kathmandu",
            "Australia/Lord_Howe",  # its clock changes by half an hour
            "Pacific/Apia",
            "America/Sao_Paulo",
            "Africa/Casablanca",
            "Pacific/Kiritimati",
            "UTC",
        )
    ]
)
MOMENTS = st.integers(1_104_537_600, 2_082_844_800).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
CLOCKS = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))


def at(text: str, zone=MOSCOW) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@for_each(
    "now, until",
    [
        ("2026-11-21T20:59:59", None),
        ("2026-11-21T21:00:00", "2026-11-22T09:00:00"),
        ("2026-11-21T23:59:59", "2026-11-22T09:00:00"),
        ("2026-11-22T00:00:00", "2026-11-22T09:00:00"),
        ("2026-11-22T08:58:00", "2026-11-22T09:00:00"),
        ("2026-11-22T09:00:00", None),
        ("2026-12-31T22:00:00", "2027-01-01T09:00:00"),
        ("2028-02-28T22:00:00", "2028-02-29T09:00:00"),
    ],
)
def test_nights_end_at_nine(now, until):
    assert quiet_until(at(now), MOSCOW, USUAL["quiet"]) == (at(until) if until else None)


@for_each(
    "hours, now, until",
    [
        (["13:00", "15:00"], "2026-11-21T14:00:00", "2026-11-21T15:00:00"),
        (["13:00", "15:00"], "2026-11-21T22:00:00", None),
        (["00:00", "08:00"], "2026-11-21T03:00:00", "2026-11-21T08:00:00"),
        (["22:00", "00:00"], "2026-11-21T23:00:00", "2026-11-22T00:00:00"),
        (["00:00", "00:00"], "2026-11-21T03:00:00", None),
    ],
)
def test_a_salon_chooses_its_own_hours(hours, now, until):
    assert quiet_until(at(now), MOSCOW, hours) == (at(until) if until else None)


def test_the_night_of_a_clock_change_ends_at_nine_by_the_new_clock():
    spring = quiet_until(at("2026-03-28T22:00:00", BERLIN), BERLIN, USUAL["quiet"])
    autumn = quiet_until(at("2026-10-24T22:00:00", BERLIN), BERLIN, USUAL["quiet"])

    assert spring.astimezone(UTC) == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
    assert autumn.astimezone(UTC) == datetime(2026, 10, 25, 8, 0, tzinfo=UTC)


@given(now=MOMENTS, zone=ZONES, start=CLOCKS, end=CLOCKS)
def test_the_wait_ends_within_a_day_ahead_and_outside_the_quiet(now, zone, start, end):
    hours = [start.isoformat("minutes"), end.isoformat("minutes")]

    until = quiet_until(now, zone, hours)

    if until is None:
        return
    assert now < until.astimezone(UTC) <= now + timedelta(hours=26)
    again = quiet_until(until.astimezone(UTC), zone, hours)
    assert again is None or again.astimezone(UTC) - until.astimezone(UTC) <= timedelta(hours=2)


@given(now=MOMENTS, zone=ZONES)
def test_a_salons_day_ends_at_its_next_local_midnight(now, zone):
    end = next_day(now, zone)

    assert timedelta(0) < end.astimezone(UTC) - now <= timedelta(hours=49)
    assert end.date() == now.astimezone(zone).date() + timedelta(days=1)
    assert end.time() == time(0, 0)
