"""Meet all faults of a provider, and keep what became of each message and what was said of it."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from channels.contract import Adapter
from channels.flights import Sent
from channels.gateway import Gateway
from config.logs import formatter
from tests.providers.driving import (
    account,
    adapter_for,
    collect,
    is_unanswered,
    message,
    open_gateway,
    submit,
)
from tests.providers.fake import Fake
from tests.providers.rows import ROWS
from tests.providers.server import deaf, nobody
from tests.providers.table import Row
from tests.providers.world import World

SECRET = re.compile(r"[\w.-]{10,}")
NO_SECRET = {"Credential"}  # a word of Amazon's signatures


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


def play(names: Iterable[str], world: World, redis_url: str) -> dict[str, Played]:
    """Meet all faults of these rows, each row through gateways of its own."""
    results = [Played(name, ROWS[name].fake()) for name in names]
    world.fakes.update({one.name: one.fake for one in results})
    with deaf() as unread, everything_logged() as logs:
        meet = partial(_meet, world=world, redis_url=redis_url)
        # Where a fault is played not by the provider: by nobody, or by one who does not listen.
        elsewhere = {"refused": nobody(), "deaf": unread}
        with ThreadPoolExecutor(len(results)) as pool:
            # What gives up early comes last, when the machine has nothing else to do.
            for is_hurried in (False, True):
                list(pool.map(partial(meet, is_hurried=is_hurried, elsewhere=elsewhere), results))
    for one in results:
        one.logs = logs.getvalue()
    return {one.name: one for one in results}


def _meet(
    one: Played, *, is_hurried: bool, world: World, redis_url: str, elsewhere: dict[str, str]
) -> None:
    """Meet the faults that time out, or all others."""
    gateway = open_gateway(redis_url)
    faults = [fault for fault in one.row.outcomes if is_unanswered(fault) == is_hurried]
    try:
        for number, fault in enumerate(faults):
            _send(gateway, number, one, fault, elsewhere.get(fault, world.base(one.name)))
        one.done |= {faults[sent.key]: sent for sent in collect(gateway, len(faults))}
    finally:
        gateway.close()
    for call in one.fake.calls:  # what was made of the secrets: signatures, tokens, logins
        one.secrets |= set(SECRET.findall(call.headers.get("authorization", ""))) - NO_SECRET


def _send(gateway: Gateway, number: int, one: Played, fault: str, base: str) -> None:
    to, row = one.address(fault), one.row
    one.fake.faults[row.recipient(to)] = fault
    adapter = adapter_for(one.name, fault, base)
    one.secrets |= _secrets_of(adapter) | set(SECRET.findall(to))  # an address may be a secret too
    submit(gateway, number, account(adapter, row.kind), message(to, row.kind, **row.extra))


def _secrets_of(adapter: Adapter) -> set[str]:
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
