"""A client's in-app messages: which there are, and what she did with them.

Read and seen are moments in Message.extra; the message's state only ever moves forward, so
"unread" brings the mark back and leaves the state, and the log tells both.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from notifications.models import Message
from notifications.tracking import Line, Tracked, advance, lock, write_log, write_states
from tenants.bodies import iso
from tenants.errors import NotFound

#: Names of a filter -> the mark that tells it; nothing is archived or snoozed yet.
MARKS: Mapping[str, str] = {"read": "read_at", "seen": "seen_at"}
NEVER = ("archived", "snoozed")


def inbox(tenant_id: UUID, subscriber: UUID, wanted: Mapping[str, bool]) -> QuerySet[Message]:
    """Give a subscriber's in-app messages that fit a filter such as {"read": False}.

    subscriber: our id, of the mode that may be seen. Call inside the tenant's scope.
    """
    rows: QuerySet[Message] = Message.objects.filter(
        tenant_id=tenant_id,
        channel="in_app",
        notification__tenant_id=tenant_id,
        notification__subscriber_id=subscriber,
    )
    for name, is_wanted in wanted.items():
        if name in MARKS:
            has_mark = Q(extra__has_key=MARKS[name])
            rows = rows.filter(has_mark if is_wanted else ~has_mark)
        elif name in NEVER and is_wanted:
            rows = rows.none()
    return rows


def set_read(
    tenant_id: UUID, subscriber: UUID, message_id: UUID, *, is_read: bool, now: datetime
) -> Message:
    """Mark a message as read, or bring the mark back; the first moment of reading stays.

    Raises NotFound for a message that is not this subscriber's.
    """
    row = inbox(tenant_id, subscriber, {}).filter(pk=message_id).first()
    if row is None:
        raise NotFound("There is no such message in this inbox.")
    message = lock([tenant_id], {row.pk}, {row.notification_id})[row.pk]
    extra = dict(message.extra or {})
    if is_read != ("read_at" in extra):
        row.extra = _marked(extra, now) if is_read else _unmarked(extra)
        row.save(update_fields=["extra"])
        _log(message, is_read=is_read)
    return row


def _marked(extra: dict[str, Any], now: datetime) -> dict[str, Any]:
    moment = iso(now)
    return {"seen_at": moment, **extra, "read_at": moment}


def _unmarked(extra: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in extra.items() if name != "read_at"}


def _log(message: Tracked, *, is_read: bool) -> None:
    """Write the line; the first reading also moves the state and is told to upper rooms."""
    lines = advance(message, "read") if is_read else []
    if lines:
        write_states(lines)
    else:
        write_log([Line(message, "read" if is_read else "unread")])
