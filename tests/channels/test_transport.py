"""One contract for both transports, against a real server that fails as providers do."""

from __future__ import annotations

import logging
import socket
import threading
import time

import pytest

from channels import calls
from channels.errors import Ambiguous, NotStarted, Permanent, Temporary
from channels.guard import AddressGuard
from channels.request import HttpRequest, HttpResponse
from channels.transport import call, open_transport
from tests.channels.fault_server import FaultServer, self_signed


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
    transport = open_transport(slots=100, client=client)
    yield transport
    transport.close()


def post(url, body=b'{"text":"hello"}', timeout_s=5.0, trusted=True, **kwargs):
    headers = {"Content-Type": "application/json"}
    return HttpRequest("POST", url, headers, body, timeout_s, trusted=trusted, **kwargs)


def send(transport, request, lease_s=60.0):
    transport.submit(1, request, time.monotonic() + lease_s)
    return collect(transport, 1)[1]


def collect(transport, count, within_s=15.0):
    results: dict[int, object] = {}
    deadline = time.monotonic() + within_s
    while len(results) < count and time.monotonic() < deadline:
        results.update(transport.poll(1.0))
    return results


def test_an_answer_comes_back_with_status_headers_and_body(transport, server):
    request = HttpRequest(
        "POST", server.url("/ok?a=1"), {"X-Key": "k"}, "Привет".encode(), trusted=True
    )

    result = send(transport, request)

    assert (result.status, result.body) == (200, b'{"ok":true}')
    assert result.headers["content-length"] == "11"
    method, path, headers, body = server.arrivals[0]
    assert (method, path, body) == ("POST", "/ok?a=1", "Привет".encode())
    assert headers["x-key"] == "k"
    assert "expect" not in headers
    assert "content-type" not in headers


@pytest.mark.parametrize(
    ("method", "body"), [("GET", b""), ("POST", b""), ("PUT", b"{}"), ("DELETE", b"")]
)
def test_every_method_arrives_as_written(transport, server, method, body):
    for _ in range(2):
        result = send(transport, HttpRequest(method, server.url("/ok"), {}, body, trusted=True))
        assert result.status == 200

    assert [(a[0], a[3]) for a in server.arrivals] == [(method, body)] * 2


def test_connections_are_kept_for_the_next_call(transport, server):
    for _ in range(20):
        assert send(transport, post(server.url("/ok"))).status == 200

    assert len(server.arrivals) == 20
    assert server.connections == 1


@pytest.mark.parametrize("body", [b'{"text":"hello"}', b""])
def test_a_kept_connection_that_dies_after_reading_is_never_sent_again(transport, server, body):
    assert send(transport, post(server.url("/ok"), body)).status == 200

    result = send(transport, post(server.url("/hangup"), body))

    assert isinstance(result, Ambiguous)
    assert [a[1] for a in server.arrivals] == ["/ok", "/hangup"]


def test_a_get_on_a_kept_connection_that_dies_is_never_sent_again(transport, server):
    assert send(transport, post(server.url("/ok"))).status == 200

    result = send(transport, HttpRequest("GET", server.url("/hangup"), {}, trusted=True))

    assert isinstance(result, Ambiguous)
    assert [a[1] for a in server.arrivals] == ["/ok", "/hangup"]


def test_a_new_connection_that_dies_after_reading_is_ambiguous(transport, server):
    assert isinstance(send(transport, post(server.url("/hangup"))), Ambiguous)
    assert len(server.arrivals) == 1


@pytest.mark.parametrize("path", ["/slow", "/drip"])
def test_a_slow_answer_is_ambiguous_within_the_time_out(transport, server, path):
    began = time.monotonic()

    result = send(transport, post(server.url(path), timeout_s=0.4))

    assert isinstance(result, Ambiguous)
    assert time.monotonic() - began > 0.3  # whatever waits longer gets the answer
    assert len(server.arrivals) == 1


def test_half_an_answer_is_ambiguous(transport, server):
    assert isinstance(send(transport, post(server.url("/partial"))), Ambiguous)


def test_a_refused_connection_is_temporary(transport):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    assert type(send(transport, post(f"http://127.0.0.1:{port}/"))) is Temporary


def test_an_unknown_host_is_temporary(transport):
    assert type(send(transport, post("http://nowhere.invalid/"))) is Temporary


@pytest.fixture(scope="module")
def silent():
    """A server that never answers, open for longer than any thread that still speaks to it.

    The ssl module leaks the socket of a peer that goes just before the handshake.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_time_out_before_the_request_was_written_is_temporary(transport, silent):
    url = f"https://127.0.0.1:{silent.getsockname()[1]}/"

    assert type(send(transport, post(url, timeout_s=0.4))) is Temporary


def test_a_self_signed_certificate_is_temporary(transport, tmp_path):
    server = FaultServer(self_signed(tmp_path))

    result = send(transport, post(server.url("/ok", "localhost")))

    server.close()
    assert type(result) is Temporary
    assert server.arrivals == []


def test_the_providers_own_bundle_is_trusted(transport, tmp_path):
    certificate = self_signed(tmp_path)
    server = FaultServer(certificate)
    request = post(server.url("/ok", "localhost"), ca_file=str(certificate))

    results = [send(transport, request) for _ in range(3)]

    server.close()
    assert [result.status for result in results] == [200, 200, 200]
    assert server.connections == 1


def test_a_certificate_for_another_name_is_temporary(transport, tmp_path):
    certificate = self_signed(tmp_path)
    server = FaultServer(certificate)

    result = send(transport, post(server.url("/ok"), ca_file=str(certificate)))

    server.close()
    assert type(result) is Temporary


def test_a_redirect_is_an_answer_and_not_followed(transport, server):
    first = send(transport, post(server.url("/moved")))
    second = send(transport, post(server.url("/ok")))

    assert (first.status, second.status) == (302, 200)
    assert [a[1] for a in server.arrivals] == ["/moved", "/ok"]
    assert "cookie" not in server.arrivals[1][2]


@pytest.mark.parametrize("path", ["/huge", "/exact"])
def test_64_kilobytes_of_the_answer_are_kept(transport, server, path):
    result = send(transport, post(server.url(path)))

    assert result.status == 200
    assert len(result.body) == 65_536
    assert send(transport, post(server.url("/ok"))).body == b'{"ok":true}'


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_guard_refuses_this_machine_by_address_and_by_name(transport, server, host):
    result = send(transport, post(server.url("/ok", host), trusted=False))

    assert type(result) is Permanent
    assert result.detail == "target address is not allowed"
    assert server.connections == 0


def test_the_guard_refuses_a_connection_that_a_trusted_call_left_open(transport, server):
    assert send(transport, post(server.url("/ok"))).status == 200

    result = send(transport, post(server.url("/ok"), trusted=False))

    assert type(result) is Permanent
    assert len(server.arrivals) == 1


@pytest.mark.parametrize("allowed", ["localhost", "127.0.0.0/8", "127.0.0.1"])
def test_the_operator_may_permit_a_host_or_a_network(client, server, allowed):
    transport = open_transport(4, AddressGuard((allowed, "::1")), client)

    result = send(transport, post(server.url("/ok", "localhost"), trusted=False))

    transport.close()
    assert result.status == 200


def test_a_proxy_of_the_environment_is_not_used(transport, server, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert send(transport, post(server.url("/ok"))).status == 200


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "no url", "http://[1"])
def test_only_http_is_spoken(transport, url):
    assert type(send(transport, post(url))) is Permanent


def test_a_line_break_in_a_header_is_refused(transport, server):
    request = HttpRequest("POST", server.url("/ok"), {"X-A": "b\r\nX-C: d"}, b"{}", trusted=True)

    assert type(send(transport, request)) is Permanent
    assert server.arrivals == []
    assert send(transport, post(server.url("/ok"))).status == 200


def test_nothing_starts_when_the_lease_is_about_to_end(transport, server):
    assert isinstance(send(transport, post(server.url("/ok")), lease_s=4.9), NotStarted)
    assert server.connections == 0


def test_no_time_out_outlives_the_lease(transport, monkeypatch):
    monkeypatch.setattr(calls, "LEASE_MARGIN_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        request = post(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout_s=60.0)

        result = send(transport, request, lease_s=0.5)

    assert isinstance(result, Ambiguous)
    assert time.monotonic() - began < 12


def test_a_call_without_a_free_slot_is_not_started(client, server):
    transport = open_transport(2, client=client)
    lease_end = time.monotonic() + 60

    for key in range(3):
        transport.submit(key, post(server.url("/slow")), lease_end)

    assert transport.free == 0
    results = collect(transport, 3)
    transport.close()
    assert [type(results[key]) for key in range(3)] == [HttpResponse, HttpResponse, NotStarted]


def test_300_calls_over_100_slots_are_all_answered_once(transport, server):
    lease_end = time.monotonic() + 60
    waiting = list(range(300))
    results: dict[int, HttpResponse] = {}
    while len(results) < 300:
        while waiting and transport.free:
            key = waiting.pop()
            transport.submit(key, post(server.url("/ok"), b"%d" % key), lease_end)
        results.update(transport.poll(5.0))

    assert {result.status for result in results.values()} == {200}
    assert sorted(int(a[3]) for a in server.arrivals) == list(range(300))
    assert server.connections <= 100
    assert transport.free == 100


def test_poll_waits_for_the_first_result_without_burning_time(transport, server):
    transport.submit(1, post(server.url("/slow")), time.monotonic() + 60)
    cpu, began = time.process_time(), time.monotonic()

    results = transport.poll(30.0)

    assert [key for key, _ in results] == [1]
    assert time.monotonic() - began < 15
    assert time.process_time() - cpu < 0.8  # a busy wait burns 1.5


def test_poll_waits_no_longer_than_told(transport):
    began = time.monotonic()

    assert transport.poll(0.2) == []
    assert 0.15 < time.monotonic() - began < 5


def test_another_thread_ends_a_wait(transport):
    began = time.monotonic()
    threading.Timer(0.1, transport.wake).start()

    assert transport.poll(30.0) == []
    assert time.monotonic() - began < 15


def test_the_call_log_names_the_host_and_no_secret(transport, server, caplog):
    caplog.set_level(logging.DEBUG, "channels.calls")

    send(transport, post(server.url("/bot123:SECRET/send?token=SECRET"), b"SECRET"))

    record = caplog.records[-1]
    assert (record.host, record.method, record.outcome) == ("127.0.0.1", "POST", "200")
    assert record.ms >= 0
    assert "SECRET" not in str(record.__dict__)


def test_a_single_call_answers_or_raises(server):
    assert call(post(server.url("/ok"))).status == 200
    with pytest.raises(Ambiguous):
        call(post(server.url("/hangup")))
    with pytest.raises(Permanent):
        call(post(server.url("/ok"), trusted=False))
