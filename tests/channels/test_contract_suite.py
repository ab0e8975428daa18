"""Every adapter through every fault of its provider, over real sockets and the real gateway."""

from __future__ import annotations

import pytest
from django.conf import settings

from channels.registry import ADAPTERS
from tests.providers.driving import (
    account,
    adapter_for,
    collect,
    message,
    open_gateway,
    outcome,
    provider_of,
    submit,
)
from tests.providers.rows import ROWS
from tests.providers.server import deaf, nobody
from tests.providers.table import TAKEN, Row
from tests.providers.world import World

#: Those that bring their own sockets have suites of their own: test_contract_sockets.
OWN_SOCKETS = {"smtp", "apprise"}


@pytest.fixture(scope="module")
def world():
    world = World()
    yield world
    world.close()


@pytest.fixture(scope="module")
def bases():
    """Where a fault is played not by the provider: by nobody, or by one who does not listen."""
    with deaf() as unread:
        yield {"refused": nobody(), "deaf": unread}


@pytest.fixture
def gateway():
    gateway = open_gateway(settings.REDIS_URL)
    yield gateway
    gateway.close()


def test_every_provider_of_the_registry_has_a_fake_and_a_row():
    assert set(ADAPTERS) == set(map(provider_of, ROWS)) | OWN_SOCKETS
    assert {row.fake.name for row in ROWS.values()} == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_every_refusal_of_a_fake_has_an_outcome(name):
    row = ROWS[name]

    assert set(row.fake.refusals) <= set(row.outcomes)


@pytest.mark.parametrize("name", ROWS)
def test_every_fault_of_a_provider_means_what_the_table_says(name, world, bases, gateway):
    row, faults = ROWS[name], list(ROWS[name].outcomes)
    fake = world.fakes[name] = row.fake()
    for number, fault in enumerate(faults):
        to = address(row, number, fault)
        fake.faults[row.recipient(to)] = fault
        adapter = adapter_for(name, fault, bases.get(fault, world.base(name)))
        outbound = message(to, row.kind, **row.extra)
        submit(gateway, number, account(adapter, row.kind), outbound)

    done = {faults[one.key]: one for one in collect(gateway, len(faults))}

    assert {fault: outcome(one) for fault, one in done.items()} == dict(row.outcomes)
    waits = {fault: done[fault].error.retry_after_s for fault in row.waits}
    assert waits == pytest.approx(dict(row.waits), abs=2)
    taken = [row.recipient(row.address(faults.index(fault))) for fault in TAKEN]
    assert fake.counts == dict.fromkeys(taken, 1)
    assert len(fake.complaints) <= 1, fake.complaints  # of the wrong credentials only


def address(row: Row, number: int, fault: str) -> str:
    return row.addresses.get(fault) or row.address(number)
