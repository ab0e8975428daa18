"""How does a job reach a provider outside the engine: a few exchanges, or steps of calls?

The same door, guard, proxy, breaker and rule for lost answers as for messages. No transaction may
be open.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from typing import TypeVar

from django.conf import settings

from channels.accounts import Account
from channels.contract import Outbound
from channels.errors import NotStarted
from channels.faults import FAULTS, unread
from channels.flights import Sent
from channels.gateway import Gateway
from channels.guard import AddressGuard
from channels.request import HttpRequest, HttpResponse
from channels.routing import routed
from channels.transport import call

SLOTS = 8
PATIENCE_S = 30.0  # for all of a call of `carry`

T = TypeVar("T")


def carry(account: Account, outbounds: Sequence[Outbound]) -> list[Sent]:
    """Carry each once; give what became of them, in their order."""
    gateway, deadline = Gateway(slots=SLOTS), time.monotonic() + PATIENCE_S
    done: dict[int, Sent] = {}
    try:
        waiting = list(enumerate(outbounds))
        while waiting or gateway.in_flight:
            while waiting and gateway.in_flight < SLOTS:
                key, outbound = waiting.pop(0)
                gateway.submit(key, account, outbound, deadline)
            done |= {sent.key: sent for sent in gateway.poll(1.0)}
    finally:
        gateway.close()
    return [done[key] for key in range(len(outbounds))]


def walk(account: Account, steps: Generator[HttpRequest, HttpResponse, T]) -> T:
    """Make an adapter's calls one after the other; raises the DeliveryError that one means."""
    guard = AddressGuard(tuple(settings.ALLOWED_PRIVATE_TARGETS))
    response: HttpResponse | None = None
    while True:
        try:
            request = next(steps) if response is None else steps.send(response)
        except StopIteration as end:
            value: T = end.value
            return value
        except FAULTS as error:
            if response is None:
                raise NotStarted(type(error).__name__) from error
            raise unread(response, error) from error
        response = call(routed(request, account.adapter.credentials), guard)
