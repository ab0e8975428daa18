"""Every adapter through every fault of its provider, over real sockets and the real gateway."""

from __future__ import annotations

import time
from dataclasses import replace
from uuid import uuid4

import pytest
from django.conf import settings

from channels.accounts import Account
from channels.breaker import Breaker
from channels.contract import Content, HttpRequest, Outbound, TokenCall
from channels.errors import DeliveryError
from channels.gateway import Gateway, Sent
from channels.guard import AddressGuard
from channels.registry import ADAPTERS
from tests.providers.rows import ROWS
from tests.providers.server import deaf, nobody
from tests.providers.table import TAKEN, Row
from tests.providers.world import World

HURRY_S = 0.6  # for calls whose answer never comes; the others may take their time
LEASE_S = 60.0
NEVER_ANSWERED = {"lost", "deaf", "token_lost", "contact_lost"}
TEXT = "Анна, ждём вас завтра в 15:00"


def provider_of(name: str) -> str:
    return ROWS[name].provider or name


@pytest.fixture(scope="module")
def server():
    server = World()
    yield server
    server.close()


@pytest.fixture(scope="module")
def bases(server):
    """Where a fault is played: by the provider, by nobody, or by one who does not listen."""
    with deaf() as unread:
        yield {"refused": nobody(), "deaf": unread}


@pytest.fixture
def gateway():
    breaker = Breaker(settings.REDIS_URL, prefix=f"contract-{uuid4()}", open_ms=200)
    gateway = Gateway(slots=60, guard=AddressGuard(("127.0.0.1",)), breaker=breaker)
    yield gateway
    gateway.close()


def test_every_provider_of_the_registry_has_a_fake_and_a_row():
    assert set(ADAPTERS) <= set(map(provider_of, ROWS)) | {"smtp"}
    assert {row.fake.name for row in ROWS.values()} == set(ROWS)


@pytest.mark.parametrize("name", [name for name in ROWS if provider_of(name) in ADAPTERS])
def test_every_fault_of_a_provider_means_what_the_table_says(name, server, bases, gateway):
    row = ROWS[name]
    fake = server.fakes[name] = row.fake()
    for number, fault in enumerate(row.outcomes):
        to = address(row, number, fault)
        fake.faults[row.recipient(to)] = fault
        base = bases.get(fault, server.base(name))
        submit(gateway, number, account(name, row, base, fault), message(row, to))

    done = collect(gateway, len(row.outcomes))

    faults = list(row.outcomes)
    assert {faults[one.key]: outcome(one) for one in done} == dict(row.outcomes)
    waits = {faults[one.key]: one.error.retry_after_s for one in done if one.error}
    assert {fault: waits[fault] for fault in row.waits} == pytest.approx(dict(row.waits), abs=2)
    taken = {fault for fault, meant in row.outcomes.items() if fault in TAKEN}
    assert fake.counts == {row.recipient(row.address(faults.index(fault))): 1 for fault in taken}
    assert len(fake.complaints) <= 1, fake.complaints  # of the wrong credentials only


def address(row: Row, number: int, fault: str) -> str:
    return row.addresses.get(fault) or row.address(number)


def account(name, row: Row, base: str, fault: str) -> Account:
    adapter = ADAPTERS[provider_of(name)]
    if fault in NEVER_ANSWERED:
        adapter = hurried(adapter)
    others = {"wrong_credentials": row.wrong, **row.others}
    credentials = others.get(fault, row.credentials)(base)
    return Account(
        id=uuid4(),
        provider=adapter.provider,
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
                try:
                    take, given = steps.send, (yield hurried_step(step))
                except DeliveryError as error:
                    take, given = steps.throw, error

    return Hurried


def hurried_step(step: HttpRequest | TokenCall) -> HttpRequest | TokenCall:
    if isinstance(step, HttpRequest):
        return replace(step, timeout_s=HURRY_S)
    return replace(step, request=step.request and replace(step.request, timeout_s=HURRY_S))


def message(row: Row, to: str, content: Content | None = None) -> Outbound:
    content = content or Content(TEXT, title="Напоминание")
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
