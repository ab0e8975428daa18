"""May this message go now? Pure rules; reservations that need the database are in limits.

What they do with a message, and who is told, stands in gate_table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

CHANNELS = frozenset({"in_app", "email", "sms", "chat", "push"})  # what a client may switch off


def quiet_until(now: datetime, zone: ZoneInfo, hours: Sequence[str]) -> datetime | None:
    """Tell until when a message waits for the client's morning; None when it may go now.

    hours: from and to as "HH:MM"; equal ends switch the rule off.
    """
    start, end = (time.fromisoformat(text) for text in hours)
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


#: A client's preference: workflow, category, channel (None, "": all of them), and yes or no.
Wish = tuple[UUID | str | None, str, str, bool]


def unwanted(wishes: Sequence[Wish], workflow: UUID | None, category: str) -> frozenset[str]:
    """Name the channels that a client has switched off for such a message."""
    about = [w for w in wishes if not w[0] or str(w[0]) == str(workflow)]
    about = [wish for wish in about if wish[1] in ("", category)]
    return frozenset(channel for channel in CHANNELS if not _is_wanted(about, channel))


def _is_wanted(wishes: Sequence[Wish], channel: str) -> bool:
    """Let the narrowest wish decide: of a workflow, a category, all; of one channel, of all."""
    fitting = [wish for wish in wishes if wish[2] in ("", channel)]
    narrowest = max(fitting, key=lambda w: (bool(w[0]), bool(w[1]), bool(w[2])), default=None)
    return narrowest is None or narrowest[3]


def stopped(stops: Iterable[tuple[str, str]], category: str) -> frozenset[str]:
    """Name what is stopped for a category: channels, kinds of address, or "" for everything."""
    return frozenset(channel for channel, of in stops if of in ("", category))
