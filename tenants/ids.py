"""Time-ordered ids (UUIDv7): sortable, unguessable enough, and the key of monthly partitions."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from uuid import UUID


def uuid7(now_s: float | None = None) -> UUID:
    """Make an id whose first 48 bits are the time in milliseconds (RFC 9562, version 7)."""
    ms = int((time.time() if now_s is None else now_s) * 1000)
    tail = int.from_bytes(os.urandom(10), "big")
    high = (ms << 16) | (7 << 12) | (tail >> 68)
    return UUID(int=(high << 64) | (2 << 62) | (tail & (2**62 - 1)))


def created_at(key: UUID) -> datetime:
    """Read the moment at which the id was made."""
    return datetime.fromtimestamp((key.int >> 80) / 1000, tz=UTC)


def floor_id(moment: datetime) -> UUID:
    """Give the smallest id of a moment: the bound of a range over ids."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
