"""May this message go now? Pure rules; reservations that need the database are in limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

QUIET = ("21:00", "09:00")  # client's time; marketing at night annoys and, in Russia, is fined


def quiet_until(now: datetime, zone: ZoneInfo, limits: Mapping[str, Any]) -> datetime | None:
    """Tell until when marketing waits for the client's morning; None when it may go now.

    limits: a tenant's own "quiet" = [from, to] as "HH:MM"; equal ends switch the rule off.
    """
    start, end = (time.fromisoformat(text) for text in limits.get("quiet", QUIET))
    if start == end:
        return None
    local = now.astimezone(zone)
    clock = local.time()
    is_over_midnight = start > end
    is_quiet = (clock >= start or clock < end) if is_over_midnight else start <= clock < end
    if not is_quiet:
        return None
    is_evening = is_over_midnight and clock >= start
    day = local.date() + timedelta(days=1 if is_evening else 0)
    morning = datetime.combine(day, end, tzinfo=zone)
    return max(morning, now + timedelta(minutes=1))  # a clock change may fold the hour


def next_day(now: datetime, zone: ZoneInfo) -> datetime:
    """Give the start of the tenant's next day, when its daily limit is new."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(0, 0), tzinfo=zone)
