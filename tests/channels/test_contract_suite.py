"""Every adapter through every fault of its provider, over real sockets and the real gateway."""

from __future__ import annotations

import time
from dataclasses import replace
from uuid import uuid4

import pytest
from django.conf import settings

from channels.accounts import Account
from channels.breaker import Breaker
from channels.contract import Content, HttpRequest, Outbound
from channels.errors import DeliveryError
from channels.gateway import Gateway, Sent
from channels.guard import AddressGuard
from channels.registry import ADAPTERS
from tests.providers.rows import ROWS
from tests.providers.server import ProviderServer, deaf, nobody
from tests.providers.table import TAKEN, Row

HURRY_S = 0.6  # for calls whose answer never comes; the others may take their time
LEASE_S = 60.0
NEVER_ANSWERED = {"lost", "deaf", "token_lost"}
TEXT = "Анна, ждём вас завтра в 15:00"


@pytest.fixture(scope="module")
def server():
    server = ProviderServer({})
    yield server
    server.close()


@pytest.fixture(scope="module")
def bases(server):
    """Where a fault is played: by the provider, by nobody, or by one who does not listen."""
    with deaf() as unread:
        yield {"refused": nobody(), "deaf": unread}


@pytest.fixture(scope="module")
def gateway():
    breaker = Breaker(settings.REDIS_URL, prefix=f"contract-{uuid4()}", open_ms=200)
    gateway = Gateway(slots=100, guard=AddressGuard(("127.0.0.1",)), breaker=breaker)
    yield gateway
    gateway.close()


def test_every_provider_of_the_registry_has_a_fake_and_a_row():
    assert set(ADAPTERS) <= set(ROWS) | {"smtp", "apns"}
    assert {row.fake.name for row in ROWS.values()} == set(ROWS)


@pytest.mark.parametrize("provider", sorted(set(ROWS) & set(ADAPTERS)))
def test_every_fault_of_a_provider_means_what_the_table_says(provider, server, bases, gateway):
    row = ROWS[provider]
    fake = server.fakes[provider] = row.fake()
    for number, fault in enumerate(row.outcomes):
        fake.faults[row.recipient(row.address(number))] = fault
        base = bases.get(fault, server.base(provider))
        submit(gateway, number, account(provider, row, base, fault), message(row, number))

    done = collect(gateway, len(row.outcomes))

    names = list(row.outcomes)
    assert {names[one.key]: outcome(one) for one in done} == dict(row.outcomes)
    waits = {names[one.key]: one.error.retry_after_s for one in done if one.error}
    assert {fault: waits[fault] for fault in row.waits} == pytest.approx(dict(row.waits), abs=2)
    taken = {fault for fault, meant in row.outcomes.items() if fault in TAKEN}
    assert fake.counts == {row.recipient(row.address(names.index(fault))): 1 for fault in taken}
    assert len(fake.complaints) <= 1, fake.complaints  # of the wrong credentials only


def account(provider, row: Row, base: str, fault: str) -> Account:
    adapter = hurried(ADAPTERS[provider]) if fault in NEVER_ANSWERED else ADAPTERS[provider]
    others = {"wrong_credentials": row.wrong, **row.others}
    credentials = others.get(fault, row.credentials)(base)
    return Account(
        id=uuid4(),
        provider=provider,
        kind=row.kind,
        identifier=fault,
        position=0,
        state="active",
        frozen_until=None,
        adapter=adapter(credentials),
    )


def hurried(adapter):
    """Make an adapter whose calls give up early."""

    class Hurried(adapter):
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
                if isinstance(step, HttpRequest):
                    step = replace(step, timeout_s=HURRY_S)
                try:
                    take, given = steps.send, (yield step)
                except DeliveryError as error:
                    take, given = steps.throw, error

    return Hurried


def message(row: Row, number: int, content: Content | None = None) -> Outbound:
    content = content or Content(TEXT, title="Напоминание")
    to = row.address(number)
    return Outbound(str(uuid4()), row.kind, to, content, "ru", "tx", extra=row.extra)


def submit(gateway, key, where, outbound) -> None:
    gateway.submit(key, where, outbound, time.monotonic() + LEASE_S)


def collect(gateway, count) -> list[Sent]:
    done: list[Sent] = []
    deadline = time.monotonic() + 20
    while len(done) < count and time.monotonic() < deadline:
        done += gateway.poll(1.0)
    return done


def outcome(sent: Sent):
    return sent.error.outcome if sent.error else "sent"
