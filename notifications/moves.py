"""What an outcome means for the line of open work, the log and the notification: rules only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from notifications.outcomes import (
    BESIDE,
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

GONE, LATER, READY = -1, 0, 1


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


Pair = tuple[Result, Move]


def move_of(result: Result, now: datetime) -> Move:
    """Decide it for one result; forgets a marketing slot that the result gives back."""
    move = _move_of(result, now)
    if result.task.flags & BESIDE:
        move.final = ""
    return move


def _move_of(result: Result, now: datetime) -> Move:  # noqa: C901 (one case per outcome, closed)
    task, outcome = result.task, result.outcome
    if is_given_back(result):
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
            return Move(READY, task.step, 0, flags, now, "failed", *_why(outcome))
        case Fail() if task.goes_on:
            return _failed(task, outcome, now)
        case Fail():
            return Move(GONE, *stay, now, "failed", *_why(outcome), final="failed")
        case Cancel():
            return Move(GONE, *stay, now, "canceled", outcome.reason, final="canceled")
        case Merge():
            return Move(GONE, *stay, now, "merged", str(outcome.into), final="merged")
        case Drop():
            return Move(GONE, *stay, now, "")
        case _:
            assert_never(outcome)


def _why(outcome: Fail | Reroute) -> tuple[str, str, MessageRow | None]:
    return outcome.reason, outcome.detail, outcome.message


def _onward(task: Task, done: Done, now: datetime) -> Move:
    message = done.message
    flags = task.flags | (SOMETHING_SENT if message else 0)
    if message and task.category == "mk" and flags & SLOT_RESERVED:
        flags |= SLOT_USED
    status = message.state if message else "done"
    reason = done.reason or (message.reason if message else "")
    move = Move(READY, 0, 0, flags, now, status, reason, done.detail, message)
    return _to_step(task, move, done.to)


def _skipped(task: Task, skip: Skip, now: datetime) -> Move:
    move = Move(READY, 0, 0, task.flags, now, "skipped", skip.reason, skip.detail)
    return _to_step(task, move, skip.to)


def _failed(task: Task, fail: Fail, now: datetime) -> Move:
    flags = task.flags | SOMETHING_FAILED
    move = Move(READY, 0, 0, flags, now, "failed", fail.reason, fail.detail, fail.message)
    return _to_step(task, move)


def _to_step(task: Task, move: Move, to: int | None = None) -> Move:
    """Go on with this step, else the next; after the last the notification ends."""
    move.step = task.step + 1 if to is None else min(to, task.steps)
    if move.step >= task.steps or move.flags & BESIDE:
        move.state, move.final = GONE, _final(move.flags)
    move.flags &= SOMETHING_SENT | SOMETHING_FAILED | SLOT_USED  # the rest belongs to the step
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
        return _skipped(task, Skip("expired", wait.reason), now)
    flags = task.flags | wait.flags
    return Move(
        LATER, task.step, task.attempt, flags, wait.until, "waiting", wait.reason, wait.detail
    )


def is_given_back(result: Result) -> bool:
    """Say whether a proven non-send gives back what it took of the client's limits.

    Marketing does so at each attempt and takes it anew at the next: while it waits, another
    message may have the slot.
    """
    task, outcome = result.task, result.outcome
    is_sent = isinstance(outcome, Done) and outcome.message is not None
    is_over = task.category == "mk" or isinstance(outcome, Fail)
    return bool(task.counters) and is_over and not is_sent
