"""What would happen if this were triggered now? The engine's own decisions, written nowhere.

1. The trigger is accepted for real, in a savepoint.
2. Step by step its work is loaded, decided, rendered and recorded, as a worker does it; the clock
   jumps to the end of each wait. Each provider is taken to accept what it would be given.
3. The savepoint is rolled back: no row, no limit, no wake-up stays.
A draft is rehearsed as if it, with its texts, had just been published; that is rolled back as well.
Call inside the salon's scope.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from notifications import configs
from notifications.commands import Command
from notifications.loading import load
from notifications.models import Due, DueState, EventKey, Workflow
from notifications.moves import LATER, Move
from notifications.outcomes import Done, MessageRow, Result, Task
from notifications.preparing import decide
from notifications.publishing import try_out
from notifications.settling import record
from notifications.story_lines import StoryLine
from notifications.trigger import accept
from tenants.auth import Caller
from tenants.errors import InvalidFields
from tenants.ids import uuid7
from tenants.scope import batch_scope

FARTHEST = timedelta(days=60)
MOST_TURNS = 60  # so often is looked at a step that waits again and again


@dataclass(frozen=True, slots=True)
class Turn:
    """What one step would do at a moment. until: the end of its wait, if it waits.

    state: the notification's after it.
    """

    line: StoryLine
    kind: str
    state: str
    until: datetime | None = None
    buttons: tuple[dict[str, Any], ...] = ()

    def goes_on_waiting(self, before: Turn) -> bool:
        """Tell a further look at what still stands in the way, such as a stop."""
        mine, other = self.line, before.line
        is_same = (mine.position, mine.reason) == (other.position, other.reason)
        return is_same and self.until is not None and before.until is not None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The path. status: of the trigger; only a processed one has turns."""

    status: str
    turns: tuple[Turn, ...]

    @property
    def state(self) -> str:
        """Say how the notification would end, as far as it was followed."""
        return self.turns[-1].state if self.turns else ""


def rehearse(who: Caller, command: Command, now: datetime) -> Rehearsal:
    """Say what a trigger would do for its one recipient; raises what a trigger raises."""
    if len(command.people) != 1 or command.topics or command.is_broadcast:
        words = "to must be one client"
        raise InvalidFields(f"{words}.", errors={"to": [words]})
    tried = replace(command, transaction_id=f"dry_{uuid4().hex}", due_at=None)
    with transaction.atomic():
        answer = accept(who, tried, now)
        turns: list[Turn] = []
        if answer.status == "processed":
            event = EventKey.objects.get(transaction_id=tried.transaction_id).event_id
            with batch_scope([who.tenant_id]):
                turns += _turns(who.tenant_id, event, now)
        transaction.set_rollback(True)
    return Rehearsal(answer.status, tuple(turns))


def rehearse_draft(who: Caller, draft: Workflow, command: Command, now: datetime) -> Rehearsal:
    """Say what it would do if the saved draft ran; raises PublishRefused for one that cannot."""
    with transaction.atomic():
        try_out(draft)
        told = rehearse(configs.as_of_now(who), command, now)
        transaction.set_rollback(True)
    return told


def _turns(tenant_id: UUID, event: UUID, now: datetime) -> Iterator[Turn]:
    last: Turn | None = None
    for _ in range(MOST_TURNS):
        due = Due.objects.filter(notification__event_id=event).order_by("due_at", "id").first()
        if due is None:
            return
        now = max(now, due.due_at)
        for turn in _turn(_taken(tenant_id, due), now):
            if last is None or not turn.goes_on_waiting(last):
                yield turn
            last = turn


def _taken(tenant_id: UUID, due: Due) -> Task:
    """Lease the line, as a claim does."""
    batch_id = uuid7()
    Due.objects.filter(pk=due.pk).update(state=DueState.LEASED, batch_id=batch_id)
    return Task(
        due_id=due.pk,
        tenant_id=tenant_id,
        notification_id=due.notification_id,
        step=due.step,
        attempt=due.attempt,
        claims=0,
        flags=due.flags,
        message_id=None,
        batch_id=batch_id,
        queue=due.queue,
    )


def _turn(task: Task, now: datetime) -> Iterator[Turn]:
    batch = load([task])
    results, sends = decide(batch, now)
    kinds = [(step.key, step.kind) for work in batch.works for step in work.definition.steps]
    taken = [Result(one.task, Done(_dated(one.message, now), reason=one.detour)) for one in sends]
    written, _ = record([*results, *taken], now)
    for _, move in written:
        key, kind = kinds[task.step] if task.step < len(kinds) else ("", "")
        if move.status:
            yield _told(task, move, key, kind, now)


def _dated(message: MessageRow, now: datetime) -> MessageRow:
    """Give the message an id of the moment that is played: later steps count from it.

    Only as far ahead as there are partitions for it.
    """
    is_kept = timedelta() <= now - datetime.now(UTC) < FARTHEST
    return replace(message, id=uuid7(now.timestamp())) if is_kept else message


def _told(task: Task, move: Move, key: str, kind: str, now: datetime) -> Turn:
    line = StoryLine(
        id=uuid7(),
        time=now,
        status=move.status,
        position=task.step,
        step=key,
        reason=move.reason,
        detail=move.detail,
    )
    until = move.due_at if move.state == LATER else None
    state = move.final or ("delayed" if until else "running")
    message = move.message
    if message is None:
        return Turn(line, kind, state, until)
    spoken = replace(
        line,
        channel=message.channel,
        provider=message.provider,
        address=message.address,
        language=message.language,
        title=message.title,
        text=message.body,
    )
    return Turn(spoken, kind, state, until, tuple((message.extra or {}).get("buttons", ())))
