"""Turn a topic or a broadcast into notifications, in slices that commit by themselves.

A slice is one statement: it reads the next recipients, writes their notifications and the chunk
rows they wait in, and moves the cursor in the same transaction. A crash repeats nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from notifications.models import QUEUES
from notifications.sql import fanning as sql
from tenants import rows
from tenants.scope import batch_scope

SLICE = 20_000
PER_CHUNK = 500
_NIL = UUID(int=0)


def waiting(queues: Sequence[str]) -> list[rows.Row]:
    """Name some fan-outs of these queues that wait; call inside a platform scope."""
    return rows.fetch(sql.PENDING, [[QUEUES.index(queue) for queue in queues]])


def expand(found: Sequence[rows.Row]) -> int:
    """Write one slice of each; return the recipients written."""
    return sum(expand_slice(fanout_id, tenant_id) for fanout_id, tenant_id in found)


def expand_slice(fanout_id: int, tenant_id: UUID) -> int:
    """Write the next slice; 0 when it is finished or another worker is at it."""
    with batch_scope([tenant_id]):
        found = rows.fetch(sql.LOCK, [fanout_id, tenant_id])
        if not found:
            return 0
        _, event_id, topic_id, exclude, cursor, queue, mode, due_at, canceled, several = found[0]
        size = 0
        if canceled is None:
            arguments = {
                "tenant": tenant_id,
                "event": event_id,
                "topic": topic_id,
                "exclude": exclude,
                "cursor": cursor or _NIL,
                "queue": queue,
                "mode": mode,
                "several": several,
                "due_at": due_at,
                "size": SLICE,
                "per_chunk": PER_CHUNK,
            }
            size, last, written = _write(arguments)
        if size == SLICE:
            rows.run(sql.ADVANCE, [last, fanout_id, tenant_id])
        else:
            rows.run(sql.FINISH, [fanout_id, tenant_id])
        return int(written) if size else 0


def _write(arguments: dict[str, Any]) -> rows.Row:
    statement = sql.TOPIC if arguments["topic"] else sql.EVERYBODY
    return rows.fetch(statement, arguments)[0]
