"""Which results are still ours? Those whose work could be moved, or ended, once.

1. Lines of open work are moved or deleted, if their token still holds.
2. Finished notifications are closed; for a member of a range that alone is its end.
3. Members who do not end get a line, and whoever has left a range is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from notifications import ranges
from notifications.moves import GONE, Move, Pair
from notifications.outcomes import WAITS_FOR_ROOM, Task
from notifications.sql import settling as sql
from tenants import rows


def move_on(pairs: Sequence[Pair]) -> set[int]:
    """Move what the results belong to; return the numbers of those that were still ours."""
    held = ranges.hold(result.task for result, _ in pairs)
    members = [pair for pair in pairs if pair[0].task.range_id in held]
    lines = [pair for pair in pairs if pair[0].task.range_id is None]
    moved = _move_lines(lines)
    ended = _close([pair for pair in lines if pair[0].task.due_id in moved] + members)
    left = {r.task.due_id for r, _ in members if r.task.notification_id in ended}
    left |= ranges.write_lines([_new_line(r.task, m) for r, m in members if m.state != GONE])
    ranges.count_out(r.task for r, _ in members if r.task.due_id in left)
    return moved | left


def _move_lines(pairs: Sequence[Pair]) -> set[int]:
    if not pairs:
        return set()
    ordered = sorted(pairs, key=lambda pair: pair[0].task.due_id)
    moved = [_due(result.task, move) for result, move in ordered]
    found = rows.fetch(sql.DUE, [list(column) for column in zip(*moved, strict=True)])
    return {row[0] for row in found}


def _due(task: Task, move: Move) -> tuple[object, ...]:
    keeps_id = move.status in ("retry", "waiting") and task.category == "tx"
    return (
        task.due_id,
        task.batch_id,
        move.state,
        move.step,
        move.attempt,
        move.flags & ~WAITS_FOR_ROOM,
        move.due_at,
        task.message_id if keeps_id else None,
    )


def _new_line(task: Task, move: Move) -> tuple[object, ...]:
    number, _, state, step, attempt, flags, due_at, message_id = _due(task, move)
    whose = (number, task.tenant_id, task.notification_id, task.queue)
    return (*whose, state, step, attempt, 0, flags, due_at, None, message_id)


def _close(pairs: Sequence[Pair]) -> set[UUID]:
    """End notifications, in the order in which others lock them; return those not ended before."""
    final = sorted(
        [
            (r.task.notification_id, r.task.tenant_id, m.final, m.reason[:100])
            for r, m in pairs
            if m.final
        ],
        key=lambda row: row[0].int,
    )
    if not final:
        return set()
    columns = [list(column) for column in zip(*final, strict=True)]
    return {row[0] for row in rows.fetch(sql.NOTIFICATIONS, columns)}
