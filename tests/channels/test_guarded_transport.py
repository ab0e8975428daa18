"""No URL of a tenant leads inside, over either transport: literal, resolved, moved or rebound."""

from __future__ import annotations

import socket
import time

import pytest

from channels.errors import Permanent
from channels.guard import AddressGuard
from channels.request import HttpRequest
from channels.transport import open_transport
from tests.channels.fault_server import FaultServer

REFUSED = "target address is not allowed"


@pytest.fixture
def server():
    server = FaultServer()
    yield server
    server.close()


@pytest.fixture(params=["curl", "requests"])
def client(request):
    return request.param


@pytest.fixture
def transport(client):
    transport = open_transport(2, AddressGuard(), client)
    yield transport
    transport.close()


def send(transport, url, method="POST", timeout_s=3.0):
    body = b"{}" if method == "POST" else b""
    transport.submit(1, HttpRequest(method, url, {}, body, timeout_s), time.monotonic() + 60)
    while True:
        if done := transport.poll(5.0):
            return done[0][1]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://100.100.100.200/latest/meta-data/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[2002:7f00:1::]/",
        "http://0.0.0.0:1/",
        "http://[::]:1/",
        "http://10.0.0.1/",
        "http://[fe80::1]/",
    ],
)
def test_an_address_inside_is_refused_before_a_packet_leaves(transport, method, url):
    result = send(transport, url, method)

    assert type(result) is Permanent
    assert result.detail == REFUSED


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "user@127.0.0.1",
        "8.8.8.8@127.0.0.1",
    ],
)
def test_every_spelling_of_this_machine_is_refused(transport, server, host):
    result = send(transport, f"http://{host}:{server.server_address[1]}/ok")

    assert type(result) is Permanent
    assert server.connections == 0


@pytest.mark.parametrize(
    "to", ["http://127.0.0.2:{port}/ok", "http://169.254.169.254/latest", "//127.0.0.2:{port}/ok"]
)
def test_a_redirect_to_an_address_inside_is_an_answer_and_not_a_way(client, server, to):
    hidden = FaultServer(address=("127.0.0.2", 0))
    transport = open_transport(2, AddressGuard(("127.0.0.1",)), client)
    target = to.format(port=hidden.server_address[1])

    result = send(transport, server.url(f"/moved?to={target}"))

    transport.close()
    hidden.close()
    assert (result.status, result.headers["location"]) == (302, target)
    assert hidden.connections == 0


class Names:
    """The machine's resolver: what a name means now."""

    def __init__(self, client, transport, monkeypatch):
        self.client, self.transport, self.monkeypatch = client, transport, monkeypatch

    def say(self, host, port, *addresses):
        if self.client == "curl":
            import pycurl  # optional

            unmade = self.transport._most - len(self.transport._slots)
            free = len(self.transport._free) + unmade
            self.transport._free += [self.transport._slot() for _ in range(free)]
            for slot in self.transport._slots.values():
                entries = [f"-{host}:{port}", f"{host}:{port}:{','.join(addresses)}"]
                slot.easy.setopt(pycurl.RESOLVE, entries)
            return
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses
        ]
        real = socket.getaddrinfo
        self.monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda name, *rest, **how: found if name == host else real(name, *rest, **how),
        )


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_name_that_is_rebound_after_a_good_answer_is_refused(client, monkeypatch, method):
    allowed = FaultServer(address=("127.0.0.2", 0))
    port = allowed.server_address[1]
    hidden = FaultServer(address=("127.0.0.1", port))
    transport = open_transport(1, AddressGuard(("127.0.0.2",)), client)
    names, url = Names(client, transport, monkeypatch), f"http://rebound.example:{port}/hangup"

    names.say("rebound.example", port, "127.0.0.2")
    send(transport, url, method)  # the line is cut, so the next call must connect anew
    names.say("rebound.example", port, "127.0.0.1")
    second = send(transport, url, method)

    transport.close()
    allowed.close()
    hidden.close()
    assert len(allowed.arrivals) == 1
    assert type(second) is Permanent
    assert second.detail == REFUSED
    assert hidden.connections == 0


def test_of_a_names_addresses_only_permitted_ones_are_tried(client, monkeypatch):
    allowed = FaultServer(address=("127.0.0.2", 0))
    port = allowed.server_address[1]
    hidden = FaultServer(address=("127.0.0.1", port))
    transport = open_transport(1, AddressGuard(("127.0.0.2",)), client)
    names = Names(client, transport, monkeypatch)

    names.say("both.example", port, "127.0.0.1", "127.0.0.2")
    result = send(transport, f"http://both.example:{port}/ok")

    transport.close()
    allowed.close()
    hidden.close()
    assert result.status == 200
    assert hidden.connections == 0


@pytest.mark.parametrize("way", ["http://{inside}\\@{known}/", "http://{inside}\\.{known}/"])
def test_no_sign_that_parsers_read_differently_hides_the_target(client, server, way):
    transport = open_transport(1, AddressGuard(("known.example",)), client)

    result = send(transport, way.format(inside=server.url("")[7:], known="known.example"))
    transport.close()

    assert type(result) is Permanent
    assert server.connections == 0


@pytest.mark.parametrize(
    "name",
    ["Content-Length", "transfer-encoding", "Connection", "Transfer-Encoding ", "X-A: b\tX-C", ""],
)
def test_no_header_tells_where_a_request_ends(client, server, name):
    """Connections are shared: a request inside another would be given somebody else's answer."""
    transport = open_transport(1, AddressGuard(("127.0.0.1",)), client)
    request = HttpRequest("POST", server.url("/ok"), {name: "0"}, b"GET /ok HTTP/1.1\r\n\r\n")

    transport.submit(1, request, time.monotonic() + 60)
    ((_, result),) = transport.poll(5.0)
    transport.close()

    assert type(result) is Permanent
    assert server.arrivals == []
