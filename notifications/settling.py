"""Write down how each task left its step; one transaction for as many results as there are.

1. Lines of open work are locked in id order and moved or deleted, if their token still holds.
2. Messages and log lines are inserted once; finished notifications are closed.
3. What the answers said about addresses and accounts is noted.
A result whose token is gone changes nothing but adds one log line, so its provider id is not lost.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError

from channels import default_accounts
from notifications import escalation, events, limits, metrics
from notifications.moves import Move, Pair, is_given_back, move_of
from notifications.moving import move_on
from notifications.outcomes import (
    Done,
    Fail,
    Heal,
    MessageRow,
    Reroute,
    Result,
    Task,
)
from notifications.sql import settling as sql
from notifications.telling import told_by
from tenants import rows
from tenants.ids import uuid7, uuid7_texts
from tenants.scope import batch_scope

log = logging.getLogger(__name__)

LOST = (OperationalError, InterfaceError)


def settle(results: Sequence[Result], now: datetime) -> set[int]:
    """Write results in the scope of their tenants; return the lines that were still ours.

    Results that cannot be written are halved down to the one at fault: the others were sent, and
    what is not written down would be sent again.
    """
    if not results:
        return set()
    try:
        with batch_scope(result.task.tenant_id for result in results):
            return write(results, now)
    except LOST:
        raise
    except Exception as error:  # noqa: BLE001 (the engine's border: a provider chose these words)
        if len(results) == 1:
            return _settle_bare(results[0], error, now)
        middle = len(results) // 2
        return settle(results[:middle], now) | settle(results[middle:], now)


def _settle_bare(result: Result, error: Exception, now: datetime) -> set[int]:
    """Write down that it was sent, or failed, without the words that broke it."""
    name, outcome = type(error).__name__, result.outcome
    log.error("a result could not be written: %s", name, extra={"due": result.task.due_id})
    bare: Done | Fail = Fail("poisoned", detail=name)
    if isinstance(outcome, Done) and outcome.message is not None:
        plain = dataclasses.replace(outcome.message, provider_id="", title="", body="", extra=None)
        bare = Done(plain, name)
    result.task.heard = None  # a listener may be what breaks
    with batch_scope([result.task.tenant_id]):
        return write([Result(result.task, bare)], now)


def write(results: Sequence[Result], now: datetime) -> set[int]:
    """Write results; call inside the batch's scope."""
    ours, held = record(results, now)
    if others := [pair for pair in ours if type(pair[0].outcome) is not Done]:
        _note_addresses(others)
        _note_accounts(others)
    events.publish_all(told_by(ours))
    metrics.count(pair[1].status for pair in ours)
    sent = ((r.task.queue, r.task.notification_id) for r, m in ours if m.status in metrics.TAKEN)
    metrics.accepted(sent, now)
    return held


def record(results: Sequence[Result], now: datetime) -> tuple[list[Pair], set[int]]:
    """Write what results mean for their notifications; tell nobody and count nothing."""
    moves = [(result, move_of(result, now)) for result in results]
    held = move_on(moves)
    ours, stale = moves, []
    if len(held) < len(moves):
        ours = [pair for pair in moves if pair[0].task.due_id in held]
        stale = [pair for pair in moves if pair[0].task.due_id not in held]
    _insert_messages(ours)
    _insert_log(ours, stale)
    _bury(ours)
    _give_back(ours)
    return ours, held


def _insert_messages(pairs: Iterable[Pair]) -> None:
    written = [_message(result.task, move.message) for result, move in pairs if move.message]
    if written:
        rows.run(sql.MESSAGES, _columns(written))


def _message(task: Task, message: MessageRow) -> tuple[object, ...]:
    return (
        message.id,
        task.tenant_id,
        task.notification_id,
        message.integration_id,
        message.channel,
        message.provider,
        task.step,
        message.state,
        _clean(message.provider_id, 255),
        message.language,
        message.template_version_id,
        message.address,
        _clean(message.title, 500),
        message.body,
        json.dumps(message.extra) if message.extra else None,
        message.reason,
    )


def _columns(written: Iterable[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*written, strict=True)]


def _clean(text: str, limit: int) -> str:
    """Cut what a provider said to what a column holds; PostgreSQL knows no NUL."""
    if "\0" in text:
        text = text.replace("\0", "")
    return text[:limit] if len(text) > limit else text


def _insert_log(ours: Iterable[Pair], stale: Iterable[Pair]) -> None:
    lines = [_line(r.task, m, m.status, m.detail) for r, m in ours if m.status]
    lines += [
        _line(r.task, m, "late", f"{m.message.provider_id} {m.detail}".strip())
        for r, m in stale
        if m.message is not None
    ]
    if lines:
        rows.run(sql.LOG, [uuid7_texts(len(lines)), *_columns(lines)])


def _line(task: Task, move: Move, status: str, detail: str) -> tuple[object, ...]:
    return (
        task.tenant_id,
        task.notification_id,
        move.message.id if move.message else None,
        task.step,
        status,
        _clean(move.reason, 100),
        _clean(detail, 2000),
    )


def _bury(pairs: Iterable[Pair]) -> None:
    """Keep what failed for whoever looks after it."""
    final = sorted(
        [(r.task, m) for r, m in pairs if m.final], key=lambda pair: pair[0].notification_id.int
    )
    failed = [(task, move) for task, move in final if move.final == "failed"]
    _run(
        sql.DEAD_LETTERS,
        failed,
        lambda *_: uuid7(),
        lambda task, _: task.tenant_id,
        lambda task, _: task.notification_id,
        lambda task, _: task.step,
        lambda task, _: task.queue,
        lambda _, move: move.reason[:100],
        lambda _, move: _clean(move.detail, 300),
    )
    escalation.undeliverable(
        [
            (task.notification_id, task.tenant_id)
            for task, move in final
            if task.is_critical and escalation.is_missed(move.final, move.reason)
        ]
    )


def _give_back(pairs: Iterable[Pair]) -> None:
    limits.give_back(
        [
            (key, r.task.tenant_id, 1, r.task.said if isinstance(r.outcome, Fail) else b"")
            for r, _ in pairs
            if is_given_back(r)
            for key in r.task.counters
        ]
    )


def _note_addresses(pairs: Iterable[Pair]) -> None:
    """Note which addresses the answers called dead, or moved."""
    dead = [
        (r.task, r.outcome)
        for r, _ in pairs
        if isinstance(r.outcome, Reroute) and r.outcome.state != "window_closed"
    ]
    _run(
        sql.ADDRESSES,
        sorted(dead, key=lambda pair: pair[1].address_id),
        lambda _, reroute: reroute.address_id,
        lambda task, _: task.tenant_id,
        lambda _, reroute: reroute.state,
        lambda _, reroute: reroute.reason,
        lambda _, reroute: reroute.since,
    )
    moved = [(r.task, r.outcome) for r, _ in pairs if isinstance(r.outcome, Heal)]
    _run(
        sql.HEAL,
        sorted(moved, key=lambda pair: pair[1].address_id),
        lambda _, heal: heal.address_id,
        lambda task, _: task.tenant_id,
        lambda _, heal: heal.new_value,
        lambda _, heal: heal.reason,
    )


def _note_accounts(pairs: Iterable[Pair]) -> None:
    """Note which accounts the answers froze, or paused."""
    tasks = [r.task for r, _ in pairs]
    frozen = {t.freeze[0]: (t, t.freeze[1]) for t in tasks if t.freeze}
    _run(
        sql.FREEZE,
        [(task, (key, until)) for key, (task, until) in sorted(frozen.items())],
        lambda _, freeze: freeze[0],
        lambda task, _: task.tenant_id,
        lambda _, freeze: freeze[1],
    )
    paused = {t.pause[0]: (t, t.pause[1]) for t in tasks if t.pause}
    _run(
        sql.PAUSE,
        [(task, (key, why)) for key, (task, why) in sorted(paused.items())],
        lambda _, pause: pause[0],
        lambda task, _: task.tenant_id,
        lambda _, pause: pause[1],
    )
    if frozen or paused:
        default_accounts.forget()  # it may be one that the platform lends


def _run(
    statement: str, pairs: Sequence[tuple[Task, Any]], *columns: Callable[[Task, Any], object]
) -> None:
    if pairs:
        rows.run(statement, [[column(*pair) for pair in pairs] for column in columns])
