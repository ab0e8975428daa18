"""Decide what happens to a batch of claimed work; nothing leaves the machine here.

One transaction in the scope of exactly the batch's tenants: load, rules that hold for every step,
the step's own handler; whatever does not have to be sent is written at once.
"""

from __future__ import annotations

import dataclasses
import logging
import traceback
from collections import defaultdict
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from channels.accounts import Account
from notifications import ranges
from notifications.definition import SILENT_KINDS
from notifications.gates import CHANNELS
from notifications.handover import hand_over_batches, keep_waiting, mark
from notifications.loading import Batch, Work, load
from notifications.outcomes import (
    BESIDE,
    Cancel,
    Done,
    Drop,
    Fail,
    MessageRow,
    Outcome,
    Result,
    Skip,
    Task,
    Wait,
)
from notifications.settling import LOST, settle, write
from notifications.steps import HANDLERS, ORDER, Handler
from notifications.steps.channel import compose
from notifications.steps.consent import keep_consented
from notifications.steps.fallback import keep_needed
from notifications.steps.plan import Plans
from notifications.steps.route import stop_wait
from notifications.steps.send import Send
from notifications.steps.text import published
from tenants.scope import batch_scope

log = logging.getLogger(__name__)

MOST_CLAIMS = 5  # a line that was claimed so often without a result kills its worker
OWN_CHANNEL = frozenset({"in_app", "webhook"})  # steps that have no other way
OPEN = frozenset({"pending", "running", "delayed"})
OPEN_BESIDE = OPEN | {"completed", "failed", "skipped"}
SUSPENDED_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What may leave at once, what waits for a slot, and what a breaker or a limit holds."""

    ready: Sequence[Send]
    waiting: Sequence[Send]
    held: Sequence[Result] = ()


def _nobody(sends: Sequence[Send]) -> Leaving:
    return Leaving((), sends)


def prepare(
    tasks: Sequence[Task],
    now: datetime,
    failing: Set[UUID] = frozenset(),
    leave: Callable[[Sequence[Send]], Leaving] = _nobody,
    *,
    is_whole: bool = True,
) -> list[Send]:
    """Prepare a batch; return what is to be sent, marked as *sending* where it may leave at once.

    failing: accounts whose breaker is open. leave: asks the gateway who may leave. is_whole: these
    are all lines of their batches, so that one mark serves them all.

    A batch that breaks is halved down to the row that breaks it, which fails with its reason:
    one poisoned row never holds up the others.
    """
    before = [(task.flags, task.message_id, task.range_id) for task in tasks]
    try:
        return _prepare(
            tasks, now, failing, leave, hand_over_batches if is_whole else _line_by_line
        )
    except LOST:
        raise
    except Exception as error:  # noqa: BLE001 (the engine's border: one row must not stop the others)
        _forget(tasks, before)
        if len(tasks) == 1:
            _poisoned(tasks[0], error, now)
            return []
        if is_whole:
            with batch_scope(task.tenant_id for task in tasks):
                ranges.part(tasks)
        middle = len(tasks) // 2
        return [
            send
            for half in (tasks[:middle], tasks[middle:])
            for send in prepare(half, now, failing, leave, is_whole=False)
        ]


def _forget(tasks: Sequence[Task], before: Sequence[tuple[int, UUID | None, int | None]]) -> None:
    """Take back what the tasks say about reservations and marks: they were rolled back."""
    for task, (flags, message_id, range_id) in zip(tasks, before, strict=True):
        task.flags, task.message_id, task.range_id, task.counters = flags, message_id, range_id, []


def _poisoned(task: Task, error: Exception, now: datetime) -> None:
    name = type(error).__name__  # its text may hold a client's data
    trace = "".join(traceback.format_tb(error.__traceback__))
    log.error("a row broke the batch: %s\n%s", name, trace, extra={"due": task.due_id})
    settle([Result(task, Fail("poisoned", detail=name))], now)


def _prepare(
    tasks: Sequence[Task],
    now: datetime,
    failing: Set[UUID],
    leave: Callable[[Sequence[Send]], Leaving],
    hand: Callable[[Sequence[tuple[Task, UUID]], Sequence[Task]], set[int]],
) -> list[Send]:
    with batch_scope(task.tenant_id for task in tasks):
        batch = load(tasks)
        if failing:
            batch.accounts = {key: _told(own, failing) for key, own in batch.accounts.items()}
        results, sends = decide(batch, now)
        leaving = leave(sends)
        results += leaving.held
        if results:
            write(results, now)
        ready = [(send.task, send.message.id) for send in leaving.ready]
        marked = hand(ready, [send.task for send in leaving.waiting])
        for send in leaving.ready:
            send.is_marked = True
        return [send for send in leaving.ready if send.task.due_id in marked] + [*leaving.waiting]


def decide(batch: Batch, now: datetime) -> tuple[list[Result], list[Send]]:
    """Apply the rules and the steps to loaded work; call inside the batch's scope."""
    results = [Result(task, Cancel("subscriber_deleted")) for task in batch.orphans]
    open_works: list[Work] = []
    for work in batch.works:
        outcome = _general(work, batch, now)
        if outcome is None:
            open_works.append(work)
        else:
            results.append(Result(work.task, outcome))
    open_works, refused = keep_consented(open_works)
    results += refused
    open_works, unneeded = keep_needed(open_works, now)
    results += unneeded
    sends: list[Send] = []
    for prepared in _steps(open_works, batch, now):
        (sends if isinstance(prepared, Send) else results).append(prepared)  # type: ignore[arg-type]  # by type
    return results, sends


def _line_by_line(leaving: Sequence[tuple[Task, UUID]], waiting: Sequence[Task]) -> set[int]:
    """Mark lines of batches that others of theirs have left, or not yet."""
    keep_waiting(waiting)
    return mark(leaving)


def _told(accounts: Sequence[Account], failing: Set[UUID]) -> Sequence[Account]:
    """Note at the accounts which of them are failing now."""
    if failing.isdisjoint([account.id for account in accounts]):
        return accounts
    return [account.failing() if account.id in failing else account for account in accounts]


def _general(work: Work, batch: Batch, now: datetime) -> Outcome | None:
    """Apply the rules that come before any step."""
    task, event = work.task, work.event
    if work.state not in (OPEN_BESIDE if task.flags & BESIDE else OPEN):
        return Drop()
    if work.step is None:
        return Done()
    if task.message_id is not None and task.category == "mk":
        return _interrupted(work, batch, now)
    if event.is_canceled and not work.gathered:
        return Cancel("canceled")
    if task.claims >= MOST_CLAIMS:
        return Fail("poisoned", detail="claimed too often without a result")
    if task.expires_at is not None and now >= task.expires_at:
        return Skip("expired")
    return _of_salon(work, now) or _of_will(work, now)


def _of_salon(work: Work, now: datetime) -> Outcome | None:
    match work.salon.state:
        case "suspended" if work.task.category == "tx":
            return Wait(now + SUSPENDED_FOR, "salon_suspended")
        case "suspended" | "closed":
            return Cancel(f"salon_{work.salon.state}")
        case _:
            return None


def _of_will(work: Work, now: datetime) -> Outcome | None:
    """Hold what somebody has stopped, leave out what the client does not want."""
    kind = work.step.kind if work.step else ""
    if not (work.stopped or work.off) or kind in SILENT_KINDS:
        return None
    if "" in work.stopped or (kind in OWN_CHANNEL and kind in work.stopped):
        return stop_wait(work, now)
    if work.off >= CHANNELS and kind != "webhook":
        return Skip("all_channels_off")
    return Skip("preference") if kind == "in_app" and kind in work.off else None


def _interrupted(work: Work, batch: Batch, now: datetime) -> Done:
    """Marketing that may have been sent is never sent again: it stays unknown until a callback."""
    accounts = batch.accounts.get(work.task.tenant_id, ())
    composed = compose(work, accounts, Plans(published([work]), now), now)
    if isinstance(composed, Send):
        message = dataclasses.replace(composed.message, state="unknown", reason="interrupted")
    else:
        assert work.task.message_id is not None  # noqa: S101 (the caller's own condition)
        message = MessageRow(
            id=work.task.message_id,
            channel="",
            provider="",
            state="unknown",
            language=work.person.language,
            title="",
            body="",
            reason="interrupted",
        )
    return Done(message)


def _steps(works: Sequence[Work], batch: Batch, now: datetime) -> list[Result | Send]:
    groups: dict[Handler, list[Work]] = defaultdict(list)
    for work in works:
        if work.step is not None:
            groups[HANDLERS[work.step.kind]].append(work)
    return [
        prepared
        for handler in ORDER
        if handler in groups
        for prepared in handler(groups[handler], batch.accounts, now)
    ]
