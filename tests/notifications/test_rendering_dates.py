"""Dates read in the salon's zone and the client's language."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from notifications.rendering import Locale, RenderError, Source, compile_unit
from tests.for_each import for_each

MOSCOW = ZoneInfo("Europe/Moscow")
EVENING = "2026-11-21T15:05:09+03:00"


def shown(value, pattern=None, *, language="ru", zone=MOSCOW):
    call = f"date: '{pattern}'" if pattern is not None else "date"
    unit = compile_unit(Source(f"{{{{ at | {call} }}}}"))
    return unit.render({"at": value}, Locale(language, zone)).body


@for_each(
    "pattern, russian, english",
    [
        ("DD.MM.YYYY в HH:mm", "21.11.2026 в 15:05", "21.11.2026 в 15:05"),
        ("MM/DD/YYYY [at] h:mm A", "11/21/2026 at 3:05 PM", "11/21/2026 at 3:05 PM"),
        ("D MMMM YYYY", "21 ноября 2026", "21 November 2026"),
        ("MMMM YYYY", "ноябрь 2026", "November 2026"),
        ("D MMM", "21 нояб.", "21 Nov"),
        ("dddd, ddd", "суббота, сб", "Saturday, Sat"),
        ("YY M H hh ss", "26 11 15 03 09", "26 11 15 03 09"),
        ("MMMM D at h:mm A", "ноября 21 at 3:05 PM", "November 21 at 3:05 PM"),
        ("[DD] DD Date", "DD 21 Date", "DD 21 Date"),
        ("YYYY-MM-DDTHH:mm", "2026-11-21T15:05", "2026-11-21T15:05"),
        ("%d.%m.%Y %H:%M", "21.11.2026 15:05", "21.11.2026 15:05"),
        ("%-d %B, %A %%", "21 ноября, суббота %", "21 November, Saturday %"),
        ("%F %T %I %p", "2026-11-21 15:05:09 03 PM", "2026-11-21 15:05:09 03 PM"),
    ],
)
def test_patterns_are_written_in_the_clients_language(pattern, russian, english):
    assert shown(EVENING, pattern) == russian
    assert shown(EVENING, pattern, language="en-GB") == english


def test_without_a_pattern_day_and_time_are_shown():
    assert shown(EVENING) == "21.11.2026 15:05"


@for_each(
    "value, zone, expected",
    [
        ("2026-11-21T12:00:00Z", "Europe/Moscow", "21.11 15:00"),
        ("2026-11-21T23:30:00+03:00", "Asia/Yekaterinburg", "22.11 01:30"),
        ("2026-11-21T15:00:00", "Asia/Vladivostok", "21.11 15:00"),
        ("2026-11-21 15:00", "Europe/Moscow", "21.11 15:00"),
        ("2026-11-21T12:00:00.123Z", "Europe/Moscow", "21.11 15:00"),
        ("2026-11-21", "Europe/Moscow", "21.11 00:00"),
        ("2026-07-01T12:00:00Z", "Europe/Berlin", "01.07 14:00"),
        ("2026-12-01T12:00:00Z", "Europe/Berlin", "01.12 13:00"),
    ],
)
def test_moments_are_shown_in_the_salons_zone(value, zone, expected):
    assert shown(value, "DD.MM HH:mm", zone=ZoneInfo(zone)) == expected


@for_each("value", ["tomorrow", "", "now", 1700000000, None, True, ["x"], "9" * 9000])
def test_a_value_that_is_no_moment_is_refused_and_named(value):
    with pytest.raises(RenderError) as caught:
        shown(value, "DD.MM")

    assert caught.value.variable == "at"
    assert "date" in caught.value.message


@for_each("pattern", ["%999999999d", "%Q", "%", "D" * 101])
def test_a_pattern_that_cannot_be_written_is_refused(pattern):
    with pytest.raises(RenderError, match="date"):
        shown(EVENING, pattern)


def test_a_moment_at_the_end_of_time_is_refused():
    with pytest.raises(RenderError):
        shown("9999-12-31T23:59:59-12:00", "DD.MM")
