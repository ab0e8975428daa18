"""HTTP/2 where the provider speaks nothing else: many calls share one connection."""

from __future__ import annotations

import time

import pytest

from channels.errors import Ambiguous, Unsupported
from channels.request import HttpRequest
from channels.transport import open_transport
from tests.channels.fault_server import FaultServer
from tests.providers.http2 import Http2Server
from tests.providers.server import Reply


class Counting:
    """Answers each call with its own body; "lost" is never answered."""

    def __init__(self):
        self.calls = []

    def serve(self, call):
        self.calls.append(call)
        fate = "lost" if call.body == b"lost" else "slow" if call.body == b"slow" else ""
        return Reply(200, call.body, fate=fate)


@pytest.fixture
def provider():
    return Counting()


@pytest.fixture
def server(provider):
    server = Http2Server({"push": provider})
    yield server
    server.close()


def post(server, body, **values):
    url = server.base("push") + "/3/device"
    given = {"timeout_s": 5.0, "trusted": True, "http2": True, **values}
    return HttpRequest("POST", url, {"X-Key": "k"}, body, **given)


def collect(transport, count):
    results = {}
    deadline = time.monotonic() + 10
    while len(results) < count and time.monotonic() < deadline:
        results.update(transport.poll(1.0))
    return results


def test_many_calls_at_once_share_one_connection(server, provider):
    transport = open_transport(50, client="curl")
    for key in range(40):
        transport.submit(key, post(server, b"slow" if key % 2 else b"%d" % key), 1e9)

    results = collect(transport, 40)

    transport.close()
    assert {result.status for result in results.values()} == {200}
    assert [results[key].body for key in (0, 1, 2)] == [b"0", b"slow", b"2"]
    assert len(provider.calls) == 40
    assert server.connections == 1


def test_a_call_that_is_not_answered_is_ambiguous_and_the_others_go_on(server, provider):
    transport = open_transport(5, client="curl")
    transport.submit(1, post(server, b"lost", timeout_s=0.5), 1e9)
    transport.submit(2, post(server, b"fine"), 1e9)

    results = collect(transport, 2)

    transport.close()
    assert type(results[1]) is Ambiguous
    assert results[2].body == b"fine"
    assert len(provider.calls) == 2


def test_a_slot_that_spoke_http2_speaks_http1_again(server):
    transport, plain = open_transport(1, client="curl"), FaultServer()
    transport.submit(1, post(server, b"two"), 1e9)
    first = collect(transport, 1)[1]
    transport.submit(2, HttpRequest("POST", plain.url("/ok"), {}, b"{}", trusted=True), 1e9)
    second = collect(transport, 1)[2]

    transport.close()
    plain.close()
    assert (first.status, second.status) == (200, 200)


def test_without_libcurl_it_is_unsupported(server, provider):
    transport = open_transport(1, client="requests")
    transport.submit(1, post(server, b"two"), 1e9)

    assert type(collect(transport, 1)[1]) is Unsupported
    transport.close()
    assert provider.calls == []
