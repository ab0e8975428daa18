"""What does the payload say at this path?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from notifications.loading import Work

_ROOT = "payload."


def look(work: Work, path: str) -> Any:
    """Give the value at "visit.start" (or "payload.visit.start"); None: there is none."""
    value: Any = {**work.definition.defaults, **work.event.payload}
    for name in path.removeprefix(_ROOT).split("."):
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return value


def moment_at(work: Work, settings: Mapping[str, Any], zone: ZoneInfo) -> datetime | None:
    """Give the moment at settings["until"] and "offset_s" seconds on; None: nothing to wait for.

    It is written in ISO 8601; without an offset it is the place's own time.
    """
    value = look(work, settings["until"])
    try:
        read = datetime.fromisoformat(value)
        local = read if read.tzinfo else read.replace(tzinfo=zone)
        # In UTC: a day before a visit is 24 hours, also when the clocks change in between.
        moment = local.astimezone(UTC) + timedelta(seconds=float(settings.get("offset_s", 0)))
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.year < MAXYEAR else None  # the next opening hours come after it
