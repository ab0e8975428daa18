"""Mark lines as sending just before their messages leave: the last look at token and lease."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from notifications import limits, ranges
from notifications.outcomes import WAITS_FOR_ROOM, Task
from notifications.sql import settling as sql
from tenants import rows
from tenants.scope import batch_scope


def hand_over_batches(leaving: Sequence[tuple[Task, UUID]], waiting: Sequence[Task]) -> set[int]:
    """Mark whole batches as sending, except what waits; return the lines that are ours to send.

    Call inside the batches' scope, in the transaction that read their events for share: a cancel
    comes before it or after it.
    """
    if not leaving:
        keep_waiting(waiting)
        return set()
    for task in waiting:
        task.flags |= WAITS_FOR_ROOM
    keep_waiting(waiting)
    found = rows.fetch(sql.SENDING, [list({task.batch_id for task, _ in leaving})])
    held = {row[0] for row in found}
    ours = [pair for pair in leaving if pair[0].batch_id in held]
    for task, message_id in ours:
        task.message_id = message_id
    return {task.due_id for task, _ in ours}


def keep_waiting(tasks: Sequence[Task]) -> None:
    """Write down which lines hold a marketing slot, or wait; call inside the batch's scope.

    A worker that dies before hand-over would else leave lines that their own slot forbids to send.
    Who waits leaves the range: the rest of it goes out with its batch.
    """
    lines = [task for task in tasks if task.range_id is None]
    ranges.part(tasks)
    told = [task for task in lines if task.category == "mk" or task.flags & WAITS_FOR_ROOM]
    held = sorted(told, key=lambda task: task.due_id)
    if held:
        rows.run(
            sql.RESERVED,
            [[t.due_id for t in held], [t.batch_id for t in held], [t.flags for t in held]],
        )


def hand_over(tasks: Sequence[tuple[Task, UUID]]) -> set[int]:
    """Mark tasks as sending with their message ids; return those that are still ours to send."""
    if not tasks:
        return set()
    with batch_scope(task.tenant_id for task, _ in tasks):
        return mark(tasks)


def mark(tasks: Sequence[tuple[Task, UUID]]) -> set[int]:
    """Do the same inside the batch's scope."""
    if not tasks:
        return set()
    ordered = sorted(tasks, key=lambda pair: pair[0].due_id)
    found = rows.fetch(
        sql.HAND_OVER,
        [
            [task.due_id for task, _ in ordered],
            [task.batch_id for task, _ in ordered],
            [message_id for _, message_id in ordered],
            [task.flags for task, _ in ordered],
            list({task.batch_id for task, _ in ordered}),
        ],
    )
    marked = {row[0] for row in found}
    for task, message_id in ordered:
        if task.due_id in marked:
            task.message_id = message_id
    _give_back_canceled([task for task, _ in ordered if task.due_id not in marked])
    return marked


def _give_back_canceled(refused: Sequence[Task]) -> None:
    """Free the slots of what was called off after prepare; lines of ended leases keep theirs."""
    held = {task.notification_id: task for task in refused if task.counters}
    if held:
        tenants = [task.tenant_id for task in held.values()]
        canceled = rows.fetch(sql.CANCELED, [list(held), tenants])
        limits.give_back(
            [(k, held[n].tenant_id, 1, b"") for (n,) in canceled for k in held[n].counters]
        )
