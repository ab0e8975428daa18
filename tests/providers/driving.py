"""Send through one adapter as a worker does: an account, a gateway, what became of each message."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

from channels.accounts import Account
from channels.breaker import Breaker
from channels.contract import Adapter, Content, Outbound, TokenCall
from channels.errors import DeliveryError
from channels.flights import Sent
from channels.gateway import Gateway
from channels.guard import AddressGuard
from channels.registry import ADAPTERS
from channels.request import HttpRequest
from tests.providers.rows import ROWS

HURRY_S = 2.0  # for calls whose answer never comes; the others may take their time
LEASE_S = 60.0
WAITS_S = 40.0
TEXT = Content("Анна, ждём вас завтра в 15:00", title="Напоминание")


def provider_of(name: str) -> str:
    """Name the provider whose adapter a row drives."""
    return ROWS[name].provider or name


def open_gateway(redis_url: str, *, reachable: tuple[str, ...] = ("127.0.0.1",)) -> Gateway:
    """Open a worker's door with a breaker that no other test knows."""
    breaker = Breaker(redis_url, prefix=f"contract-{uuid4()}", open_ms=200)
    return Gateway(slots=40, guard=AddressGuard(reachable), breaker=breaker)


def account(adapter: Adapter, kind: str) -> Account:
    """Make an account that no other message uses, so that no limit or breaker is shared."""
    return Account(
        id=uuid4(),
        provider=adapter.provider,
        kind=kind,
        identifier="contract",
        position=0,
        state="active",
        frozen_until=None,
        adapter=adapter,
    )


def adapter_for(name: str, fault: str, base: str) -> Adapter:
    """Make the adapter that meets a fault, with the credentials that play it."""
    row = ROWS[name]
    others = {"wrong_credentials": row.wrong, **row.others}
    made = ADAPTERS[provider_of(name)]
    return (hurried(made) if is_unanswered(fault) else made)(
        others.get(fault, row.credentials)(base)
    )


def is_unanswered(fault: str) -> bool:
    """Say whether the call that meets this fault can only time out."""
    return fault == "deaf" or fault.endswith("lost")


def message(to: str, kind: str, content: Content = TEXT, **extra: Any) -> Outbound:
    """Write a message to a recipient."""
    return Outbound(str(uuid4()), kind, to, content, "ru", "tx", extra=extra)


def submit(gateway: Gateway, key: int, where: Account, outbound: Outbound) -> None:
    """Start one message with plenty of lease."""
    gateway.submit(key, where, outbound, time.monotonic() + LEASE_S)


def collect(gateway: Gateway, count: int) -> list[Sent]:
    """Wait for so many results."""
    done: list[Sent] = []
    deadline = time.monotonic() + WAITS_S
    while len(done) < count and time.monotonic() < deadline:
        done += gateway.poll(1.0)
    return done


def outcome(sent: Sent) -> str:
    """Say what became of a message, in the words of Outcome."""
    return sent.error.outcome.value if sent.error else "sent"


def hurried(adapter: type[Adapter]) -> type[Adapter]:
    """Make an adapter whose calls give up early."""

    class Hurried(adapter):  # type: ignore[misc,valid-type]  # chosen at run time
        def request(self, outbound):
            return replace(super().request(outbound), timeout_s=HURRY_S)

        def request_many(self, outbounds):
            return replace(super().request_many(outbounds), timeout_s=HURRY_S)

        def exchange(self, outbound):
            steps = super().exchange(outbound)
            take, given = steps.send, None
            while True:
                try:
                    step = take(given)
                except StopIteration as end:
                    return end.value
                try:
                    take, given = steps.send, (yield _hurried_step(step))
                except DeliveryError as error:
                    take, given = steps.throw, error

    return Hurried


def _hurried_step(step: HttpRequest | TokenCall) -> HttpRequest | TokenCall:
    if isinstance(step, HttpRequest):
        return replace(step, timeout_s=HURRY_S)
    return replace(step, request=step.request and replace(step.request, timeout_s=HURRY_S))
