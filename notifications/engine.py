"""The life of a batch, from claim to settle.

1. claim: lines of open work and ranges of campaigns' recipients are leased to this worker, fairly
   between tenants (one statement).
2. prepare: decided, limited, rendered; what needs no provider is written at once.
3. hand over: just before sending, as many lines as there are free slots are marked *sending*: with
   their batch where they leave at once, one by one where they had to wait.
4. send: the gateway carries all of them at once; no transaction is open.
5. settle: answers are written as they come, at most 100 ms or 500 at a time.
A worker that dies leaves leases: the sweep gives lines back that were not *sending*, and to who is
left in a range a line; prepare decides about the others by their category.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import redis
from django.conf import settings
from django.db import connection

from channels.gateway import Gateway
from channels.outages import Outage
from notifications import dispatch, fanout
from notifications.claiming import NIL, Claims, claim, claim_suspect
from notifications.definition import HURRIED
from notifications.handover import hand_over
from notifications.outcomes import Result, Task, Wait
from notifications.parking import Parking, Slots
from notifications.preparing import Leaving, prepare
from notifications.settling import LOST, settle
from notifications.steps.send import Send
from notifications.verdict import judge
from tenants.scope import platform_scope

__all__ = ["NIL", "Counts", "Drain", "claim", "claim_suspect", "now"]

log = logging.getLogger(__name__)
outage = Outage("the database", log)

BATCH = 400  # lines prepared at a time; the marked ones are at most the gateway's slots
SETTLE_ROWS = 500
SETTLE_S = 0.1
SETTLED_WITHIN_S = 1.0  # an answer that comes as the lease ends must still be written down
BREATH_S = 0.005  # between two looks while answers come in
LOOK_S = 0.5  # how often to look without a wake-up
SWEEP_S = 1.0
BUSY = timedelta(seconds=1)


@dataclass(slots=True)
class Counts:
    """What a drain has done; the return value of its RQ job."""

    claimed: int = 0
    sent: int = 0
    settled: int = 0
    expanded: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Drain:
    """One worker's loop over its queues, most urgent first."""

    queues: Sequence[str]
    gateway: Gateway
    worker: str
    should_stop: Callable[[], bool] = lambda: False
    counts: Counts = field(default_factory=Counts)
    parking: Parking = field(init=False)
    claims: Claims = field(init=False)
    flying: dict[int, Send] = field(default_factory=dict)
    answers: list[Result] = field(default_factory=list)
    leases: dict[UUID, float] = field(default_factory=dict)
    next_key: int = 0
    last_settle: float = 0.0
    last_look: float = -1e9
    last_sweep: float = -1e9
    last_asked: float = -1e9
    is_wanted: bool = False
    is_dry: bool = True  # the last look found nothing

    def __post_init__(self) -> None:
        self.parking = Parking(self.gateway)
        self.claims = Claims(self.queues, self.worker)

    def run(self, seconds: float) -> Counts:
        """Work for so long and return the counts; the next run goes on with what is in flight.

        A provider that takes its time must not keep this worker from others' messages, so the end
        of a run waits for nobody; `finish` does.
        """
        started = time.monotonic()
        self.is_wanted = False  # the job for which the last run made room has had its turn
        while time.monotonic() < started + seconds and not self._is_wanted_elsewhere():
            self._try(is_over=False)
        self.counts.seconds = round(time.monotonic() - started, 3)
        return self.counts

    def finish(self) -> None:
        """Claim nothing more; send what is prepared, write what is in flight (before the end).

        After a lease's length it is the sweep's turn, whatever the database is doing.
        """
        deadline = time.monotonic() + settings.LEASE_S
        while not self._is_idle() and time.monotonic() < deadline:
            self._try(is_over=True)

    def _try(self, *, is_over: bool) -> None:
        try:
            self._lap(is_over)
        except LOST as error:
            outage.lasts("what was sent is kept and written later", error)
            self._database_lost()
        else:
            outage.is_over()

    def drain_dry(self) -> Counts:
        """Work until nothing is due (commands and tests)."""
        while True:
            self.last_look = self.last_sweep = -1e9
            before = self._done()
            self._lap(False, may_wait=False)
            if self._is_idle() and self._done() == before:
                return self.counts

    def _done(self) -> int:
        """Count all that moves work on; what a settle has made ready was not looked at yet."""
        return self.counts.claimed + self.counts.expanded + self.counts.settled

    def _lap(self, is_over: bool, *, may_wait: bool = True) -> None:
        if is_over:
            self.is_dry = True
        else:
            self._sweep()
            self._look()
        self._launch()
        self._collect()
        self._settle(force=not (self.flying or self.parking))
        if may_wait and not is_over and self.is_dry and self._is_idle():
            self._wait()

    def _is_wanted_elsewhere(self) -> bool:
        """Ask seldom: the question goes to Redis."""
        if time.monotonic() - self.last_asked >= LOOK_S:
            self.last_asked = time.monotonic()
            self.is_wanted = self.should_stop()
        return self.is_wanted

    def _is_idle(self) -> bool:
        return not (self.parking or self.flying or self.answers)

    def _sweep(self) -> None:
        if time.monotonic() - self.last_sweep >= SWEEP_S:
            self.last_sweep = time.monotonic()
            dispatch.sweep()
            self.claims.suspect()

    def _look(self) -> None:
        """Claim when there is room and either a wake-up, recent success, or time says so.

        Without room it would cost its transaction for broadcasts alone, which are in no hurry then.
        """
        if BATCH - len(self.parking.sends) <= BATCH // 2:
            return
        pause_s = BREATH_S if any(map(self._room, self.queues)) else LOOK_S
        if self.flying and time.monotonic() - self.last_look < pause_s:
            return
        self.last_look = time.monotonic()
        dispatch.clear_flags(self.queues)
        leased_at = time.monotonic()  # before the database says so: ours must not end later
        with platform_scope("a look takes ids of all tenants"):
            waiting = fanout.waiting(self.queues)
            tasks, is_full = self.claims.take(self._room)
        self.is_dry = not (waiting or tasks or is_full)
        if tasks:
            self._prepare(tasks, leased_at)
        self.counts.expanded += fanout.expand(waiting)

    def _room(self, queue: str) -> int:
        """Say how many lines to take: what can leave at once, and no handful of what can wait.

        A line that has its slot when it is prepared needs no transaction of its own to leave.
        """
        left = BATCH - len(self.parking.sends)
        if queue in HURRIED:
            return left
        is_worth_it = self.gateway.has_room or not self.flying
        return min(left, self.gateway.spare) if is_worth_it else 0

    def _prepare(self, tasks: Sequence[Task], leased_at: float) -> None:
        lease_end = leased_at + settings.LEASE_S - SETTLED_WITHIN_S
        for batch_id in {task.batch_id for task in tasks}:
            self.leases[batch_id] = lease_end
        self.counts.claimed += len(tasks)
        sends = prepare(tasks, now(), self.gateway.open_breakers(), self._leaving)
        self._submit([send for send in sends if send.is_marked])
        self.parking.add([send for send in sends if not send.is_marked])

    def _leaving(self, sends: Sequence[Send]) -> Leaving:
        """Ask for a whole batch who has a slot now and passes breakers and limits."""
        slots = Slots(self.gateway, self.parking)
        ready: list[Send] = []
        waiting: list[Send] = []
        for send in sends:
            (ready if slots.take(send.account) else waiting).append(send)
        ready, held = self._admitted(ready)
        return Leaving(ready, waiting, held)

    def _launch(self) -> None:
        """Mark as *sending* what had to wait, and send it; what a stall holds up goes back."""
        self.parking.end_gathering(is_dry=self.is_dry)
        chosen, held = self._admitted(self.parking.leave())
        self.answers += held
        marked = hand_over([(send.task, send.message.id) for send in chosen])
        self._submit([send for send in chosen if send.task.due_id in marked])
        until = now() + BUSY
        self.answers += [
            Result(send.task, Wait(until, "integration_busy")) for send in self.parking.stalled()
        ]

    def _admitted(self, sends: list[Send]) -> tuple[list[Send], list[Result]]:
        """Part them by breakers and limits, before anything says that it is sending."""
        if not sends:
            return [], []
        wanted = [(index, send.account, send.outbound) for index, send in enumerate(sends)]
        held = self.gateway.admit(wanted)
        if not held:
            return sends, []
        moment = now()
        results = [judge(sends[index], sent, moment) for index, sent in held.items()]
        return [send for index, send in enumerate(sends) if index not in held], results

    def _submit(self, sends: Sequence[Send]) -> None:
        batch_id, lease_end = None, 0.0
        for send in sends:
            self.next_key += 1
            self.flying[self.next_key] = send
            if send.task.batch_id is not batch_id:  # most stand beside others of theirs
                batch_id = send.task.batch_id
                lease_end = self.leases.get(batch_id, 0.0)
            self.gateway.submit(self.next_key, send.account, send.outbound, lease_end)
        self.counts.sent += len(sends)

    def _collect(self) -> None:
        if not self.flying:
            return
        moment = now()
        for sent in self.gateway.poll(0.02 if not self.parking else 0.005):
            send = self.flying.pop(sent.key)
            self.answers.append(judge(send, sent, moment))

    def _settle(self, *, force: bool) -> None:
        if not self.answers:
            return
        is_time = time.monotonic() - self.last_settle >= SETTLE_S
        if force or is_time or len(self.answers) >= SETTLE_ROWS:
            settle(self.answers, now())
            self.counts.settled += len(self.answers)
            self.answers = []
            self.last_settle = time.monotonic()
            self._forget_leases()

    def _forget_leases(self) -> None:
        """Forget ended leases; a line of theirs would be refused at hand-over anyway."""
        moment = time.monotonic()
        self.leases = {key: end for key, end in self.leases.items() if end > moment}

    def _wait(self) -> None:
        """Sleep until somebody wakes us, at most until the next look."""
        idle_since_look = time.monotonic() - self.last_look
        try:
            dispatch.wait(self.queues, max(0.0, LOOK_S - idle_since_look))
        except redis.RedisError:
            time.sleep(0.1)

    def _database_lost(self) -> None:
        """Keep the answers and try again: what was sent must be written down.

        Prepared sends are dropped; their leases end by themselves.
        """
        # No block is open here. One that could not begin is taken by Django for one that still is,
        # and inside a block it opens no connection any more.
        connection.in_atomic_block = False
        connection.close()
        self.parking.clear()
        time.sleep(0.2)


def now() -> datetime:
    """Tell the time; the engine's only clock for due moments."""
    return datetime.now(UTC)
