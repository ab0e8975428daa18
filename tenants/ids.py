"""Time-ordered ids (UUIDv7): sortable, unguessable enough, and the key of monthly partitions."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime
from uuid import UUID

_STOCK = 4_000  # bytes: each call of the system also gives the interpreter to another thread


class _Random(threading.local):
    """A thread's stock of random bytes; a forked child must not use its parent's."""

    stock = b""
    used = 0

    def ten(self) -> int:
        if self.used >= len(self.stock):
            self.stock, self.used = os.urandom(_STOCK), 0
        start = self.used
        self.used = start + 10
        return int.from_bytes(self.stock[start : start + 10], "big")

    def forget(self) -> None:
        self.stock, self.used = b"", 0


_random = _Random()
os.register_at_fork(after_in_child=_random.forget)


def uuid7(now_s: float | None = None) -> UUID:
    """Make an id whose first 48 bits are the time in milliseconds (RFC 9562, version 7)."""
    ms = int((time.time() if now_s is None else now_s) * 1000)
    tail = _random.ten()
    high = (ms << 16) | (7 << 12) | (tail >> 68)
    return UUID(int=(high << 64) | (2 << 62) | (tail & (2**62 - 1)))


def uuid7_texts(count: int) -> list[str]:
    """Make so many such ids of this moment as text: for rows whose ids nobody asks about."""
    start = f"{int(time.time() * 1000):012x}7"
    luck = os.urandom(9 * count).hex()
    return [
        f"{start}{luck[at : at + 3]}8{luck[at + 3 : at + 18]}" for at in range(0, 18 * count, 18)
    ]


def created_at(key: UUID) -> datetime:
    """Read the moment at which the id was made."""
    return datetime.fromtimestamp((key.int >> 80) / 1000, tz=UTC)


def floor_id(moment: datetime) -> UUID:
    """Give the smallest id of a moment: the bound of a range over ids."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
