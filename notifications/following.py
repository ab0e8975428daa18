"""How does somebody at a terminal see what becomes of a transaction?"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from notifications.story import NotificationStory, story
from tenants.scope import tenant_scope

LOOK_S = 0.2


def follow(
    tenant_id: UUID,
    mode: str,
    transaction_id: str,
    *,
    seconds: float,
    look: Callable[[], object] = lambda: None,
) -> list[NotificationStory]:
    """Wait until every recipient's notification is over or waits past the end.

    look: called between looks; whoever has no workers drains there. Returns what is known when
    the time is over; call outside any scope.
    """
    deadline, end = time.monotonic() + seconds, datetime.now(UTC) + timedelta(seconds=seconds)
    while True:
        look()
        with tenant_scope(tenant_id):
            found = story(tenant_id, mode, transaction_id)
        is_settled = bool(found) and all(is_over(one) or _waits_past(one, end) for one in found)
        if is_settled or time.monotonic() >= deadline:
            return found
        time.sleep(LOOK_S)


def _waits_past(one: NotificationStory, end: datetime) -> bool:
    return one.waits_until is not None and one.waits_until > end


def is_over(one: NotificationStory) -> bool:
    """Ask whether nothing more will be sent for it."""
    return one.finished_at is not None


def is_sent(found: list[NotificationStory]) -> bool:
    """Ask whether every recipient got something."""
    return bool(found) and all(one.state == "completed" for one in found)
