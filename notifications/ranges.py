"""Let recipients leave the range in which their batch holds them: at an end, or with a line.

1. Their ranges are locked. One that a sweep or a cancel took apart holds nobody any more.
2. Whose notification ends has left with that; anybody else gets a line of open work, once.
3. Who has left is counted; an empty range goes.
Call inside the scope of their salons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from notifications.models import DueState
from notifications.outcomes import Task
from notifications.sql import ranges as sql
from tenants import rows

Line = tuple[object, ...]


def hold(tasks: Iterable[Task]) -> set[int]:
    """Lock the ranges of tasks; return those that are still there."""
    wanted = {task.range_id for task in tasks} - {None}
    return {row[0] for row in rows.fetch(sql.HOLD, [list(wanted)])} if wanted else set()


def write_lines(lines: Sequence[Line]) -> set[int]:
    """Give lines of open work to whom `hold` has held; return those that were not there yet."""
    if not lines:
        return set()
    columns = [list(column) for column in zip(*lines, strict=True)]
    return {row[0] for row in rows.fetch(sql.LINES, columns)}


def count_out(tasks: Iterable[Task]) -> None:
    """Note that these have left their ranges."""
    left = Counter([task.range_id for task in tasks])
    if left:
        rows.run(sql.LEFT, [list(left), list(left.values())])


def part(tasks: Iterable[Task]) -> None:
    """Give leased lines to those who have none: what differs from the rest of their batch."""
    tasks = [task for task in tasks if task.range_id is not None]
    held = hold(tasks)
    staying = sorted(
        (task for task in tasks if task.range_id in held), key=lambda task: task.due_id
    )
    written = write_lines([_leased(task) for task in staying])
    count_out(task for task in staying if task.due_id in written)
    for task in tasks:
        task.range_id = None


def _leased(task: Task) -> Line:
    return (
        task.due_id,
        task.tenant_id,
        task.notification_id,
        task.queue,
        DueState.LEASED.value,
        task.step,
        task.attempt,
        task.claims,
        task.flags,
        None,  # now
        task.batch_id,
        task.message_id,
    )
