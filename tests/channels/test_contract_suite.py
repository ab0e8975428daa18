"""Every adapter through every fault of its provider, over real sockets and the real gateway."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from traceback import format_exception

import pytest
from django.conf import settings

from channels.gateway import Sent
from channels.registry import ADAPTERS
from config.logs import formatter
from tests.providers.driving import (
    account,
    adapter_for,
    collect,
    is_unanswered,
    message,
    open_gateway,
    outcome,
    provider_of,
    submit,
)
from tests.providers.fake import Fake
from tests.providers.rows import ROWS
from tests.providers.server import deaf, nobody
from tests.providers.table import TAKEN, Row
from tests.providers.world import World

#: Those that bring their own sockets have a suite of their own: test_contract_sockets.
OWN_SOCKETS = {"smtp", "apprise"}
SECRET = re.compile(r"[\w.-]{10,}")
#: Words of Amazon's signatures that are the same in all of them.
AMAZON = {"AWS4-HMAC-SHA256", "aws4_request", "x-amz-date", "content-type", "Credential"}


@dataclass
class Played:
    """One provider after all its faults. logs: all that was logged of any, at DEBUG."""

    name: str
    fake: Fake
    done: dict[str, Sent] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    logs: str = ""

    @property
    def row(self) -> Row:
        return ROWS[self.name]

    def address(self, fault: str) -> str:
        number = list(self.row.outcomes).index(fault)
        return self.row.addresses.get(fault) or self.row.address(number)

    def recipient(self, fault: str) -> str:
        return self.row.recipient(self.address(fault))


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


@pytest.fixture(scope="module")
def plays(world, bases) -> dict[str, Played]:
    """All faults of all providers, each through a gateway of its own; some wait for time-outs."""
    results = [Played(name, row.fake()) for name, row in ROWS.items()]
    world.fakes.update({one.name: one.fake for one in results})
    with everything_logged() as logs, ThreadPoolExecutor(len(results)) as pool:
        # What gives up early comes last, when the machine has nothing else to do.
        for is_hurried in (False, True):
            meet = partial(play, is_hurried=is_hurried, world=world, bases=bases)
            list(pool.map(meet, results))
    for one in results:
        one.logs = logs.getvalue()
    return {one.name: one for one in results}


@pytest.fixture(params=list(ROWS))
def played(request, plays) -> Played:
    """One provider after all its faults."""
    return plays[request.param]


def test_every_provider_of_the_registry_has_a_fake_and_a_row():
    assert set(ADAPTERS) == set(map(provider_of, ROWS)) | OWN_SOCKETS
    assert {row.fake.name for row in ROWS.values()} == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_every_refusal_of_a_fake_has_an_outcome(name):
    row = ROWS[name]

    assert set(row.fake.refusals) <= set(row.outcomes)


def test_every_fault_means_what_the_table_says(played):
    row = played.row

    assert {fault: outcome(one) for fault, one in played.done.items()} == dict(row.outcomes)
    waits = {fault: played.done[fault].error.retry_after_s for fault in row.waits}
    assert waits == pytest.approx(dict(row.waits), abs=2)


def test_the_provider_took_what_it_answered_for_and_what_was_lost_once_each(played):
    assert played.fake.counts == {played.recipient(fault): 1 for fault in TAKEN}
    assert len(played.fake.complaints) <= 1, played.fake.complaints  # of the wrong credentials


def test_no_secret_and_no_address_is_told_of_any_fault(played):
    told = [played.logs]
    for sent in played.done.values():
        told += format_exception(sent.error) if sent.error else [sent.receipt.raw]

    private = {"Анна", *filter(lambda one: len(one) > 8, map(played.recipient, played.done))}
    text = "\n".join(told)
    assert "127.0.0.1" in played.logs
    assert {secret for secret in played.secrets | private if secret in text} == set()


def play(one: Played, *, is_hurried: bool, world: World, bases) -> None:
    """Meet the provider's faults: those that time out, or all others."""
    gateway = open_gateway(settings.REDIS_URL)
    faults = [fault for fault in one.row.outcomes if is_unanswered(fault) == is_hurried]
    try:
        for number, fault in enumerate(faults):
            send(gateway, number, one, fault, bases.get(fault, world.base(one.name)))
        one.done |= {faults[sent.key]: sent for sent in collect(gateway, len(faults))}
    finally:
        gateway.close()
    for call in one.fake.calls:  # what was made of the secrets: signatures, tokens, logins
        one.secrets |= set(SECRET.findall(call.headers.get("authorization", ""))) - AMAZON


def send(gateway, number: int, one: Played, fault: str, base: str) -> None:
    to, row = one.address(fault), one.row
    one.fake.faults[row.recipient(to)] = fault
    adapter = adapter_for(one.name, fault, base)
    one.secrets |= secrets_of(adapter) | set(SECRET.findall(to))  # an address may be a secret too
    submit(gateway, number, account(adapter, row.kind), message(to, row.kind, **row.extra))


def secrets_of(adapter) -> set[str]:
    values = [
        adapter.credentials.get(name, "") for name, secret in adapter.fields.items() if secret
    ]
    return {piece for value in values for piece in SECRET.findall(value)}


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """Write all loggers down to DEBUG as the product's handler would."""
    out, root = io.StringIO(), logging.getLogger()
    calls = logging.getLogger("channels.calls")
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter())
    levels = root.level, calls.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    calls.setLevel(logging.DEBUG)
    try:
        yield out
    finally:
        root.removeHandler(handler)
        root.setLevel(levels[0])
        calls.setLevel(levels[1])
