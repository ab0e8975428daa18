"""Through which one door does every message leave: the gateway of a worker process.

The life of a submission:
1. `admit` asks breakers and limits about a whole batch, in one call each.
2. `submit` refuses what may not start now (paused, resting, breaker open, 20 in flight already),
   else the adapter writes the request and its sender carries it.
3. Where one message needs several calls, or many messages share one, that happens in between
   (channels.exchanges, channels.batches).
4. `poll` reads the answers with the adapters, tells the breakers, and gives back every submission
   exactly once, refused ones too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from uuid import UUID

from django.conf import settings

from channels.accounts import Account
from channels.apprise_target import AppriseTarget
from channels.batches import Batches
from channels.breaker import Breaker
from channels.contract import Outbound, Receipt
from channels.errors import DeliveryError, NotStarted, Unsupported
from channels.exchanges import LOOK_S, Exchanges
from channels.faults import FAULTS, unread, unwritten
from channels.flights import Flight, Lane, Lanes, Sent, sent_of
from channels.gates import Gates, Wanted
from channels.guard import AddressGuard
from channels.limits import Limits
from channels.request import HttpResponse
from channels.routing import routed
from channels.smtp import OwnAccount, SmtpSender
from channels.smtp_connection import SmtpAccount
from channels.tokens import Tokens
from channels.transport import open_transport

STALLED_SLOTS = 20  # a provider that stalls must not hold all slots (DESIGN 9.12)
STALLED_AFTER_S = 1.0  # in flight and silent for so long
HEALTHY_SHARE = 0.8  # of all slots; the rest is for others when one account starts to stall
BUSY_RETRY_S = 1.0
SLICE_S = 0.02  # while both senders work, each is asked in turn

Outcome = HttpResponse | Receipt | DeliveryError

#: Senders with sockets of their own: they run in threads, one account's connections together.
OWN_SOCKETS: Mapping[str, Callable[[Mapping[str, str]], OwnAccount]] = {
    "smtp": SmtpAccount.of,
    "apprise": AppriseTarget.of,
}


class Gateway:
    """The senders of one process. Belongs to one thread; only `wake` is for others.

    guard, breaker, tokens, limits: None takes those of the settings. client: as in open_transport.
    """

    def __init__(
        self,
        *,
        slots: int | None = None,
        guard: AddressGuard | None = None,
        breaker: Breaker | None = None,
        tokens: Tokens | None = None,
        limits: Limits | None = None,
        client: str = "",
    ) -> None:
        guard = guard or AddressGuard(tuple(settings.ALLOWED_PRIVATE_TARGETS))
        self._http = open_transport(slots or settings.SENDING_SLOTS, guard, client)
        self._smtp = SmtpSender(guard)
        self._gates = Gates(
            breaker or Breaker(settings.REDIS_URL), limits or Limits(settings.REDIS_URL)
        )
        self._tokens = tokens or Tokens(settings.REDIS_URL)
        self._flights: dict[int, Flight] = {}
        self._slots = slots or settings.SENDING_SLOTS
        self._most_busy = int(self._slots * HEALTHY_SHARE)  # of one account
        self._lanes = Lanes()
        self._exchanges = Exchanges(self._http, self._tokens)
        self._batches = Batches(self._http, self._lanes)
        self._by_smtp = 0
        self._refused: list[Sent] = []

    @property
    def free(self) -> int:
        """Slots that a call could start in now."""
        return self._http.free - self._exchanges.waiting - self._batches.waiting

    @property
    def spare(self) -> int:
        """Slots for work that can wait: the last ones are kept for what cannot.

        While a provider stalls it holds slots already, so that nothing more is kept.
        """
        kept = self._slots - self._most_busy
        is_stalled = self._lanes.are_silent(STALLED_AFTER_S)
        return self.free if is_stalled else max(0, self.free - kept)

    @property
    def has_room(self) -> bool:
        """Say whether so much is free for work that can wait that a batch is worth its queries."""
        return self.spare >= self._most_busy // 2

    def room(self, account: Account) -> int:
        """Tell how many more messages may leave here now: what fits into the calls left."""
        return self._calls_left(account, self._lanes.of(account)) * account.adapter.batch_size

    def most(self, account: Account) -> int:
        """Tell how many messages may be in flight there at all."""
        slots = self._most_busy
        own_sockets = account.adapter.sender in OWN_SOCKETS
        return min(slots, self._smtp.slots) if own_sockets else slots * account.adapter.batch_size

    def _calls_left(self, account: Account, lane: Lane) -> int:
        most = STALLED_SLOTS if _is_silent(lane) else self._most_busy
        free = self._smtp.free if account.adapter.sender in OWN_SOCKETS else self.free
        return max(0, min(most - lane.busy, free))

    def stalls(self, account: Account) -> bool:
        """Say whether messages are in flight there and no answer has come for a while."""
        return _is_silent(self._lanes.of(account))

    @property
    def in_flight(self) -> int:
        """Messages that poll still owes."""
        return len(self._flights) + len(self._refused)

    def admit(self, wanted: Sequence[Wanted]) -> dict[int, Sent]:
        """Ask breakers and limits, once per batch: (key, account, outbound) of each message.

        Give those that may not go now, as poll would; the others are to be submitted soon. What
        is submitted without having been asked about here passes unlimited.
        """
        held = self._gates.admit(wanted)
        if not held:
            return {}
        return {
            key: Sent(key, account, outbound, None, held[key])
            for key, account, outbound in wanted
            if key in held
        }

    def open_breakers(self) -> frozenset[UUID]:
        """Name the integrations that are failing, so that messages may take another way at once."""
        return self._gates.open_ids()

    def submit(self, key: int, account: Account, outbound: Outbound, lease_end: float) -> None:
        """Start one message; poll reports it under this key. lease_end: time.monotonic() seconds.

        What may not start is reported as NotStarted with retry_after_s. Never raises for what
        an adapter or a provider does.
        """
        flight = Flight(account, outbound, self._lanes.of(account))
        try:
            self._start(key, flight, lease_end)
        except DeliveryError as error:
            self._refused.append(sent_of(key, flight, error))
            return
        self._flights[key] = flight

    def poll(self, timeout_s: float) -> list[Sent]:
        """Give what has finished; wait at most timeout_s for the first."""
        if self._batches.waiting:
            self._batches.write()
        done: list[Sent] = []
        for key, result in self._results(self._patience_s(timeout_s)):
            if key < 0:
                done += self._land_batch(key, result)
            else:
                done.append(self._land_one(key, result))
        done += [self._landed(key, result) for key, result in self._batches.ended()]
        self._gates.tell()
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
        self._tokens.close()

    def _patience_s(self, timeout_s: float) -> float:
        """Wait for nothing when there is something to report; look around when others mint."""
        if self._refused or self._exchanges.has_ended or self._batches.has_ended:
            return 0.0
        return min(timeout_s, LOOK_S) if self._exchanges.waiting else timeout_s

    def _start(self, key: int, flight: Flight, lease_end: float) -> None:
        account, adapter = flight.account, flight.account.adapter
        try:
            if adapter.batch_size > 1:
                batch_key = adapter.batch_key(flight.outbound)
                if batch_key is not None:
                    self._gather(key, flight, batch_key, lease_end)
                    return
            self._check(account, bool(self._calls_left(account, flight.lane)))
            self._carry(key, flight, lease_end)
        except FAULTS as error:
            raise unwritten(adapter, error) from error
        self._lanes.enter(flight.lane)

    def _check(self, account: Account, has_slot: bool) -> None:
        if not has_slot:
            raise NotStarted(
                "the integration is busy", retry_after_s=BUSY_RETRY_S, why="integration_busy"
            )
        self._gates.pass_one(account)

    def _gather(self, key: int, flight: Flight, batch_key: Hashable, lease_end: float) -> None:
        account, outbound = flight.account, flight.outbound
        has_slot = self._batches.joins(account, batch_key) or bool(
            self._calls_left(account, flight.lane)
        )
        self._check(account, has_slot)
        self._batches.add(key, account, outbound, batch_key=batch_key, lease_end=lease_end)

    def _carry(self, key: int, flight: Flight, lease_end: float) -> None:
        account, adapter = flight.account, flight.account.adapter
        if own_account := OWN_SOCKETS.get(adapter.sender):
            self._smtp.submit(key, own_account(adapter.credentials), flight.outbound, lease_end)
            self._by_smtp += 1
        elif adapter.sender != "http":
            raise Unsupported(f"{adapter.provider} has no sender")
        elif adapter.has_steps:
            self._exchanges.begin(key, account, flight.outbound, lease_end)
        else:
            call = routed(adapter.request(flight.outbound), adapter.credentials)
            self._http.submit(key, call, lease_end)

    def _results(self, timeout_s: float) -> list[tuple[int, Outcome]]:
        """Wait for whichever sender answers first."""
        if not self._by_smtp:
            return self._answers(timeout_s)
        deadline = time.monotonic() + timeout_s
        while True:
            left = max(0.0, deadline - time.monotonic())
            by_http = len(self._flights) > self._by_smtp
            posted = self._smtp.poll(min(left, SLICE_S) if by_http else left)
            self._by_smtp -= len(posted)
            results = [*self._answers(0.0), *posted]
            if results or not left or not by_http:
                return results

    def _answers(self, timeout_s: float) -> list[tuple[int, Outcome]]:
        results = self._http.poll(timeout_s)
        return list(results) if self._exchanges.is_idle else self._exchanges.sift(results)

    def _land_one(self, key: int, result: Outcome) -> Sent:
        flight = self._flights[key]
        self._lanes.leave(flight.lane)
        if isinstance(result, HttpResponse):
            result = _read(flight.account, result)
        sent = self._landed(key, result)
        self._gates.count(flight.account, flight.outbound.address, sent.error)
        return sent

    def _land_batch(self, key: int, result: Outcome) -> list[Sent]:
        """Land the messages of one call; for its provider's health it counts once."""
        assert not isinstance(result, Receipt)  # noqa: S101 (no sender reads batches itself)
        done = [self._landed(each, own) for each, own in self._batches.land(key, result)]
        if done:
            first = next((sent for sent in done if sent.error is None), done[0])
            self._gates.count(first.account, first.outbound.address, first.error)
        return done

    def _landed(self, key: int, result: Receipt | DeliveryError) -> Sent:
        flight = self._flights.pop(key)
        return sent_of(key, flight, result)


def _is_silent(lane: Lane) -> bool:
    return lane.busy > 0 and time.monotonic() - lane.heard_at > STALLED_AFTER_S


def _read(account: Account, response: HttpResponse) -> Receipt | DeliveryError:
    try:
        return account.adapter.receipt(response)
    except DeliveryError as error:
        return error
    except FAULTS as error:
        return unread(response, error)
