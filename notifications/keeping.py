"""Keep what providers tell: all that wait at once in one transaction.

A commit costs more than the row it writes. The thread whose turn it is writes for everybody who
waits, tells them, and gives the turn to one of those who have come meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction

from notifications.callback_wake import ask_for_jobs
from notifications.sql import callbacks as sql
from tenants import rows
from tenants.ids import created_at

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


@dataclass(slots=True)
class _Ticket:
    """What one caller wants kept, and what came of it. called: locked until he is called."""

    wanted: Sequence[Kept]
    new: int | None = None
    called: threading.Lock = field(default_factory=threading.Lock)


class _Keeper:
    def __init__(self) -> None:
        self.waiting: list[_Ticket] = []
        self.is_writing = False
        self._lock = threading.Lock()

    def keep(self, wanted: Sequence[Kept]) -> int:
        ticket = _Ticket(wanted)
        ticket.called.acquire()
        with self._lock:
            self.waiting.append(ticket)
            is_first, self.is_writing = not self.is_writing, True
        if not is_first:
            ticket.called.acquire()
        if ticket.new is None:  # nobody has written it: it is this one's turn
            self._write(ticket)
        assert ticket.new is not None  # noqa: S101 (else _write has raised)
        return ticket.new

    def _write(self, own: _Ticket) -> None:
        written = [own]
        try:
            written = self._write_all(own)
        finally:
            self._call(own, written)

    def _write_all(self, own: _Ticket) -> list[_Ticket]:
        """Write for all; if that fails, only for oneself, so that nobody pays for another."""
        with self._lock:
            tickets, self.waiting = self.waiting, []
        try:
            new = _insert_again_if_lost([row for ticket in tickets for row in ticket.wanted])
        except Exception:
            if tickets == [own]:
                raise
            with self._lock:
                self.waiting = [one for one in tickets if one is not own] + self.waiting
            new, tickets = insert(own.wanted), [own]
        ask_for_jobs({row.kind for ticket in tickets for row in ticket.wanted if row.id in new})
        for ticket in tickets:
            ticket.new = sum(row.id in new for row in ticket.wanted)
        return tickets

    def _call(self, own: _Ticket, written: Sequence[_Ticket]) -> None:
        """Call the next who is to write, and those whose rows are written."""
        with self._lock:
            following = self.waiting[:1]
            self.is_writing = bool(following)
        for ticket in (*following, *written):
            if ticket is not own:
                ticket.called.release()


keeper = _Keeper()


def keep(wanted: Sequence[Kept]) -> int:
    """Keep events, each once by its key; give how many were new."""
    if not wanted:
        return 0
    if connection.in_atomic_block:  # it commits with what is around it: for nobody else
        kinds = {row.kind for row in wanted}
        transaction.on_commit(lambda: ask_for_jobs(kinds))
        return len(insert(wanted))
    return keeper.keep(wanted)


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
