"""What is under way through the gateway, and what became of it?"""

from __future__ import annotations

import time
from dataclasses import dataclass

from channels.accounts import Account
from channels.contract import Outbound, Receipt
from channels.errors import DeliveryError


@dataclass(slots=True)
class Sent:
    """What became of one submission: receipt or error, never both. ms: from submit to answer."""

    key: int
    account: Account
    outbound: Outbound
    receipt: Receipt | None
    error: DeliveryError | None
    ms: int


@dataclass(slots=True)
class Flight:
    """A message that is under way. started_at: monotonic."""

    account: Account
    outbound: Outbound
    started_at: float


def sent_of(key: int, flight: Flight, result: Receipt | DeliveryError) -> Sent:
    """Say what became of a message, and how long it took."""
    ms = round((time.monotonic() - flight.started_at) * 1000)
    if isinstance(result, DeliveryError):
        return Sent(key, flight.account, flight.outbound, None, result, ms)
    return Sent(key, flight.account, flight.outbound, result, None, ms)
