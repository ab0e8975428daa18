"""Lease open work to this worker; only ids cross tenants, in a function of the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from django.conf import settings

from notifications.models import QUEUES
from notifications.outcomes import Task
from notifications.sql import claiming as sql
from tenants import rows
from tenants.ids import uuid7
from tenants.scope import platform_scope

SHARE = 10  # lines per lap that even the last queue of a worker gets
NIL = UUID(int=0)


class Claims:
    """What one worker takes of its queues, the most urgent first, and where it goes on."""

    def __init__(self, queues: Sequence[str], worker: str) -> None:
        self._queues = queues
        self._worker = worker
        self._cursors: dict[str, UUID] = {}
        self._suspected: set[str] = set()

    def suspect(self) -> None:
        """Note that a sweep may have left suspects in every queue."""
        self._suspected = set(self._queues)

    def take(self, room: Callable[[str], int]) -> tuple[list[Task], bool]:
        """Lease lines; say whether a queue was not asked for all that it has.

        room: how many lines of a queue to take at most, before those of the queues before it.
        """
        tasks: list[Task] = []
        is_full = False
        for index, queue in enumerate(self._queues):
            left = room(queue) - SHARE * (len(self._queues) - index - 1) - len(tasks)
            is_full |= left <= 0
            if left > 0:
                tasks += self._take_from(queue, left)
        return tasks, is_full

    def _take_from(self, queue: str, room: int) -> list[Task]:
        tasks = claim(queue, self._worker, room, self._cursors.get(queue, NIL))
        self._cursors[queue] = max({task.tenant_id for task in tasks}, default=NIL)
        if not tasks and queue in self._suspected:
            tasks = claim_suspect(queue, self._worker)
            if not tasks:
                self._suspected.discard(queue)
        return tasks


def claim(queue: str, worker: str, limit: int, after: UUID) -> list[Task]:
    """Lease up to `limit` lines of a queue, fairly between tenants; ids only."""
    batch_id, number = uuid7(), QUEUES.index(queue)
    with platform_scope("a claim takes ids of all tenants"):
        found = rows.fetch(
            sql.CLAIM, [number, batch_id, worker, float(settings.LEASE_S), limit, after]
        )
    return _tasks(found, batch_id, number)


def claim_suspect(queue: str, worker: str) -> list[Task]:
    """Lease one line that was claimed three times without a result, alone."""
    batch_id, number = uuid7(), QUEUES.index(queue)
    with platform_scope("a claim takes ids of all tenants"):
        found = rows.fetch(sql.CLAIM_SUSPECT, [number, batch_id, worker, float(settings.LEASE_S)])
    return _tasks(found, batch_id, number)


def _tasks(found: Sequence[rows.Row], batch_id: UUID, queue: int) -> list[Task]:
    """Make them with one object for each salon: ids that are not the same compare in Python."""
    salons: dict[UUID, UUID] = {}
    return [
        Task(
            due_id,
            salons.setdefault(tenant_id, tenant_id),
            key,
            step,
            attempt,
            claims,
            flags,
            message_id,
            batch_id,
            queue,
            range_id,
        )
        for due_id, tenant_id, key, step, attempt, claims, flags, message_id, range_id in found
    ]
