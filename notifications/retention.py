"""How long is what kept? Messages and log for RETENTION_DAYS, whole months at a time.

1. Partitions are made ahead; the tables must never lack the month that begins.
2. A month that ended before the retention is dropped, unless open work points into it. The check
   stands behind the lock of the drop, so nothing can start to point there in between.
3. Small rows whose time is over (answers, counters, callbacks, keys of dropped events) are deleted
   in slices, salons by the set.
Dropping needs the owner role; without DATABASE_OWNER_URL that part is left out, and said.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg import errors, sql

from notifications.sql import retention as statements
from tenants import rows
from tenants.ids import created_at
from tenants.owner import as_owner
from tenants.scope import batch_scope, platform_scope

log = logging.getLogger(__name__)

EVENTS, NOTIFICATIONS = "notifications_event", "notifications_notification"
TABLES: Final = ("notifications_logentry", "notifications_message", NOTIFICATIONS, EVENTS)
SLICE = 500  # salons per transaction
LOCK_WAIT = "1s"  # a drop that cannot have its lock at once must not make senders wait longer

_LOWER = re.compile(r"FROM \('([0-9a-f-]{36})'\) TO \('([0-9a-f-]{36})'\)")


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the partitioned tables. children: names; low, high: ids, high excluded."""

    low: UUID
    high: UUID
    children: tuple[str, ...]

    @property
    def name(self) -> str:
        """Say which month it is."""
        return f"{created_at(self.low):%Y-%m}"


@dataclass(slots=True)
class Purged:
    """What a purge did, or with is_dry would do. kept: months that open work still needs.

    busy: months whose lock was not free, left for the next time. may_drop: an owner was named.
    """

    is_dry: bool
    may_drop: bool
    made: int = 0
    dropped: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    deleted: dict[str, int] = field(default_factory=dict)


def purge(now: datetime, *, days: int | None = None, is_dry: bool = False) -> Purged:
    """Do all three; call outside a transaction and outside any scope."""
    keep = timedelta(days=settings.RETENTION_DAYS if days is None else days)
    done = Purged(is_dry=is_dry, may_drop=bool(settings.DATABASE_OWNER_URL))
    if not is_dry:
        done.made = make_partitions()
    if done.may_drop:
        with as_owner():
            for month in months():
                if created_at(month.high) <= _border(now, keep):
                    _drop(month, done)
    done.deleted = _delete_spent(now, is_dry=is_dry)
    return done


def make_partitions() -> int:
    """Make the partitions of this month and three ahead; return how many were missing."""
    return int(rows.fetch("select kolokol_make_partitions()")[0][0])


def months() -> list[Month]:
    """List the months that exist, the oldest first."""
    found: dict[tuple[UUID, UUID], list[str]] = {}
    for _, child, bound in rows.fetch(statements.PARTITIONS, [list(TABLES)]):
        if fits := _LOWER.search(bound):
            found.setdefault((UUID(fits[1]), UUID(fits[2])), []).append(child)
    # children in the order of TABLES: what points is dropped before what it points to
    return [
        Month(low, high, tuple(sorted(names, key=_position)))
        for (low, high), names in sorted(found.items())
    ]


def _position(child: str) -> int:
    return next(i for i, table in enumerate(TABLES) if child.startswith(table))


def _border(now: datetime, keep: timedelta) -> datetime:
    """Give the moment before which a whole month may go; the month before this one always stays."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return min(now - keep, (first - timedelta(days=1)).replace(day=1))


def _drop(month: Month, done: Purged) -> None:
    try:
        with transaction.atomic():
            is_needed = _is_needed(month, is_locking=not done.is_dry)
            if not (is_needed or done.is_dry):
                _execute(sql.SQL("DROP TABLE {}").format(_tables(month)))
    except OperationalError as error:
        if not isinstance(error.__cause__, errors.LockNotAvailable):
            raise
        done.busy.append(month.name)
        return
    (done.kept if is_needed else done.dropped).append(month.name)
    log.info("month is past retention", extra={"month": month.name, "needed": is_needed})


def _is_needed(month: Month, *, is_locking: bool) -> bool:
    if is_locking:
        _execute(sql.SQL("SET LOCAL lock_timeout = {}").format(LOCK_WAIT))
        _execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(_tables(month)))
    bounds = {"low": month.low, "high": month.high}
    return bool(rows.fetch(statements.IS_NEEDED, bounds)[0][0])


def _tables(month: Month) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, month.children))


def _execute(statement: sql.Composed) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(cursor.connection))


def _delete_spent(now: datetime, *, is_dry: bool) -> dict[str, int]:
    floors = _floors()
    deleted = dict.fromkeys(statements.SPENT, 0)
    for tenants in _salons():
        for name, statement in statements.SPENT.items():
            values = {"tenants": tenants, "now": now, **floors}
            deleted[name] += _count(statement, values) if is_dry else _delete(statement, values)
    return deleted


def _floors() -> dict[str, UUID]:
    """Give the smallest id that the events' and the notifications' partitions can hold."""
    low: dict[str, UUID] = {}
    for month in months():
        for child in month.children:
            low.setdefault(TABLES[_position(child)], month.low)
    nil = UUID(int=0)
    return {"events": low.get(EVENTS, nil), "notifications": low.get(NOTIFICATIONS, nil)}


def _salons() -> Iterator[list[UUID]]:
    last = UUID(int=0)
    while True:
        with platform_scope("retention holds for every salon"):
            found = rows.fetch(
                "select id from tenants_tenant where id > %s order by id limit %s", [last, SLICE]
            )
        if not found:
            return
        yield [row[0] for row in found]
        last = found[-1][0]


def _delete(statement: str, values: Mapping[str, Any]) -> int:
    deleted = 0
    while True:
        with batch_scope(values["tenants"]):
            gone = rows.run(statement, dict(values))
        deleted += gone
        if gone == 0:
            return deleted


def _count(statement: str, values: Mapping[str, Any]) -> int:
    """Count by deleting and taking it back: the same statement, so the same rows."""
    with transaction.atomic():
        with batch_scope(values["tenants"]):
            gone = rows.run(statement, dict(values))
        transaction.set_rollback(True)
    return gone


def tick() -> dict[str, Any]:
    """Purge, and say what happened (a daily tick)."""
    done = purge(datetime.now(UTC))
    report = {"made": done.made, "dropped": done.dropped, "kept": done.kept, "busy": done.busy}
    log.info("purged", extra=report | {"deleted": done.deleted})
    return report
