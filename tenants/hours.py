"""When is a salon open next? Opening hours by the day of the week, in the place's own time.

Written as {"mon": [["10:00", "14:00"], ["15:00", "20:00"]], "sat": [["10:00", "02:00"]]}; a day
that is not named is closed; an end that is not later than its start is on the next day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: A week's spans by day; an empty week is one that nobody has written down.
Week = tuple[tuple[tuple[time, time], ...], ...]
_AHEAD: Final = 8  # days: the same day of the next week may be the only open one


def read_week(written: Any) -> Week:
    """Read opening hours; what cannot be read says nothing, so that it keeps no message back."""
    if not isinstance(written, Mapping):
        return ()
    week = tuple(tuple(_spans(written.get(day))) for day in DAYS)
    return week if any(week) else ()


def wrong_day(written: Any) -> str:
    """Name the first day whose hours cannot be read, "" when all can; for whoever writes them."""
    if not isinstance(written, Mapping):
        return str(written)[:20]
    for day, spans in written.items():
        is_sound = day in DAYS and isinstance(spans, list) and len(_spans(spans)) == len(spans)
        if not is_sound:
            return str(day)
    return ""


def next_open(moment: datetime, week: Week, zone: ZoneInfo) -> datetime:
    """Give the first moment from this one on at which the place is open; UTC."""
    first = moment.astimezone(zone).date() - timedelta(days=1)  # a night that is not over
    spans = [
        span
        for ahead in range(_AHEAD + 2)
        for span in _of_day(first + timedelta(days=ahead), week, zone)
    ]
    moments = [max(start, moment) for start, end in spans if end > moment]
    return min(moments, default=moment).astimezone(UTC)


def _of_day(day: date, week: Week, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    if not week:
        return []
    return [
        (
            at(day, start, zone),
            at(day + timedelta(days=int(end <= start)), end, zone),
        )
        for start, end in week[day.weekday()]
    ]


def at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Give the moment of a local time; one that a clock change leaves out is taken after it."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def _spans(written: Any) -> list[tuple[time, time]]:
    found = []
    for span in written if isinstance(written, Sequence) else ():
        try:
            start, end = map(_clock, span)
        except (TypeError, ValueError):
            continue
        found.append((start, end))
    return found


def _clock(text: str) -> time:
    return time(0) if text == "24:00" else time.fromisoformat(text)
