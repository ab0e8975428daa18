"""Write one slice of each waiting fan-out, as a worker's look does."""

from __future__ import annotations

from collections.abc import Sequence

from notifications import fanout
from tenants.scope import platform_scope


def expand_some(queues: Sequence[str]) -> int:
    """Return the recipients written."""
    with platform_scope("a test expands what waits"):
        found = fanout.waiting(queues)
    return fanout.expand(found)
