"""Through which one door does every message leave: the gateway of a worker process.

The life of a submission:
1. `admit` asks the breakers of a batch's integrations, in one call.
2. `submit` refuses what may not start now (paused, resting, breaker open, 20 in flight already),
   else the adapter writes the request and its sender carries it.
3. `poll` reads the answers with the adapters, tells the breakers, and gives back every submission
   exactly once, refused ones too.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings

from channels.accounts import Account
from channels.breaker import Breaker, Tally
from channels.contract import HttpResponse, Outbound, Receipt
from channels.errors import (
    Ambiguous,
    DeliveryError,
    NotStarted,
    Permanent,
    Temporary,
    UnknownReply,
    Unsupported,
)
from channels.guard import AddressGuard
from channels.smtp import SmtpSender
from channels.smtp_connection import SmtpAccount
from channels.transport import open_transport

STALLED_SLOTS = 20  # a provider that stalls must not hold all slots (DESIGN 9.12)
STALLED_AFTER_S = 1.0  # in flight and silent for so long
HEALTHY_SHARE = 0.8  # of all slots; the rest is for others when one account starts to stall
BUSY_RETRY_S = 1.0
OFF_RETRY_S = 60.0
TELL_EVERY_S = 1.0  # answers are counted in Redis at most this late; failures at once
SLICE_S = 0.02  # while both senders work, each is asked in turn

#: What a fault of ours in an adapter looks like; anything else is not an adapter's to raise.
FAULTS = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one submission: receipt or error, never both. ms: from submit to answer."""

    key: int
    account: Account
    outbound: Outbound
    receipt: Receipt | None
    error: DeliveryError | None
    ms: int


@dataclass(frozen=True, slots=True)
class _Flight:
    account: Account
    outbound: Outbound
    started_at: float


class Gateway:
    """The senders of one process. Belongs to one thread; only `wake` is for others.

    guard, breaker: None takes those of the settings. client: as in open_transport.
    """

    def __init__(
        self,
        *,
        slots: int | None = None,
        guard: AddressGuard | None = None,
        breaker: Breaker | None = None,
        client: str = "",
    ) -> None:
        guard = guard or AddressGuard(tuple(settings.ALLOWED_PRIVATE_TARGETS))
        self._http = open_transport(slots or settings.SENDING_SLOTS, guard, client)
        self._smtp = SmtpSender(guard)
        self._gates = _Gates(breaker or Breaker(settings.REDIS_URL))
        self._flights: dict[int, _Flight] = {}
        self._slots = slots or settings.SENDING_SLOTS
        self._busy: Counter[UUID] = Counter()
        self._heard_at: dict[UUID, float] = {}  # when a busy account last answered, or began
        self._by_smtp = 0
        self._refused: list[Sent] = []

    @property
    def free(self) -> int:
        """Slots that a message could start in now."""
        return self._http.free

    def room(self, account: Account) -> int:
        """Tell how many more messages this account may have in flight now."""
        busy = self._busy[account.id]
        most = STALLED_SLOTS if self.stalls(account) else int(self._slots * HEALTHY_SHARE)
        free = self._smtp.free if account.adapter.sender == "smtp" else self._http.free
        return max(0, min(most - busy, free))

    def stalls(self, account: Account) -> bool:
        """Say whether messages are in flight there and no answer has come for a while."""
        if not self._busy[account.id]:
            return False
        return time.monotonic() - self._heard_at[account.id] > STALLED_AFTER_S

    @property
    def in_flight(self) -> int:
        """Messages that poll still owes."""
        return len(self._flights) + len(self._refused)

    def admit(self, accounts: Iterable[Account]) -> set[UUID]:
        """Ask the breakers, once per batch; give the integrations that nothing may pass now."""
        return self._gates.ask({account.id for account in accounts})

    def submit(self, key: int, account: Account, outbound: Outbound, lease_end: float) -> None:
        """Start one message; poll reports it under this key. lease_end: time.monotonic() seconds.

        What may not start is reported as NotStarted with retry_after_s. Never raises for what
        an adapter or a provider does.
        """
        flight = _Flight(account, outbound, time.monotonic())
        try:
            self._check(account)
            self._start(key, account, outbound, lease_end)
        except DeliveryError as error:
            self._refused.append(_sent(key, flight, error))
            return
        self._flights[key] = flight
        if not self._busy[account.id]:
            self._heard_at[account.id] = flight.started_at
        self._busy[account.id] += 1

    def poll(self, timeout_s: float) -> list[Sent]:
        """Give what has finished; wait at most timeout_s for the first."""
        results = self._results(0.0 if self._refused else timeout_s)
        done = [self._land(key, result) for key, result in results]
        self._gates.tell(done)
        refused, self._refused = self._refused, []
        return refused + done

    def wake(self) -> None:
        """End a waiting poll early, from any thread."""
        self._http.wake()
        self._smtp.wake()

    def close(self) -> None:
        """Drop all connections; what is still in flight stays without a result."""
        self._http.close()
        self._smtp.close()
        self._gates.close()

    def _check(self, account: Account) -> None:
        now = datetime.now(UTC)
        if account.state != "active":
            raise NotStarted(f"the integration is {account.state}", retry_after_s=OFF_RETRY_S)
        if account.frozen_until is not None and account.frozen_until > now:
            rest_s = (account.frozen_until - now).total_seconds()
            raise NotStarted("the provider asked to wait", retry_after_s=rest_s)
        if not self.room(account):
            raise NotStarted("the integration is busy", retry_after_s=BUSY_RETRY_S)
        self._gates.pass_one(account.id)

    def _start(self, key: int, account: Account, outbound: Outbound, lease_end: float) -> None:
        adapter = account.adapter
        try:
            if adapter.sender == "http":
                self._http.submit(key, adapter.request(outbound), lease_end)
            elif adapter.sender == "smtp":
                smtp_account = SmtpAccount.of(adapter.credentials)
                self._smtp.submit(key, smtp_account, outbound, lease_end)
                self._by_smtp += 1
            else:
                raise Unsupported(f"{adapter.provider} has no sender")
        except FAULTS as error:
            raise Permanent(
                f"{type(error).__name__} in the adapter of {account.provider}"
            ) from error

    def _results(
        self, timeout_s: float
    ) -> list[tuple[int, HttpResponse | Receipt | DeliveryError]]:
        """Wait for whichever sender answers first."""
        if not self._by_smtp:
            return list(self._http.poll(timeout_s))
        deadline = time.monotonic() + timeout_s
        while True:
            left = max(0.0, deadline - time.monotonic())
            by_http = len(self._flights) > self._by_smtp
            posted = self._smtp.poll(min(left, SLICE_S) if by_http else left)
            self._by_smtp -= len(posted)
            results = [*self._http.poll(0.0), *posted]
            if results or not left or not by_http:
                return results

    def _land(self, key: int, result: HttpResponse | Receipt | DeliveryError) -> Sent:
        flight = self._flights.pop(key)
        self._busy[flight.account.id] -= 1
        self._heard_at[flight.account.id] = time.monotonic()
        if not self._busy[flight.account.id]:
            del self._busy[flight.account.id], self._heard_at[flight.account.id]
        if isinstance(result, HttpResponse):
            result = _read(flight.account, result)
        return _sent(key, flight, result)


class _Gates:
    """What this process knows of the breakers between two batches."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._shut: dict[UUID, float] = {}  # until this moment (monotonic)
        self._probes: set[UUID] = set()
        self._answered: Counter[UUID] = Counter()
        self._told_at = 0.0

    def ask(self, ids: set[UUID]) -> set[UUID]:
        verdicts = self._breaker.ask(ids)
        for key in ids:
            self._shut.pop(key, None)
            self._probes.discard(key)
        now = time.monotonic()
        for key, verdict in verdicts.items():
            self._shut[key] = now + max(verdict.wait_s, BUSY_RETRY_S)
            if verdict.is_probe:
                self._probes.add(key)
        return {key for key, verdict in verdicts.items() if not verdict.is_probe}

    def pass_one(self, key: UUID) -> None:
        """Let a message through, or raise NotStarted; a probe lets one through."""
        if key not in self._shut:
            return
        if key in self._probes:
            self._probes.discard(key)
            return
        wait_s = max(self._shut[key] - time.monotonic(), BUSY_RETRY_S)
        raise NotStarted("the provider is failing", retry_after_s=wait_s)

    def tell(self, done: list[Sent]) -> None:
        failed: Counter[UUID] = Counter()
        is_urgent = False
        for sent in done:
            key = sent.account.id
            if isinstance(sent.error, NotStarted):
                continue
            if _is_failure(sent.error):
                failed[key] += 1
                continue
            self._answered[key] += 1
            is_urgent |= self._shut.pop(key, None) is not None
        now = time.monotonic()
        if failed or is_urgent or (self._answered and now - self._told_at >= TELL_EVERY_S):
            self._flush(failed, now)

    def close(self) -> None:
        self._flush(Counter(), time.monotonic())
        self._breaker.close()

    def _flush(self, failed: Counter[UUID], now: float) -> None:
        keys = self._answered.keys() | failed.keys()
        self._breaker.tell({key: Tally(self._answered[key], failed[key]) for key in keys})
        self._answered.clear()
        self._told_at = now


def _is_failure(error: DeliveryError | None) -> bool:
    """Say whether the provider as a whole is ailing, not just one recipient's phone."""
    return isinstance(error, Temporary | Ambiguous) and error.scope == "integration"


def _read(account: Account, response: HttpResponse) -> Receipt | DeliveryError:
    try:
        return account.adapter.receipt(response)
    except DeliveryError as error:
        return error
    except FAULTS as error:
        words = f"{response.status} not understood: {type(error).__name__}"
        return UnknownReply(words)


def _sent(key: int, flight: _Flight, result: Receipt | DeliveryError) -> Sent:
    ms = round((time.monotonic() - flight.started_at) * 1000)
    if isinstance(result, DeliveryError):
        return Sent(key, flight.account, flight.outbound, None, result, ms)
    return Sent(key, flight.account, flight.outbound, result, None, ms)
