"""What may pass to a provider now: breakers, published limits, and what a provider asked for?

Breakers and limits are asked once per batch; between two batches this process knows what they said.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from uuid import UUID

from channels.accounts import Account
from channels.breaker import Breaker, Tally
from channels.contract import Outbound
from channels.errors import Ambiguous, DeliveryError, NotStarted, RateLimited, Temporary
from channels.limits import Held, Limits, Wish

LEAST_WAIT_S = 1.0
OPEN_LOOK_S = 0.5  # how old the list of open breakers may be
OFF_RETRY_S = 60.0  # how soon to look again at an account that is paused or switched off
FREEZE_AT_LEAST_S = 1.0  # a provider that says "too many" without a number
TELL_EVERY_S = 1.0  # answers are counted in Redis at most this late; failures at once


Wanted = tuple[int, Account, Outbound]  # a message and the caller's key for it


class Gates:
    """Belongs to one thread. Never raises anything of Redis."""

    def __init__(self, breaker: Breaker, limits: Limits) -> None:
        self._breaker = breaker
        self._limits = limits
        # Accounts that their provider froze, until when (monotonic), as they were read: what is
        # read anew holds the freeze itself.
        self._rests: dict[UUID, tuple[float, Account]] = {}
        self._shut: dict[UUID, float] = {}  # until this moment (monotonic)
        self._probes: set[UUID] = set()
        self._answered: Counter[UUID] = Counter()
        self._failed: Counter[UUID] = Counter()
        self._is_urgent = False
        self._told_at = 0.0
        self._open: frozenset[UUID] = frozenset()
        self._looked_at = -OPEN_LOOK_S

    def admit(self, wanted: Sequence[Wanted]) -> dict[int, NotStarted]:
        """Ask for a whole batch; give those that may not go now. The others are counted as sent."""
        objects = {id(account): account for _, account, _ in wanted}  # ids hash in Python
        accounts = {account.id: account for account in objects.values()}
        self._ask(set(accounts))
        held = self._shut_out(wanted) if self._shut or self._rests else {}
        rates = {key: found for key, account in accounts.items() if (found := account.rates)}
        if rates:
            wishes = _wishes([one for one in wanted if one[0] not in held], rates)
            found_held = self._limits.take(wishes, rates) if wishes else {}
            held |= {key: _limited(reason) for key, reason in found_held.items()}
        return held

    def open_ids(self) -> frozenset[UUID]:
        """Name the integrations whose breaker is open, as Redis said a moment ago."""
        now = time.monotonic()
        if now - self._looked_at >= OPEN_LOOK_S:
            self._open, self._looked_at = self._breaker.open_ids(), now
        return self._open

    def _ask(self, ids: set[UUID]) -> None:
        verdicts = self._breaker.ask(ids)
        for key in ids:
            self._shut.pop(key, None)
            self._probes.discard(key)
        now = time.monotonic()
        for key, verdict in verdicts.items():
            self._shut[key] = now + max(verdict.wait_s, LEAST_WAIT_S)
            if verdict.is_probe:
                self._probes.add(key)

    def _shut_out(self, wanted: Sequence[Wanted]) -> dict[int, NotStarted]:
        """Refuse what `pass_one` would refuse, and spend nothing: of a probe one may go."""
        probes = set(self._probes)
        held: dict[int, NotStarted] = {}
        for key, account, _ in wanted:
            if account.id in probes:
                probes.discard(account.id)
            elif refusal := self._refusal(account):
                held[key] = refusal
        return held

    def pass_one(self, account: Account) -> None:
        """Let a message through, or raise NotStarted; a probe lets one through."""
        _check(account)
        key = account.id
        if not (self._shut or self._rests):
            return
        if key in self._probes:
            self._probes.discard(key)
        elif refusal := self._refusal(account):
            raise refusal

    def _refusal(self, account: Account) -> NotStarted | None:
        now = time.monotonic()
        if account.id in self._shut:
            wait_s = max(self._shut[account.id] - now, LEAST_WAIT_S)
            return NotStarted(
                "the provider is failing", retry_after_s=wait_s, why="provider_failing"
            )
        until, frozen = self._rests.get(account.id, (0.0, None))
        if frozen is account and until > now:
            return _resting(until - now)
        self._rests.pop(account.id, None)
        return None

    def count(self, account: Account, address: str, error: DeliveryError | None) -> None:
        """Note how one call ended."""
        key = account.id
        if error is not None:
            if isinstance(error, NotStarted):
                return
            if isinstance(error, RateLimited):
                self._freeze(account, address, error)
            if _is_failure(error):
                self._failed[key] += 1
                return
        self._answered[key] += 1
        if self._shut:
            self._is_urgent |= self._shut.pop(key, None) is not None

    def _freeze(self, account: Account, address: str, error: RateLimited) -> None:
        """Let the right scope rest; an account's own rest is also written down by the caller."""
        wait_s = max(error.retry_after_s or 0.0, FREEZE_AT_LEAST_S)
        if error.scope == "integration":
            self._rests[account.id] = (time.monotonic() + wait_s, account)
            address = ""
        if account.rates:
            self._limits.rest(account.id, wait_s, address)

    def tell(self) -> None:
        """Tell the breakers what was counted: failures and probes at once."""
        now = time.monotonic()
        is_time = self._answered and now - self._told_at >= TELL_EVERY_S
        if self._failed or self._is_urgent or is_time:
            self._flush(now)

    def close(self) -> None:
        """Tell the rest and give the connection back."""
        self._flush(time.monotonic())
        self._breaker.close()
        self._limits.close()

    def _flush(self, now: float) -> None:
        if self._failed or self._is_urgent:
            self._looked_at = now - OPEN_LOOK_S
        keys = self._answered.keys() | self._failed.keys()
        self._breaker.tell({key: Tally(self._answered[key], self._failed[key]) for key in keys})
        self._answered.clear()
        self._failed.clear()
        self._is_urgent = False
        self._told_at = now


def _wishes(wanted: Sequence[Wanted], rates: Collection[UUID]) -> dict[UUID, list[Wish]]:
    """Sort them by account, of those that have limits; most stand beside others of theirs."""
    wishes: dict[UUID, list[Wish]] = {}
    last, own = None, None
    for key, account, outbound in wanted:
        if account is not last:
            last = account
            own = wishes.setdefault(account.id, []) if account.id in rates else None
        if own is not None:
            own.append(Wish(key, outbound.address, outbound.category))
    return wishes


def _check(account: Account) -> None:
    if account.state != "active":
        raise NotStarted(
            f"the integration is {account.state}",
            retry_after_s=OFF_RETRY_S,
            why="integration_paused",
        )
    if account.frozen_until is None:
        return
    rest_s = (account.frozen_until - datetime.now(UTC)).total_seconds()
    if rest_s > 0:
        raise _resting(rest_s)


def _resting(wait_s: float) -> NotStarted:
    return NotStarted("the provider asked to wait", retry_after_s=wait_s, why="integration_rests")


def _limited(held: Held) -> NotStarted:
    return NotStarted(
        f"the limit of the {held.scope}", retry_after_s=held.wait_s, why="provider_limit"
    )


def _is_failure(error: DeliveryError) -> bool:
    """Say whether the provider as a whole is ailing, not just one recipient's phone."""
    return isinstance(error, Temporary | Ambiguous) and error.scope == "integration"
