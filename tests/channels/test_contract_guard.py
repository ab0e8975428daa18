"""No provider's account leads inside: whatever a salon writes as an address, nothing is called."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from channels.adapters.smtp import SmtpAdapter
from channels.registry import ADAPTERS
from tests.providers.driving import (
    account,
    collect,
    message,
    open_gateway,
    outcome,
    provider_of,
    submit,
)
from tests.providers.rows import ROWS
from tests.providers.world import World

#: The platform itself writes the Phone's URL, so it may lead inside.
NAMES = [name for name in ROWS if name != "sandbox"]
INSIDE = {
    "loopback": "127.0.0.1",
    "by name": "localhost",
    "as a number": "2130706433",
    "mapped": "[::ffff:127.0.0.1]",
    "metadata": "169.254.169.254",
    "private": "10.0.0.7",
}
REFUSED = ("permanent_content", "target address is not allowed")


@pytest.fixture(scope="module")
def world():
    world = World()
    yield world
    world.close()


@pytest.fixture
def gateway():
    gateway = open_gateway(settings.REDIS_URL, reachable=())
    yield gateway
    gateway.close()


@pytest.mark.parametrize("name", NAMES)
def test_an_address_inside_is_refused_and_nothing_arrives(name, world, gateway):
    row = ROWS[name]
    fake = world.fakes[name] = row.fake()
    for number, host in enumerate(INSIDE.values()):
        adapter = ADAPTERS[provider_of(name)](row.credentials(at(world.base(name), host)))
        outbound = message(row.address(number), row.kind, **row.extra)
        submit(gateway, number, account(adapter, row.kind), outbound)

    told = [(outcome(one), one.error.detail) for one in collect(gateway, len(INSIDE))]

    assert told == [REFUSED] * len(INSIDE)
    assert fake.calls == []


@pytest.mark.parametrize("name", NAMES)
def test_a_proxy_inside_is_refused_and_nothing_arrives(name, world, gateway):
    row = ROWS[name]
    fake = world.fakes[name] = row.fake()
    inside = world.base(name)
    adapter = ADAPTERS[provider_of(name)](
        {**row.credentials("http://provider.example"), "proxy": inside.rpartition("/")[0]}
    )
    submit(gateway, 1, account(adapter, row.kind), message(row.address(1), row.kind, **row.extra))

    (sent,) = collect(gateway, 1)

    assert (outcome(sent), sent.error.detail) == REFUSED
    assert fake.calls == []


@pytest.mark.parametrize("name", ["slack_hook", "discord", "teams", "mattermost", "web_push"])
def test_a_clients_address_inside_is_refused_and_nothing_arrives(name, world, gateway):
    row = ROWS[name]
    fake = world.fakes[name] = row.fake()
    credentials = row.credentials("")
    del credentials["api_base"]
    for number, host in enumerate(INSIDE.values()):
        to = re.sub(r"https://[^/]+", at(world.base(name), host), row.address(number))
        adapter = ADAPTERS[provider_of(name)](credentials)
        submit(gateway, number, account(adapter, row.kind), message(to, row.kind))

    told = {outcome(one) for one in collect(gateway, len(INSIDE))}

    # Who is no push service is no address of a browser either.
    assert told == {"permanent_recipient" if name == "web_push" else "permanent_content"}
    assert fake.calls == []


def test_a_mail_server_inside_is_refused(gateway):
    hosts = [host.strip("[]") for host in INSIDE.values()]
    for number, host in enumerate(hosts):
        credentials = {"host": host, "port": "25", "from_address": "salon@beauty.example"}
        where = account(SmtpAdapter(credentials), "email")
        submit(gateway, number, where, message("anna@mail.example", "email"))

    told = [(outcome(one), one.error.detail) for one in collect(gateway, len(hosts))]

    assert told == [REFUSED] * len(hosts)


def at(base: str, host: str) -> str:
    return base.replace("127.0.0.1", host)
