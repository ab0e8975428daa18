"""What is under way through the gateway, and what became of it?"""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

from channels.accounts import Account
from channels.contract import Outbound, Receipt
from channels.errors import DeliveryError


@dataclass(slots=True)
class Sent:
    """What became of one submission: receipt or error, never both."""

    key: int
    account: Account
    outbound: Outbound
    receipt: Receipt | None
    error: DeliveryError | None


@dataclass(slots=True)
class Lane:
    """What one account has under way. busy: calls, not messages; heard_at: when it last answered,
    or began (monotonic).
    """

    account_id: UUID
    busy: int = 0
    heard_at: float = 0.0


class Lanes:
    """The lanes of all accounts; those that are empty are forgotten."""

    def __init__(self) -> None:
        self._of: dict[UUID, Lane] = {}

    def of(self, account: Account) -> Lane:
        """Give the account's lane; an empty one is kept only when something enters it."""
        return self._of.get(account.id) or Lane(account.id)

    def enter(self, lane: Lane) -> None:
        """Count one more call."""
        if not lane.busy:
            self._of[lane.account_id] = lane
            lane.heard_at = time.monotonic()
        lane.busy += 1

    def leave(self, lane: Lane) -> None:
        """Count one call less, which was an answer."""
        lane.busy -= 1
        lane.heard_at = time.monotonic()
        if not lane.busy:
            del self._of[lane.account_id]

    def are_silent(self, for_s: float) -> bool:
        """Ask whether an account with calls under way has not answered for so long."""
        now = time.monotonic()
        return any(now - lane.heard_at > for_s for lane in self._of.values())


@dataclass(slots=True)
class Flight:
    """A message that is under way."""

    account: Account
    outbound: Outbound
    lane: Lane


def sent_of(key: int, flight: Flight, result: Receipt | DeliveryError) -> Sent:
    """Say what became of a message."""
    if isinstance(result, DeliveryError):
        return Sent(key, flight.account, flight.outbound, None, result)
    return Sent(key, flight.account, flight.outbound, result, None)
