"""How do messages leave that no HTTP client carries: a few kept connections per account.

These are e-mails to salons' own mail servers, and what libraries with sockets of their own send.

The life of a message:
1. `submit` puts it in its account's line and starts a thread when all of them are busy (up to 4).
2. A thread takes it, checks the lease, sends it over its kept connection.
3. `poll` reports; a thread without work for 30 s says goodbye and ends.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Hashable
from typing import Protocol

from channels.calls import LEASE_MARGIN_S
from channels.contract import Outbound, Receipt
from channels.errors import Ambiguous, DeliveryError, NotStarted
from channels.guard import AddressGuard

Result = tuple[int, Receipt | DeliveryError]

CONNECTIONS_PER_ACCOUNT = 4  # more look like an attack to the servers of small hosters
IDLE_S = 30.0

log = logging.getLogger("channels.calls")


class OwnConnection(Protocol):
    """What carries one message after another, in one thread."""

    def send(self, outbound: Outbound, lease_end: float) -> Receipt:
        """Send a message; raises DeliveryError. lease_end: time.monotonic() seconds."""

    def close(self) -> None:
        """Let go."""


class OwnAccount(Hashable, Protocol):
    """An account that opens its own connections. method, host: for the log, free of secrets."""

    @property
    def method(self) -> str: ...

    @property
    def host(self) -> str: ...

    def open(self, guard: AddressGuard) -> OwnConnection:
        """Make a connection; it connects when it first sends."""


class SmtpSender:
    """Slots that each hold one message. Belongs to one thread; only `wake` is for others."""

    def __init__(self, guard: AddressGuard, slots: int = 40, idle_s: float = IDLE_S) -> None:
        self._guard = guard
        self.slots = slots
        self._idle_s = idle_s
        self._taken = 0
        self._lines: dict[OwnAccount, _Line] = {}
        self._finished: queue.SimpleQueue[Result | None] = queue.SimpleQueue()
        self._refused: list[Result] = []

    @property
    def free(self) -> int:
        return self.slots - self._taken

    def submit(self, key: int, account: OwnAccount, outbound: Outbound, lease_end: float) -> None:
        """Send a message; poll reports it under this key. lease_end: time.monotonic() seconds."""
        if not self.free:
            self._refused.append((key, NotStarted("no free slot")))
            return
        if account not in self._lines:
            self._lines[account] = _Line(account, self._guard, self._finished, self._idle_s)
        self._taken += 1
        self._lines[account].add(_Job(key, outbound, lease_end))

    def poll(self, timeout_s: float) -> list[Result]:
        """Give what has finished; wait at most timeout_s for the first."""
        done, self._refused = self._refused, []
        try:
            finished = self._finished.get(timeout=0.0 if done else timeout_s)
            while finished is not None:
                self._taken -= 1
                done.append(finished)
                finished = self._finished.get_nowait()
        except queue.Empty:
            pass
        return done

    def wake(self) -> None:
        """End a waiting poll early, from any thread."""
        self._finished.put(None)

    def close(self) -> None:
        """End all threads; what waits is dropped, what is being sent is waited for."""
        for line in self._lines.values():
            line.stop()
        for line in self._lines.values():
            line.join()


class _Job:
    def __init__(self, key: int, outbound: Outbound, lease_end: float) -> None:
        self.key, self.outbound, self.lease_end = key, outbound, lease_end


class _Line:
    """What waits for one account, and the threads that carry it."""

    def __init__(
        self,
        account: OwnAccount,
        guard: AddressGuard,
        finished: queue.SimpleQueue[Result | None],
        idle_s: float,
    ) -> None:
        self._account, self._guard, self._finished = account, guard, finished
        self._idle_s = idle_s
        self._changed = threading.Condition()
        self._jobs: list[_Job] = []
        self._threads: set[threading.Thread] = set()
        self._busy = 0
        self._is_stopped = False

    def add(self, job: _Job) -> None:
        with self._changed:
            self._jobs.append(job)
            self._changed.notify()
            idle = len(self._threads) - self._busy
            if len(self._jobs) > idle and len(self._threads) < CONNECTIONS_PER_ACCOUNT:
                thread = threading.Thread(target=self._carry, name="smtp", daemon=True)
                self._threads.add(thread)
                thread.start()

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._jobs.clear()
            self._changed.notify_all()

    def join(self) -> None:
        with self._changed:
            threads = list(self._threads)
        for thread in threads:
            thread.join()

    def _carry(self) -> None:
        try:
            self._carry_all()
        except BaseException:  # a dead thread must not count as one that is free
            with self._changed:
                self._threads.discard(threading.current_thread())
            raise

    def _carry_all(self) -> None:
        connection = self._account.open(self._guard)
        while (job := self._next()) is not None:
            started_at = time.monotonic()
            # What stands if the thread dies of a fault of ours: the job must not vanish with it.
            result: Receipt | DeliveryError = Ambiguous("the sender failed")
            try:
                result = _deliver(connection, job, started_at)
            finally:
                _log(self._account, result, time.monotonic() - started_at)
                self._report(job, result)
        connection.close()

    def _next(self) -> _Job | None:
        """Wait for work; None ends the thread, which no longer counts from then on."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._is_stopped, self._idle_s)
            if self._jobs:
                self._busy += 1
                return self._jobs.pop(0)
            if not self._is_stopped:
                self._threads.discard(threading.current_thread())
            return None

    def _report(self, job: _Job, result: Receipt | DeliveryError) -> None:
        """Free the connection first: whoever reads the result may submit at once."""
        with self._changed:
            self._busy -= 1
        self._finished.put((job.key, result))


def _deliver(connection: OwnConnection, job: _Job, now: float) -> Receipt | DeliveryError:
    if job.lease_end - now <= LEASE_MARGIN_S:
        return NotStarted("the lease ends too soon")
    try:
        return connection.send(job.outbound, job.lease_end)
    except DeliveryError as error:
        return error


def _log(account: OwnAccount, result: Receipt | DeliveryError, took_s: float) -> None:
    outcome = result.outcome.value if isinstance(result, DeliveryError) else result.state
    fields = {
        "host": account.host,
        "method": account.method,
        "outcome": outcome,
        "ms": round(took_s * 1000),
    }
    log.info("%(method)s %(host)s %(outcome)s %(ms)d ms", fields, extra=fields)
