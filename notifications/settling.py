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
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from django.db import InterfaceError, OperationalError

from notifications import limits, metrics
from notifications.outcomes import (
    SLOT_RESERVED,
    SLOT_USED,
    SOMETHING_FAILED,
    SOMETHING_SENT,
    TIMER_RAN,
    Cancel,
    Done,
    Drop,
    Fail,
    Heal,
    Merge,
    MessageRow,
    Reroute,
    Result,
    Retry,
    Skip,
    Task,
    Wait,
)
from notifications.sql import settling as sql
from tenants import rows
from tenants.ids import uuid7
from tenants.scope import batch_scope

log = logging.getLogger(__name__)

GONE, LATER, READY = -1, 0, 1
LOST = (OperationalError, InterfaceError)


@dataclass(slots=True)
class Move:
    """What a result means for the line of open work, the notification and its log.

    final: the notification's last state, when it ends here. status: the log line's word.
    """

    state: int
    step: int
    attempt: int
    flags: int
    due_at: datetime
    status: str
    reason: str = ""
    detail: str = ""
    message: MessageRow | None = None
    final: str = ""


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
    with batch_scope([result.task.tenant_id]):
        return write([Result(result.task, bare)], now)


def write(results: Sequence[Result], now: datetime) -> set[int]:
    """Write results; call inside the batch's scope."""
    moves = [(result, _move(result, now)) for result in results]
    held = _move_lines(moves)
    ours = [pair for pair in moves if pair[0].task.due_id in held]
    _insert_messages(ours)
    _insert_log(ours, [pair for pair in moves if pair[0].task.due_id not in held])
    _close(ours)
    _give_back(ours)
    _note(ours)
    metrics.count(pair[1].status for pair in ours)
    return held


def _move(result: Result, now: datetime) -> Move:  # noqa: C901 (one case per outcome, closed)
    task, outcome = result.task, result.outcome
    if _is_given_back(result):
        task.flags &= ~SLOT_RESERVED
    stay = (task.step, task.attempt, task.flags)
    match outcome:
        case Done():
            return _onward(task, outcome, now)
        case Skip():
            return _skipped(task, outcome, now)
        case Wait():
            return _wait(task, outcome, now)
        case Retry():
            state = LATER
            at = (task.step, task.attempt + 1, task.flags)
            return Move(state, *at, outcome.at, "retry", outcome.reason, outcome.detail)
        case Heal():
            at = (task.step, task.attempt + 1, task.flags)
            return Move(READY, *at, now, "retry", outcome.reason, outcome.detail)
        case Reroute():
            flags = task.flags | SOMETHING_FAILED
            return Move(
                READY,
                task.step,
                0,
                flags,
                now,
                "failed",
                outcome.reason,
                outcome.detail,
                outcome.message,
            )
        case Fail():
            return Move(
                GONE,
                *stay,
                now,
                "failed",
                outcome.reason,
                outcome.detail,
                outcome.message,
                final="failed",
            )
        case Cancel():
            return Move(GONE, *stay, now, "canceled", outcome.reason, final="canceled")
        case Merge():
            return Move(GONE, *stay, now, "merged", str(outcome.into), final="merged")
        case Drop():
            return Move(GONE, *stay, now, "")
        case _:
            assert_never(outcome)


def _onward(task: Task, done: Done, now: datetime) -> Move:
    message = done.message
    flags = task.flags | (SOMETHING_SENT if message else 0)
    if message and task.category == "mk" and flags & SLOT_RESERVED:
        flags |= SLOT_USED
    status = message.state if message else "done"
    reason = message.reason if message else ""
    return _next_step(task, flags, now, status, reason, done.detail, message)


def _skipped(task: Task, skip: Skip, now: datetime) -> Move:
    return _next_step(task, task.flags, now, "skipped", skip.reason, skip.detail, None)


def _next_step(  # noqa: PLR0913 (the parts of one Move)
    task: Task,
    flags: int,
    now: datetime,
    status: str,
    reason: str,
    detail: str,
    message: MessageRow | None,
) -> Move:
    is_last = task.step + 1 >= task.steps
    kept = flags & (SOMETHING_SENT | SOMETHING_FAILED | SLOT_USED)  # the rest belongs to the step
    move = Move(
        GONE if is_last else READY, task.step + 1, 0, kept, now, status, reason, detail, message
    )
    if is_last:
        move.final = _final(flags)
    return move


def _final(flags: int) -> str:
    if flags & SOMETHING_SENT:
        return "completed"
    return "failed" if flags & SOMETHING_FAILED else "skipped"


def _wait(task: Task, wait: Wait, now: datetime) -> Move:
    if task.expires_at is not None and wait.until > task.expires_at:
        # It would wake up too late to be of use: say so now instead of at expiry.
        if wait.flags & TIMER_RAN:  # what comes after a delay must not come before it
            end = _final(task.flags)
            stay = (task.step, task.attempt, task.flags)
            return Move(GONE, *stay, now, "skipped", "expired", wait.reason, final=end)
        return _next_step(task, task.flags, now, "skipped", "expired", wait.reason, None)
    flags = task.flags | wait.flags
    return Move(
        LATER, task.step, task.attempt, flags, wait.until, "waiting", wait.reason, wait.detail
    )


Pair = tuple[Result, Move]


def _move_lines(moves: Sequence[Pair]) -> set[int]:
    ordered = sorted(moves, key=lambda pair: pair[0].task.due_id)
    tasks = [result.task for result, _ in ordered]
    lines = [move for _, move in ordered]
    found = rows.fetch(
        sql.DUE,
        [
            [task.due_id for task in tasks],
            [task.batch_id for task in tasks],
            [move.state for move in lines],
            [move.step for move in lines],
            [move.attempt for move in lines],
            [move.flags for move in lines],
            [move.due_at for move in lines],
            [
                move.status in ("retry", "waiting") and task.category == "tx"
                for task, move in zip(tasks, lines, strict=True)
            ],
        ],
    )
    return {row[0] for row in found}


def _insert_messages(pairs: Iterable[Pair]) -> None:
    written = [(result.task, move.message) for result, move in pairs if move.message]
    if not written:
        return
    messages = [message for _, message in written]
    rows.run(
        sql.MESSAGES,
        [
            [m.id for m in messages],
            [task.tenant_id for task, _ in written],
            [task.notification_id for task, _ in written],
            [m.integration_id for m in messages],
            [m.channel for m in messages],
            [m.provider for m in messages],
            [task.step for task, _ in written],
            [m.state for m in messages],
            [_clean(m.provider_id, 255) for m in messages],
            [m.language for m in messages],
            [m.template_version_id for m in messages],
            [m.address for m in messages],
            [_clean(m.title, 500) for m in messages],
            [m.body for m in messages],
            [json.dumps(m.extra) if m.extra else None for m in messages],
            [m.reason for m in messages],
        ],
    )


def _clean(text: str, limit: int) -> str:
    """Cut what a provider said to what a column holds; PostgreSQL knows no NUL."""
    return text.replace("\0", "")[:limit]


def _insert_log(ours: Iterable[Pair], stale: Iterable[Pair]) -> None:
    lines = [(r.task, m, m.status, m.detail) for r, m in ours if m.status]
    lines += [
        (r.task, m, "late", f"{m.message.provider_id} {m.detail}".strip())
        for r, m in stale
        if m.message is not None
    ]
    if not lines:
        return
    rows.run(
        sql.LOG,
        [
            [uuid7() for _ in lines],
            [task.tenant_id for task, *_ in lines],
            [task.notification_id for task, *_ in lines],
            [move.message.id if move.message else None for _, move, *_ in lines],
            [task.step for task, *_ in lines],
            [status for _, _, status, _ in lines],
            [_clean(move.reason, 100) for _, move, *_ in lines],
            [_clean(detail, 2000) for *_, detail in lines],
        ],
    )


def _close(pairs: Iterable[Pair]) -> None:
    final = sorted(
        ((r.task, m) for r, m in pairs if m.final), key=lambda pair: pair[0].notification_id
    )
    if not final:
        return
    _run(
        sql.NOTIFICATIONS,
        final,
        lambda task, _: task.notification_id,
        lambda task, _: task.tenant_id,
        lambda _, move: move.final,
        lambda _, move: move.reason[:100],
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


def _is_given_back(result: Result) -> bool:
    """Say whether a proven non-send gives back what it took of the client's limits.

    Marketing does so at each attempt and takes it anew at the next: while it waits, another
    message may have the slot.
    """
    task, outcome = result.task, result.outcome
    is_sent = isinstance(outcome, Done) and outcome.message is not None
    is_over = task.category == "mk" or isinstance(outcome, Fail)
    return bool(task.counters) and is_over and not is_sent


def _give_back(pairs: Iterable[Pair]) -> None:
    limits.release_keys(
        [(key, r.task.tenant_id) for r, _ in pairs if _is_given_back(r) for key in r.task.counters]
    )


def _note(pairs: Iterable[Pair]) -> None:
    """Note what the answers said about addresses and accounts."""
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


def _run(
    statement: str, pairs: Sequence[tuple[Task, Any]], *columns: Callable[[Task, Any], object]
) -> None:
    if pairs:
        rows.run(statement, [[column(*pair) for pair in pairs] for column in columns])


def keep_reservations(tasks: Sequence[Task]) -> None:
    """Write down which lines hold a marketing slot; call inside the batch's scope.

    A worker that dies before hand-over would else leave lines that their own slot forbids to send.
    """
    held = sorted((t for t in tasks if t.category == "mk"), key=lambda task: task.due_id)
    if held:
        rows.run(
            sql.RESERVED,
            [[t.due_id for t in held], [t.batch_id for t in held], [t.flags for t in held]],
        )


def hand_over(tasks: Sequence[tuple[Task, UUID]]) -> set[int]:
    """Mark tasks as sending with their message ids; return those that are still ours to send."""
    if not tasks:
        return set()
    ordered = sorted(tasks, key=lambda pair: pair[0].due_id)
    with batch_scope(task.tenant_id for task, _ in ordered):
        found = rows.fetch(
            sql.HAND_OVER,
            [
                [task.due_id for task, _ in ordered],
                [task.batch_id for task, _ in ordered],
                [message_id for _, message_id in ordered],
                [task.flags for task, _ in ordered],
            ],
        )
        marked = {row[0] for row in found}
        _give_back_canceled([task for task, _ in ordered if task.due_id not in marked])
    return marked


def _give_back_canceled(refused: Sequence[Task]) -> None:
    """Free the slots of what was called off after prepare; lines of ended leases keep theirs."""
    held = {task.notification_id: task for task in refused if task.counters}
    if held:
        tenants = [task.tenant_id for task in held.values()]
        canceled = rows.fetch(sql.CANCELED, [list(held), tenants])
        limits.release_keys([(k, held[n].tenant_id) for (n,) in canceled for k in held[n].counters])
