"""The address guard: only public addresses, and those the operator permits."""

from __future__ import annotations

import pytest

from channels.errors import Permanent
from channels.guard import AddressGuard, connect
from tests.for_each import for_each


@for_each(
    "ip",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104 (an address to refuse, nothing binds to it)
        "10.0.0.1",
        "172.16.5.5",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "::7f00:1",
        "fec0::1",
        "no address",
        "",
    ],
)
def test_an_address_inside_is_refused(ip):
    assert not AddressGuard().permits(ip)


@for_each(
    "ip",
    ["149.154.167.220", "8.8.8.8", "2001:67c:4e8:f004::9", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_a_public_address_is_permitted(ip):
    assert AddressGuard().permits(ip)


def test_the_operator_permits_networks_and_single_addresses():
    guard = AddressGuard(("10.1.0.0/16", "192.168.0.5", "fd00::/8"))

    permitted = ["10.1.2.3", "192.168.0.5", "fd00::1", "::ffff:10.1.2.3"]
    assert [guard.permits(ip) for ip in permitted] == [True] * 4
    assert not guard.permits("10.2.0.1")


def test_the_operator_permits_a_host_by_name():
    guard = AddressGuard(("Bot-API.internal",))

    assert guard.trusts("bot-api.INTERNAL.")
    assert not guard.trusts("other.internal")


def test_a_name_that_resolves_to_this_machine_is_refused():
    with pytest.raises(Permanent):
        connect("localhost", 9, guard=AddressGuard(), timeout_s=1)
