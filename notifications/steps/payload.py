"""What does the payload say at this path?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
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


def moment_at(work: Work, path: str, zone: ZoneInfo) -> datetime | None:
    """Read a moment in ISO 8601; without an offset it is the place's own time."""
    value = look(work, path)
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
