"""Keep what providers tell: all that wait at once in one transaction, one after the other.

A commit costs more than the row it writes. The thread that gets the lock writes for everybody who
waits; the others find their rows written when their turn comes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import django_rq
import redis
from django.db import InterfaceError, OperationalError, connection, transaction

from notifications import dispatch
from notifications.sql import callbacks as sql
from tenants import rows
from tenants.ids import created_at

log = logging.getLogger(__name__)

FLAG = "kolokol:woken:callbacks"
JOB_TIMEOUT_S = 60
# Seconds before each further look: a report overtakes its settle by moments, never by hours.
WAITS_S = (1, 2, 5, 15, 60, 300, 900, 3600)
KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Kept:
    """One event on its way to the table. tenant_id: None when it is not known whose it is.

    event: JSON. due_at: when it is to be applied.
    """

    tenant_id: UUID | None
    account_id: UUID
    key: str
    event: str
    due_at: datetime
    id: UUID


@dataclass(slots=True)
class _Ticket:
    """What one caller wants kept, and what came of it."""

    wanted: Sequence[Kept]
    new: int | None = None


class _Keeper:
    def __init__(self) -> None:
        self._waiting: list[_Ticket] = []
        self._adding, self._writing = threading.Lock(), threading.Lock()

    def keep(self, wanted: Sequence[Kept]) -> int:
        ticket = _Ticket(wanted)
        with self._adding:
            self._waiting.append(ticket)
        with self._writing:
            if ticket.new is None:
                self._write(ticket)
        assert ticket.new is not None  # noqa: S101 (else _write has raised)
        return ticket.new

    def _write(self, own: _Ticket) -> None:
        """Write for all; if that fails, only for oneself, so that nobody pays for another."""
        with self._adding:
            tickets, self._waiting = self._waiting, []
        try:
            new = _insert_again_if_lost([row for ticket in tickets for row in ticket.wanted])
        except Exception:
            if tickets == [own]:
                raise
            with self._adding:
                self._waiting = [one for one in tickets if one is not own] + self._waiting
            new, tickets = insert(own.wanted), [own]
        if new:
            ask_for_job()  # once for all, before anybody is answered
        for ticket in tickets:
            ticket.new = sum(row.id in new for row in ticket.wanted)


_keeper = _Keeper()


def keep(wanted: Sequence[Kept]) -> int:
    """Keep events, each once by its key; give how many were new."""
    if connection.in_atomic_block:  # it commits with what is around it: for nobody else
        transaction.on_commit(ask_for_job)
        return len(insert(wanted)) if wanted else 0
    return _keeper.keep(wanted) if wanted else 0


def next_look(key: UUID, attempt: int, now: datetime) -> datetime | None:
    """Say when to look again at what could not be applied yet; None: give it up after a day."""
    if now - created_at(key) >= KEPT_FOR:
        return None
    return now + timedelta(seconds=WAITS_S[min(attempt, len(WAITS_S) - 1)])


def insert(wanted: Sequence[Kept]) -> set[UUID]:
    """Write salons' events to their rows and nobody's to the platform's; give the new ids."""
    return {row[0] for row in rows.fetch(sql.KEEP, _columns(wanted))}


def _insert_again_if_lost(wanted: Sequence[Kept]) -> set[UUID]:
    """Insert without asking first whether the connection lives; repeating is harmless."""
    connection.health_check_done = True  # type: ignore[attr-defined]  # not in the stubs
    try:
        return insert(wanted)
    except (OperationalError, InterfaceError):
        connection.close()
        return insert(wanted)


def ask_for_job() -> None:
    """Ask for one job that applies what is kept; losing or doubling it is harmless."""
    try:
        if dispatch.server().set(FLAG, 1, nx=True, px=dispatch.FLAG_TTL_MS):
            django_rq.get_queue("high").enqueue(
                "notifications.callback_tasks.apply_callbacks",
                job_timeout=JOB_TIMEOUT_S,
                result_ttl=JOB_TIMEOUT_S,
            )
    except redis.RedisError:
        log.warning("redis is away: callbacks wait for the next tick")


def _columns(wanted: Sequence[Kept]) -> list[list[object]]:
    # sorted: two processes that keep the same keys must meet them in one order
    ordered = sorted(wanted, key=lambda row: (str(row.tenant_id), str(row.account_id), row.key))
    return [
        [row.tenant_id for row in ordered],
        [row.id for row in ordered],
        [row.account_id for row in ordered],
        [row.key for row in ordered],
        [row.event for row in ordered],
        [row.due_at for row in ordered],
    ]
