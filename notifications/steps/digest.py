"""A digest: what comes for a client within a window is told as one message.

settings: {"window_s"} from the first, or {"until": "18:00" or several times} in the place's time;
"key": path of a value that is gathered apart.
1. The first opens a digest and waits for the window's end; its line is the digest's timer.
2. Later ones lock the open row by joining it and end there (Merge).
3. At its time the first closes the row and goes on; texts see digest.events and digest.count.
What is called off before that leaves the digest (notifications.leaving), what has expired by then
is skipped. The first goes on as long as one of its events is of use, whatever became of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from channels.integrations import Account
from notifications.definition import StepDefinition
from notifications.limits import key_of
from notifications.loading import Work
from notifications.outcomes import TIMER_RAN, Done, Merge, Outcome, Result, Wait
from notifications.sql import digests as sql
from notifications.steps.payload import look
from notifications.steps.text import place_of
from tenants import rows
from tenants.hours import at

MOST = 500  # events of one digest; more are told by the next one
SPARED = timedelta(minutes=1)  # of what expires: for what comes after the digest


def prepare(
    works: Sequence[Work], _accounts: Mapping[UUID, Sequence[Account]], now: datetime
) -> list[Result]:
    """Let the firsts of ended windows go on, gather the others."""
    keys = [_key(work, work.step) for work in works if work.step]
    tenants = [work.task.tenant_id for work in works]
    rows.fetch(sql.LOCK, [tenants, [work.person.id for work in works], keys])
    pairs = list(zip(works, keys, strict=True))
    ended = [work for work in works if work.task.flags & TIMER_RAN]
    fresh = [(work, key) for work, key in pairs if not work.task.flags & TIMER_RAN]
    return [*_closed(ended, now), *_joined(fresh, now)]


def _key(work: Work, step: StepDefinition) -> UUID:
    value = look(work, step.settings["key"]) if "key" in step.settings else ""
    return UUID(key_of(f"{work.definition.identifier}\0{step.key}\0{value}"))


def _closed(works: Sequence[Work], now: datetime) -> list[Result]:
    if not works:
        return []
    arguments = {
        "tenants": list({work.task.tenant_id for work in works}),
        "firsts": [work.task.notification_id for work in works],
        "steps": [work.task.step for work in works],
        "now": now,
    }
    counts: dict[UUID, int] = dict(rows.fetch(sql.CLOSE, arguments))
    return [
        Result(work.task, Done(reason=f"digest:{counts.get(work.task.notification_id, 1)}"))
        for work in works
    ]


def _joined(fresh: Sequence[tuple[Work, UUID]], now: datetime) -> list[Result]:
    if not fresh:
        return []
    tenants = [work.task.tenant_id for work, _ in fresh]
    people, keys = [work.person.id for work, _ in fresh], [key for _, key in fresh]
    rows.run(sql.END_OLD, [tenants, people, keys, now])
    arguments = {
        "tenants": tenants,
        "subscribers": people,
        "keys": keys,
        "steps": [work.step.key for work, _ in fresh if work.step],
        "notifications": [work.task.notification_id for work, _ in fresh],
        "ends": [_end(work, work.step.settings, now) for work, _ in fresh if work.step],
        "most": MOST,
    }
    found = {(person, key): rest for person, key, *rest in rows.fetch(sql.JOIN, arguments)}
    return [Result(work.task, _outcome(work, *found[work.person.id, key])) for work, key in fresh]


def _outcome(work: Work, first: UUID, closes_at: datetime) -> Outcome:
    if first != work.task.notification_id:
        return Merge(first)
    return Wait(closes_at, "digest_open", flags=TIMER_RAN)


def _end(work: Work, settings: Mapping[str, Any], now: datetime) -> datetime:
    """Give the window's end; what expires is told while it is still of use."""
    end = now + timedelta(seconds=float(settings["window_s"])) if "window_s" in settings else None
    end = end or _next(work, settings["until"], now)
    expires = work.task.expires_at
    if expires is None or end < expires:
        return end
    return expires - min(SPARED, (expires - now) / 2)


def _next(work: Work, until: str | Sequence[str], now: datetime) -> datetime:
    place = place_of(work)
    zone = place.zone if place else work.salon.zone
    today = now.astimezone(zone).date()
    moments = [
        at(today + timedelta(days=ahead), time.fromisoformat(clock), zone)
        for ahead in range(3)
        for clock in ([until] if isinstance(until, str) else until)
    ]
    return min(moment for moment in moments if moment > now)
