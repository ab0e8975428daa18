"""May a messenger be written to freely now? Some allow it for a day after the client wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any


def is_open(
    extra: Mapping[str, Any], now: float, *, longer: timedelta = timedelta()
) -> bool | None:
    """Read extra["window_until"] (ISO, or None for a client who never wrote).

    None: nobody has told, so that only the provider knows. longer: added to the window's end.
    now: unix time.
    """
    if "window_until" not in extra:
        return None
    until = extra["window_until"]
    if not until:
        return False
    end = until if isinstance(until, datetime) else datetime.fromisoformat(str(until))
    return datetime.fromtimestamp(now, UTC) < end + longer
