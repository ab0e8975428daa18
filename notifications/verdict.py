"""What a provider's answer means for the notification: one rule per class of outcome."""

from __future__ import annotations

import dataclasses
import random
from datetime import UTC, datetime, timedelta

from channels.errors import BadAddress, DeliveryError, Moved, NotStarted
from channels.errors import Outcome as Answer
from channels.flights import Sent
from notifications.outcomes import (
    MAYBE_SENT,
    Done,
    Fail,
    Heal,
    MessageRow,
    Outcome,
    Reroute,
    Result,
    Retry,
    Wait,
)
from notifications.retry import next_attempt
from notifications.steps.send import Send

DEFER = timedelta(days=1)
FREEZE_AT_LEAST_S = 1.0
MOST_MOVES = 3  # a provider that never stops moving its client has no address for her


def judge(send: Send, sent: Sent, now: datetime) -> Result:
    """Turn an answer into the outcome of the step."""
    if sent.receipt is not None:
        message = send.message
        message.state, message.provider_id = sent.receipt.state, sent.receipt.provider_id
        return Result(send.task, Done(message, sent.receipt.raw, send.detour))
    error = sent.error or DeliveryError("no answer")
    return Result(send.task, _outcome(send, error, now))


def _outcome(send: Send, error: DeliveryError, now: datetime) -> Outcome:
    match error.outcome:
        case Answer.RETRY if isinstance(error, NotStarted):
            return Wait(now + timedelta(seconds=error.retry_after_s or 1.0), error.why)
        case Answer.RETRY:
            return _again(send, error, now)
        case Answer.RETRY_AFTER:
            return _throttled(send, error, now)
        case Answer.DEFER:
            return _deferred(send, error, now)
        case Answer.AUTH_PAUSE | Answer.PROVIDER_PAUSE:
            send.task.pause = (send.account.id, f"{error.outcome}: {error.detail}"[:200])
            # At once: prepare sees the pause and takes another channel, or waits there.
            return Wait(now, str(error.outcome), detail=error.detail)
        case Answer.AMBIGUOUS | Answer.UNKNOWN:
            return _uncertain(send, error, now)
        case Answer.PERMANENT_RECIPIENT | Answer.OPT_OUT | Answer.WINDOW_CLOSED:
            return _next_address(send, error)
        case _:
            return Fail(str(error.outcome), _failed(send, error), error.detail)


def _again(send: Send, error: DeliveryError, now: datetime) -> Retry | Fail:
    at = next_attempt(
        send.task.attempt + 1,
        now=now,
        luck=random.random(),  # noqa: S311 (jitter, not a secret)
        retry_after_s=error.retry_after_s,
    )
    if at is None:
        return Fail("attempts_exhausted", _failed(send, error), error.detail)
    return Retry(at, str(error.outcome), error.detail)


def _throttled(send: Send, error: DeliveryError, now: datetime) -> Wait:
    """Too many: the provider's own wait, no attempt; an account-wide one freezes the account."""
    until = now + timedelta(seconds=max(error.retry_after_s or 0.0, FREEZE_AT_LEAST_S))
    if error.scope == "integration":
        send.task.freeze = (send.account.id, until)
    return Wait(until, "throttled", detail=error.detail)


def _deferred(send: Send, error: DeliveryError, now: datetime) -> Wait | Fail:
    """Not today. Who is spared from more marketing gets none; an account that is used up waits."""
    if send.task.category == "mk" and error.scope == "address":
        return Fail("deferred_by_provider", _failed(send, error), error.detail)
    return Wait(now + DEFER, "deferred_by_provider", detail=error.detail)


def _uncertain(send: Send, error: DeliveryError, now: datetime) -> Done | Retry | Fail:
    """It may have been sent: mk is never repeated, tx once (a double is the lesser harm).

    Where the provider itself drops a repeated call, tx is repeated like after any failure.
    """
    task = send.task
    is_repeated = send.account.adapter.is_idempotent or not task.flags & MAYBE_SENT
    if task.category == "tx" and is_repeated:
        task.flags |= MAYBE_SENT
        return _again(send, error, now)
    message = dataclasses.replace(send.message, state="unknown", reason=str(error.outcome))
    return Done(message, error.detail)


def _next_address(send: Send, error: DeliveryError) -> Reroute | Heal | Fail:
    if send.address_id is None:
        return Fail(str(error.outcome), _failed(send, error), error.detail)
    if isinstance(error, Moved) and send.task.attempt < MOST_MOVES:
        return Heal(send.address_id, error.new_address, "moved", error.detail)
    state = {
        Answer.PERMANENT_RECIPIENT: "inactive",
        Answer.OPT_OUT: "suppressed",
        Answer.WINDOW_CLOSED: "window_closed",
    }[error.outcome]
    reason = str(error.outcome)
    known_at = error.dead_since if isinstance(error, BadAddress) else None
    since = datetime.fromtimestamp(known_at, UTC) if known_at is not None else None
    return Reroute(send.address_id, state, reason, _failed(send, error), error.detail, since)


def _failed(send: Send, error: DeliveryError) -> MessageRow:
    return dataclasses.replace(send.message, state="failed", reason=str(error.outcome))
