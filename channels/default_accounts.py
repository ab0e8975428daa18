"""Which accounts does the platform lend to salons that have none of a kind? Read once a second.

They change seldom and belong to no salon, so no salon's config_version tells of a change.
"""

from __future__ import annotations

import threading
import time

from tenants.rows import Row, fetch

KEPT_S = 1.0

_QUERY = """
select id, provider, kind, identifier, position, state, frozen_until, credentials, callback_token
from channels_defaultintegration order by position, id
"""


class _Kept:
    """The rows as they were last read; for all threads of a process."""

    def __init__(self) -> None:
        self.rows: tuple[Row, ...] = ()
        self.until = 0.0
        self.lock = threading.Lock()


_kept = _Kept()


def rows() -> tuple[Row, ...]:
    """Give the rows in their order, the very same ones while nothing changes.

    Runs in a batch scope: only workers may read credentials.
    """
    now = time.monotonic()
    if now < _kept.until:
        return _kept.rows
    found = tuple(tuple(row) for row in fetch(_QUERY))
    with _kept.lock:
        if found != _kept.rows:
            _kept.rows = found
        _kept.until = now + KEPT_S
        return _kept.rows


def forget() -> None:
    """Read again next time: this process has just changed them."""
    with _kept.lock:
        _kept.until = 0.0
