"""The job that applies kept callbacks: claim what is open, apply it, try again what came too early.

1. Callbacks of lent accounts are handed to the salons they belong to.
2. Ids of open callbacks of all salons are read by the platform role, kind by kind, oldest first.
3. Plain reports of all salons of a slice are applied together (`notifications.plain_reports`).
4. What is left of each salon is locked (SKIP LOCKED) and applied in one transaction of its scope.
5. A batch that breaks is applied salon by salon, a salon's is halved down to the callback that
   breaks it.
6. A callback whose message is not there is tried again for 24 hours, then given up with a note.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError

from channels.told import AccountEvent, InboundEvent, StatusEvent, Told
from notifications import account_events, desk, inbound, lent, plain_reports, reports, tracking
from notifications.callback_wake import KINDS, clear_flags
from notifications.callbacks import Received, of_kind, read_event
from notifications.keeping import next_look
from notifications.sql import callbacks as sql
from tenants import rows
from tenants.scope import platform_scope, tenant_scope

log = logging.getLogger(__name__)

SLICE = 1_000  # their notifications are locked together: longer slices would hold up others
LONGEST_S = 20.0  # what is left then is for the next job
LOST = (OperationalError, InterfaceError)

T = TypeVar("T")
Salons = Mapping[UUID, Sequence[UUID]]  # open callbacks by salon


@dataclass(frozen=True, slots=True)
class End:
    """What becomes of a callback: settled at a moment, or looked at again when it is due."""

    id: UUID
    applied_at: datetime | None
    due_at: datetime
    note: str


def apply_callbacks(kinds: Sequence[str] = KINDS) -> dict[str, int]:
    """Apply every callback of these kinds that is due; returns counts. A job and a tick."""
    clear_flags(kinds)  # before looking, so that none is overlooked
    counts = {"applied": 0, "waiting": 0}
    deadline = time.monotonic() + LONGEST_S
    while time.monotonic() < deadline:
        handled = lent.bring_home(datetime.now(UTC))
        for kind in kinds:
            applied, waiting = _apply(_open(kind, datetime.now(UTC)), datetime.now(UTC))
            counts["applied"] += applied
            counts["waiting"] += waiting
            handled += applied + waiting
        if not handled:
            break
    return counts


def _open(kind: str, now: datetime) -> Salons:
    by_tenant: defaultdict[UUID, list[UUID]] = defaultdict(list)
    with platform_scope("callbacks of all salons are claimed by id"):
        for tenant_id, key in rows.fetch(sql.OPEN, [kind, now, SLICE]):
            by_tenant[tenant_id].append(key)
    return by_tenant


def _apply(salons: Salons, now: datetime) -> tuple[int, int]:
    """Apply a slice; return how many were settled and how many wait."""
    if not salons:
        return 0, 0
    settled = _tried(lambda: plain_reports.apply(salons, now), _one_by_one)
    counts = [(len(settled), 0)]
    for tenant_id, ids in salons.items():
        if left := [key for key in ids if key not in settled]:
            counts.append(_apply_salon(tenant_id, left, now))
    return sum(applied for applied, _ in counts), sum(waiting for _, waiting in counts)


def _tried(work: Callable[[], T], otherwise: Callable[[Exception], T]) -> T:
    try:
        return work()
    except LOST:
        raise  # the rows are still open
    except Exception as error:  # noqa: BLE001  the callback's border: a bug must cost one row only
        return otherwise(error)


def _one_by_one(error: Exception) -> set[UUID]:
    extra = {"error": type(error).__name__}  # its text may hold a client's data
    log.error("reports of many salons could not be applied together", extra=extra)
    return set()


def _apply_salon(tenant_id: UUID, ids: Sequence[UUID], now: datetime) -> tuple[int, int]:
    """Apply one salon's callbacks in its scope."""

    def apply() -> tuple[int, int]:
        with tenant_scope(tenant_id):
            return _apply_locked(tenant_id, ids, now)

    def halve(error: Exception) -> tuple[int, int]:
        if len(ids) == 1:
            return _set_aside(tenant_id, ids[0], error, now)
        middle = len(ids) // 2
        first = _apply_salon(tenant_id, ids[:middle], now)
        second = _apply_salon(tenant_id, ids[middle:], now)
        return first[0] + second[0], first[1] + second[1]

    return _tried(apply, halve)


def _apply_locked(tenant_id: UUID, ids: Sequence[UUID], now: datetime) -> tuple[int, int]:
    received = _lock(tenant_id, ids, now)
    statuses = of_kind(received, StatusEvent)
    inbounds = inbound.recall(tenant_id, of_kind(received, InboundEvent))
    found = tracking.find(tenant_id, [*statuses, *inbounds])  # all locks at once, in id order
    settled = dict.fromkeys(reports.apply(tenant_id, statuses, found), "")
    talks = [one for one in inbounds if one.event.kind in desk.KINDS]
    settled |= desk.apply(tenant_id, talks, now)
    words = [one for one in inbounds if one.event.kind not in desk.KINDS]
    settled |= inbound.apply(tenant_id, words, found)
    settled |= account_events.apply(tenant_id, of_kind(received, AccountEvent), now)
    ends = [
        End(one.id, now, now, settled[one.id])
        if one.id in settled
        else _later(one.id, one.attempt, now, "no_message")
        for one in received
    ]
    return _close(tenant_id, ends)


def _lock(tenant_id: UUID, ids: Sequence[UUID], now: datetime) -> list[Received[Told]]:
    return [
        Received(key, account, read_event(event), attempt)
        for key, account, event, attempt in rows.fetch(sql.LOCK, [tenant_id, list(ids), now])
    ]


def _later(key: UUID, attempt: int, now: datetime, note: str) -> End:
    """Say when to look again, or give up after a day."""
    due_at = next_look(key, attempt, now)
    return End(key, now, now, note) if due_at is None else End(key, None, due_at, "")


def _close(tenant_id: UUID, ends: Sequence[End]) -> tuple[int, int]:
    if ends:
        arguments = {
            "tenant": tenant_id,
            "ids": [end.id for end in ends],
            "applied": [end.applied_at for end in ends],
            "due": [end.due_at for end in ends],
            "notes": [end.note for end in ends],
        }
        rows.run(sql.CLOSE, arguments)
    applied = sum(end.applied_at is not None for end in ends)
    return applied, len(ends) - applied


def _set_aside(tenant_id: UUID, key: UUID, error: Exception, now: datetime) -> tuple[int, int]:
    """Leave a callback that breaks its batch for later; after a day it is given up."""
    name = type(error).__name__  # its text may hold a client's data
    extra = {"callback": str(key), "error": name}
    log.error("a callback could not be applied", exc_info=error, extra=extra)
    with tenant_scope(tenant_id):
        # the event itself stays unread: it may be what breaks
        held = rows.fetch(sql.LOCK, [tenant_id, [key], now])
        return _close(tenant_id, [_later(key, row[3], now, f"broken: {name}") for row in held])
