"""What became of a message after it was sent: states move forward only, repetitions change nothing.

The rank decides, so any order of the same reports ends in the same state: unknown, sent, failed,
bounced, delivered, read. A refusal counts only while nothing better was seen; a delivery that
comes after a refusal wins, and its log line says that it came late. What is no state (deferred,
clicked...) is told in the log, once.
Source: DESIGN 9.18
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from channels.told import StatusEvent
from notifications import events, metrics
from notifications.callbacks import OfMessage, of_kind
from notifications.events import News
from notifications.sql import callbacks as sql
from notifications.sql import tracking as tracking_sql
from notifications.sql.settling import LOG
from notifications.tracking_reach import Pair, earlier
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
REPORTED = "reported"
REFUSED = frozenset({"failed", "bounced"})
ARRIVED = frozenset({"delivered", "read"})


@dataclass(slots=True)
class Tracked:
    """A message whose notification is locked. Positions as in tracking_sql.MESSAGES.

    address: masked. due_at: of the event. earlier: messages that a report "up to here" reaches.
    """

    tenant_id: UUID
    id: UUID
    notification_id: UUID
    step: int
    state: str
    channel: str
    extra: Mapping[str, Any] | None
    event_id: UUID
    subscriber_id: UUID
    mode: str
    address: str
    due_at: datetime
    earlier: Sequence[Tracked] = ()

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


def advance(message: Tracked, state: str, reason: str = "", detail: str = "") -> list[Line]:
    """Move a message forward in memory; no line when it was there already or beyond."""
    if RANK.get(state, -1) <= RANK[message.state]:
        return []
    is_overtaken = bool((message.extra or {}).get("overtaken"))  # a fallback has spoken since
    is_late = state not in REFUSED and (message.state in REFUSED or is_overtaken)
    message.state = state
    return [Line(message, state, "late" if is_late else reason, detail)]


def note(message: Tracked, reason: str, detail: str = "") -> list[Line]:
    """Tell what is no state; see write_notes."""
    return [Line(message, REPORTED, reason, detail)] if reason else []


def measure(message: Tracked, was: str, told_at: datetime) -> None:
    """Measure how long a message took that has just arrived. was: its state before."""
    if message.state in ARRIVED and was not in ARRIVED:
        metrics.delivered(message.channel, (told_at - message.due_at).total_seconds())


def write_states(lines: Sequence[Line]) -> None:
    """Write moved messages and their lines, then tell whoever listens.

    Call in the scope of their salon, or of a batch of salons.
    """
    if not lines:
        return
    last = {line.message.id: line for line in lines}
    rows.run(
        sql.ADVANCE,
        [
            [line.message.tenant_id for line in last.values()],
            list(last),
            [line.message.state for line in last.values()],
            [_kept_reason(line) for line in last.values()],
        ],
    )
    write_log(lines)
    events.publish_all(
        [
            events.Told(line.message.tenant_id, name, line.message.news(reason=line.reason))
            for line in lines
            if (name := events.OF_STATUS.get(line.status))
        ]
    )


def write_notes(tenant_id: UUID, notes: Sequence[Line]) -> None:
    """Write what was never told of these messages before.

    A letter that is put off twenty times is put off: the story says so once.
    """
    if not notes:
        return
    arguments = [tenant_id, list({line.message.notification_id for line in notes})]
    told = set(rows.fetch(tracking_sql.TOLD, arguments))
    fresh = {
        key: line
        for line in reversed(notes)
        if (key := (line.message.id, line.reason[:100])) not in told
    }
    if fresh:
        write_log(list(reversed(fresh.values())))


def write_log(lines: Collection[Line]) -> None:
    """Add lines to the delivery log."""
    rows.run(
        LOG,
        [
            sorted(uuid7() for _ in lines),  # in the order in which they were told
            [line.message.tenant_id for line in lines],
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
    """Find and lock the messages that callbacks speak of, by the callback's id.

    Of a report "up to here" it is the newest message that it reaches.
    """
    named = name([(tenant_id, one) for one in received])
    reports = of_kind(received, StatusEvent)
    reached = earlier(tenant_id, reports, {key: pair[0] for key, pair in named.items()})
    pairs = [*named.values(), *(pair for pairs in reached.values() for pair in pairs)]
    locked = lock([tenant_id], {pair[0] for pair in pairs}, {pair[1] for pair in pairs})
    found = {key: locked[pair[0]] for key, pair in named.items() if pair[0] in locked}
    for key, known in reached.items():
        messages = [locked[message] for message, _ in known if message in locked]
        for newest in messages[:1]:
            found.setdefault(key, newest).earlier = messages
    return found


def name(received: Sequence[tuple[UUID, OfMessage]]) -> dict[UUID, Pair]:
    """Find the messages that salons' callbacks name, by the callback's id; none is locked."""
    if not received:
        return {}
    arguments = {
        "tenants": [tenant for tenant, _ in received],
        "ids": [one.id for _, one in received],
        "integrations": [one.integration_id for _, one in received],
        "messages": [_uuid(one.event.message_id) for _, one in received],
        "providers": [one.event.provider_id for _, one in received],
    }
    return {key: (message, of) for key, message, of in rows.fetch(sql.FIND, arguments)}


def lock(
    tenants: Collection[UUID], messages: Collection[UUID], notifications: Collection[UUID]
) -> dict[UUID, Tracked]:
    """Lock notifications in id order, then read their messages as they are under the lock."""
    if not messages:
        return {}
    rows.fetch(sql.LOCK_NOTIFICATIONS, [list(tenants), list(notifications)])
    found = rows.fetch(tracking_sql.MESSAGES, [list(tenants), list(messages)])
    return {row[1]: Tracked(*row) for row in found}


def _kept_reason(line: Line) -> str:
    return line.reason[:100] if line.message.state in REFUSED else ""


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
