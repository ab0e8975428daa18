"""What may pass to a provider now, as far as this process knows between two batches?"""

from __future__ import annotations

import time
from collections import Counter
from uuid import UUID

from channels.breaker import Breaker, Tally
from channels.errors import Ambiguous, DeliveryError, NotStarted, Temporary

LEAST_WAIT_S = 1.0
TELL_EVERY_S = 1.0  # answers are counted in Redis at most this late; failures at once


class Gates:
    """Asks the breakers of a batch in one call, counts answers and tells them in one call."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._shut: dict[UUID, float] = {}  # until this moment (monotonic)
        self._probes: set[UUID] = set()
        self._answered: Counter[UUID] = Counter()
        self._failed: Counter[UUID] = Counter()
        self._is_urgent = False
        self._told_at = 0.0

    def ask(self, ids: set[UUID]) -> set[UUID]:
        """Ask the breakers; give the integrations that nothing may pass now."""
        verdicts = self._breaker.ask(ids)
        for key in ids:
            self._shut.pop(key, None)
            self._probes.discard(key)
        now = time.monotonic()
        for key, verdict in verdicts.items():
            self._shut[key] = now + max(verdict.wait_s, LEAST_WAIT_S)
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
        wait_s = max(self._shut[key] - time.monotonic(), LEAST_WAIT_S)
        raise NotStarted("the provider is failing", retry_after_s=wait_s)

    def count(self, key: UUID, error: DeliveryError | None) -> None:
        """Note how one call ended."""
        if isinstance(error, NotStarted):
            return
        if _is_failure(error):
            self._failed[key] += 1
            return
        self._answered[key] += 1
        if self._shut:
            self._is_urgent |= self._shut.pop(key, None) is not None

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

    def _flush(self, now: float) -> None:
        keys = self._answered.keys() | self._failed.keys()
        self._breaker.tell({key: Tally(self._answered[key], self._failed[key]) for key in keys})
        self._answered.clear()
        self._failed.clear()
        self._is_urgent = False
        self._told_at = now


def _is_failure(error: DeliveryError | None) -> bool:
    """Say whether the provider as a whole is ailing, not just one recipient's phone."""
    return isinstance(error, Temporary | Ambiguous) and error.scope == "integration"
