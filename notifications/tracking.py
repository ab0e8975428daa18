"""What became of a message after it was sent: states move forward only, repetitions change nothing.

The rank decides, so any order of the same reports ends in the same state: unknown, sent, failed,
bounced, delivered, read. A refusal counts only while nothing better was seen; a delivery that
comes after a refusal wins, and its log line says that it came late.
Source: DESIGN 9.18
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from channels.told import StatusEvent
from notifications import events
from notifications.callbacks import OfMessage, Received
from notifications.events import News
from notifications.sql import callbacks as sql
from notifications.sql.settling import LOG
from tenants import rows
from tenants.ids import uuid7

RANK: Mapping[str, int] = {
    "unknown": 0,
    "sent": 1,
    "failed": 2,
    "bounced": 3,
    "delivered": 4,
    "read": 5,
}
REFUSED = frozenset({"failed", "bounced"})
NEWS_OF: Mapping[str, str] = {
    "delivered": events.DELIVERED,
    "read": events.READ,
    "failed": events.FAILED,
    "bounced": events.FAILED,
}


@dataclass(slots=True)
class Tracked:
    """A message whose notification is locked. Positions as in notifications_message."""

    id: UUID
    notification_id: UUID
    step: int
    state: str
    channel: str
    extra: Mapping[str, Any] | None
    event_id: UUID
    subscriber_id: UUID
    mode: str

    def news(self, *, reason: str = "", action: str = "") -> News:
        """Say what upper rooms want to know."""
        return News(
            message=self.id,
            notification=self.notification_id,
            event=self.event_id,
            subscriber=self.subscriber_id,
            mode=self.mode,
            state=self.state,
            reason=reason,
            action=action,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One line for the log of a message."""

    message: Tracked
    status: str
    reason: str = ""
    detail: str = ""


def apply(
    tenant_id: UUID,
    received: Sequence[Received[StatusEvent]],
    found: Mapping[UUID, Tracked] | None = None,
) -> set[UUID]:
    """Apply status events in one go; return the ids of those whose message was found.

    Call inside the tenant's scope. found: what `find` gave for them, when it was called already.
    What is not found may yet be written: try it again later.
    """
    found = find(tenant_id, received) if found is None else found
    lines: list[Line] = []
    for one in received:
        message = found.get(one.id)
        if message is not None:
            lines += advance(message, one.event.state, one.event.reason, one.event.raw)
    write_states(tenant_id, lines)
    return {one.id for one in received if one.id in found}


def advance(message: Tracked, state: str, reason: str = "", detail: str = "") -> list[Line]:
    """Move a message forward in memory; no line when it was there already or beyond."""
    if RANK.get(state, -1) <= RANK[message.state]:
        return []
    is_late = message.state in REFUSED and state not in REFUSED
    message.state = state
    return [Line(message, state, "late" if is_late else reason, detail)]


def write_states(tenant_id: UUID, lines: Sequence[Line]) -> None:
    """Write moved messages and their lines, then tell whoever listens."""
    if not lines:
        return
    last = {line.message.id: line for line in lines}
    rows.run(
        sql.ADVANCE,
        [
            list(last),
            [line.message.state for line in last.values()],
            [_kept_reason(line) for line in last.values()],
            tenant_id,
        ],
    )
    write_log(tenant_id, lines)
    for line in lines:
        if name := NEWS_OF.get(line.status):
            events.publish(name, tenant_id, line.message.news(reason=line.reason))


def write_log(tenant_id: UUID, lines: Collection[Line]) -> None:
    """Add lines to the delivery log."""
    rows.run(
        LOG,
        [
            [uuid7() for _ in lines],
            [tenant_id for _ in lines],
            [line.message.notification_id for line in lines],
            [line.message.id for line in lines],
            [line.message.step for line in lines],
            [line.status for line in lines],
            [line.reason[:100] for line in lines],
            [line.detail[:2000] for line in lines],
        ],
    )


def write_extra(tenant_id: UUID, changes: Mapping[UUID, Mapping[str, Any]]) -> None:
    """Add to what messages keep beside their text."""
    if changes:
        texts = [json.dumps(change) for change in changes.values()]
        rows.run(sql.SET_EXTRA, [list(changes), texts, tenant_id])


def find(tenant_id: UUID, received: Sequence[OfMessage]) -> dict[UUID, Tracked]:
    """Find and lock the messages that callbacks speak of, by the callback's id."""
    if not received:
        return {}
    arguments = {
        "tenant": tenant_id,
        "ids": [one.id for one in received],
        "integrations": [one.integration_id for one in received],
        "messages": [_uuid(one.event.message_id) for one in received],
        "providers": [one.event.provider_id for one in received],
    }
    named = rows.fetch(sql.FIND, arguments)
    locked = lock(tenant_id, {row[1] for row in named}, {row[2] for row in named})
    return {key: locked[message] for key, message, _ in named if message in locked}


def lock(
    tenant_id: UUID, messages: Collection[UUID], notifications: Collection[UUID]
) -> dict[UUID, Tracked]:
    """Lock notifications in id order, then read their messages as they are under the lock."""
    if not messages:
        return {}
    rows.fetch(sql.LOCK_NOTIFICATIONS, [tenant_id, list(notifications)])
    found = rows.fetch(sql.MESSAGES, [tenant_id, list(messages)])
    return {row[0]: Tracked(*row) for row in found}


def _kept_reason(line: Line) -> str:
    return line.reason[:100] if line.message.state in REFUSED else ""


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
