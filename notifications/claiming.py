"""Lease open work to this worker; only ids cross tenants, in a function of the database."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from notifications.definition import QUEUES
from notifications.outcomes import Task
from notifications.sql import claiming as sql
from tenants import rows
from tenants.ids import uuid7
from tenants.scope import platform_scope


def claim(queue: str, worker: str, limit: int, after: UUID) -> list[Task]:
    """Lease up to `limit` lines of a queue, fairly between tenants; ids only."""
    batch_id, number = uuid7(), QUEUES.index(queue)
    with platform_scope("a claim takes ids of all tenants"):
        found = rows.fetch(
            sql.CLAIM, [number, batch_id, worker, float(settings.LEASE_S), limit, after]
        )
    return [_task(row, batch_id, number) for row in found]


def claim_suspect(queue: str, worker: str) -> list[Task]:
    """Lease one line that was claimed three times without a result, alone."""
    batch_id, number = uuid7(), QUEUES.index(queue)
    with platform_scope("a claim takes ids of all tenants"):
        found = rows.fetch(sql.CLAIM_SUSPECT, [number, batch_id, worker, float(settings.LEASE_S)])
    return [_task(row, batch_id, number) for row in found]


def _task(row: rows.Row, batch_id: UUID, queue: int) -> Task:
    due_id, tenant_id, notification_id, step, attempt, claims, flags, message_id = row
    return Task(
        due_id,
        tenant_id,
        notification_id,
        step,
        attempt,
        claims,
        flags,
        message_id,
        batch_id,
        queue,
    )
