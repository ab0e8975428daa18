"""What happened to a transaction: every line of its story, and the same in human words.

The delivery log and the messages are joined here; "accepted" is derived from the event itself,
"delayed", "queued" and "running" from the open work.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from notifications.models import DueState, NotificationState
from notifications.sql import story as sql
from notifications.story_lines import NotificationStory, StepOutline, StoryLine
from notifications.story_words import tell, tell_one
from tenants import rows
from tenants.ids import created_at

__all__ = ["NotificationStory", "StepOutline", "StoryLine", "stories", "story", "tell", "tell_one"]

MOST = 100  # a broadcast has a million; who wants more asks for them by id


def story(
    tenant_id: UUID, mode: str, transaction_id: str, *, most: int = MOST
) -> list[NotificationStory]:
    """Tell what became of each recipient of a transaction, oldest first; one query.

    Call inside the tenant's scope. Empty for a transaction that this mode does not know.
    """
    found = rows.fetch(sql.OF_TRANSACTION, [tenant_id, mode, transaction_id, most])
    return [_read(row) for row in found]


def stories(tenant_id: UUID, notifications: Collection[UUID]) -> list[NotificationStory]:
    """Tell the same of notifications by id, newest first; one query."""
    if not notifications:
        return []
    return [
        _read(row) for row in rows.fetch(sql.OF_NOTIFICATIONS, [tenant_id, list(notifications)])
    ]


def _read(row: rows.Row) -> NotificationStory:
    key, state, reason, finished_at, person = row[:5]
    event, mode, transaction_id, due_at, payload, recipients, workflow_id = row[5:12]
    subscriber, first_name, last_name, workflow, name_ru, name_en = row[12:18]
    document, zone, language, log, messages, *open_work = row[18:]
    document = document or {}
    steps = tuple(map(_outline, document.get("steps") or ()))
    lines = tuple(_lines(event, due_at, log or (), _Messages(messages or (), steps)))
    state, standing, until = _now(state, due_at, open_work)
    return NotificationStory(
        notification=key,
        event=event,
        mode=mode,
        transaction_id=transaction_id,
        state=state,
        reason=reason,
        subscriber=subscriber,
        subscriber_id=person,
        first_name=first_name,
        last_name=last_name,
        workflow=workflow,
        workflow_id=workflow_id,
        names={"ru": name_ru or name_en, "en": name_en or name_ru},
        is_critical=bool(document.get("is_critical")),
        steps=steps,
        payload=payload,
        recipients=recipients,
        zone=zone,
        language=language,
        lines=lines,
        standing=standing,
        waits_until=until,
        waits_for=_why(lines) if until else "",
        finished_at=finished_at,
    )


def _outline(step: Mapping[str, Any]) -> StepOutline:
    return StepOutline(step["key"], step["kind"], step.get("template") or "")


class _Messages:
    """What the messages of a notification add to its log lines."""

    def __init__(self, messages: Collection[list[Any]], steps: tuple[StepOutline, ...]) -> None:
        self._of = {message[0]: message for message in messages}
        self._costs = {message[0]: message[10:12] for message in messages if message[10]}
        self._steps = steps

    def line(self, entry: list[Any]) -> StoryLine:
        """Join a log line with its message and the name of its step."""
        key, message_id, position, status, reason, detail = entry
        names = ("channel", "provider", "provider_id", "address", "language", "title", "text")
        message = self._of.get(message_id)
        known = dict(zip(names, message[2:9], strict=True)) if message else {}
        cost, currency = self._costs.pop(message_id, ("", ""))  # told once
        return StoryLine(
            id=UUID(key),
            time=created_at(UUID(key)),
            status=status,
            position=position,
            step=self._steps[position].key if position < len(self._steps) else "",
            reason=reason,
            detail=detail,
            message=UUID(message_id) if message_id else None,
            cost=cost,
            currency=currency or "",
            **known,
        )


def _lines(
    event: UUID, due_at: datetime, log: Collection[list[Any]], messages: _Messages
) -> Iterator[StoryLine]:
    accepted = created_at(event)
    is_later = (due_at - accepted).total_seconds() > 1
    detail = due_at.isoformat() if is_later else ""
    yield StoryLine(
        event, accepted, "accepted", reason="scheduled" if is_later else "", detail=detail
    )
    # Ids of one millisecond say nothing about their order; steps do.
    yield from sorted(map(messages.line, log), key=lambda line: (line.time, line.position))


def _now(
    state: str, due_at: datetime, open_work: list[Any]
) -> tuple[str, int | None, datetime | None]:
    """Derive the state of an open notification: its word, its step, and until when it waits."""
    work, position, until, is_in_chunk, chunk_until = open_work
    if state not in (
        NotificationState.PENDING,
        NotificationState.RUNNING,
        NotificationState.DELAYED,
    ):
        return state, None, None
    if work is None and not is_in_chunk:
        return state, None, None
    if work == DueState.LATER or chunk_until:
        return NotificationState.DELAYED.value, position or 0, until or chunk_until
    is_held = work == DueState.LEASED
    return (NotificationState.RUNNING.value if is_held else "queued"), position or 0, None


def _why(lines: tuple[StoryLine, ...]) -> str:
    last = lines[-1]
    return last.reason if last.status in ("waiting", "retry", "accepted") else ""
