"""Keep what providers tell: all that wait at once in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction

from notifications.callback_wake import ask_for_jobs
from notifications.sql import callbacks as sql
from tenants import rows
from tenants.ids import created_at
from tenants.together import Together

# Seconds before each further look: a report overtakes its settle by moments, never by hours.
WAITS_S = (1, 2, 5, 15, 60, 300, 900, 3600)
KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Kept:
    """One event on its way to the table. tenant_id: None when it is not known whose it is.

    event: JSON. due_at: when it is to be applied. kind: of the event, see callback_wake.
    """

    tenant_id: UUID | None
    account_id: UUID
    key: str
    event: str
    due_at: datetime
    id: UUID
    kind: str


def keep(wanted: Sequence[Kept]) -> int:
    """Keep events, each once by its key; give how many were new."""
    if not wanted:
        return 0
    if connection.in_atomic_block:  # it commits with what is around it: for nobody else
        kinds = {row.kind for row in wanted}
        transaction.on_commit(lambda: ask_for_jobs(kinds))
        return len(insert(wanted))
    return keeper.ask(wanted)


def next_look(key: UUID, attempt: int, now: datetime) -> datetime | None:
    """Say when to look again at what could not be applied yet; None: give it up after a day."""
    if now - created_at(key) >= KEPT_FOR:
        return None
    return now + timedelta(seconds=WAITS_S[min(attempt, len(WAITS_S) - 1)])


def insert(wanted: Sequence[Kept]) -> set[UUID]:
    """Write salons' events to their rows and nobody's to the platform's; give the new ids."""
    return {row[0] for row in rows.fetch(sql.KEEP, _columns(wanted))}


def _keep_all(all_wanted: Sequence[Sequence[Kept]]) -> list[int]:
    """Write for all who wait; give each how many of his were new."""
    written = [row for wanted in all_wanted for row in wanted]
    new = _insert_again_if_lost(written)
    ask_for_jobs({row.kind for row in written if row.id in new})
    return [sum(row.id in new for row in wanted) for wanted in all_wanted]


keeper = Together(_keep_all)


def _insert_again_if_lost(wanted: Sequence[Kept]) -> set[UUID]:
    """Insert without asking first whether the connection lives; repeating is harmless."""
    connection.health_check_done = True  # type: ignore[attr-defined]  # not in the stubs
    try:
        return insert(wanted)
    except (OperationalError, InterfaceError):
        connection.close()
        return insert(wanted)


def _columns(wanted: Sequence[Kept]) -> list[list[object]]:
    # sorted: two processes that keep the same keys must meet them in one order
    ordered = sorted(wanted, key=lambda row: (row.account_id.int, row.key))
    return [
        [row.tenant_id for row in ordered],
        [row.id for row in ordered],
        [row.account_id for row in ordered],
        [row.key for row in ordered],
        [row.event for row in ordered],
        [row.due_at for row in ordered],
    ]
