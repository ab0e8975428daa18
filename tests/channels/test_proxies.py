"""An account's own proxy, over both transports: it carries the call and opens no way around."""

from __future__ import annotations

import logging
import socket
import time
from dataclasses import replace
from uuid import uuid4

import certifi
import pytest

from channels.accounts import Account
from channels.adapters.sandbox import SandboxAdapter
from channels.contract import Content, Outbound
from channels.errors import Ambiguous, BadCredentials, Permanent, Temporary
from channels.gateway import Gateway
from channels.guard import AddressGuard
from channels.request import HttpRequest
from channels.routing import routed
from channels.transport import open_transport
from tests.channels.fault_server import FaultServer, self_signed
from tests.channels.proxy_server import ProxyServer
from tests.for_each import for_each

SCHEMES = ["http", "socks5", "socks5h"]
LOOPBACK = AddressGuard(("127.0.0.1", "::1"))


@pytest.fixture
def server():
    server = FaultServer()
    yield server
    server.close()


@pytest.fixture
def proxy():
    proxy = ProxyServer()
    yield proxy
    proxy.close()


@pytest.fixture(params=["curl", "requests"])
def client(request):
    return request.param


@pytest.fixture
def transport(client):
    transport = open_transport(20, LOOPBACK, client)
    yield transport
    transport.close()


def post(url, proxy, timeout_s=5.0, **values):
    return HttpRequest("POST", url, {"X-Key": "k"}, b"{}", timeout_s, proxy=proxy, **values)


def send(transport, request):
    transport.submit(1, request, time.monotonic() + 60)
    while True:
        if done := transport.poll(5.0):
            return done[0][1]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_call_goes_through_the_proxy_and_keeps_its_connection(transport, server, proxy, scheme):
    for _ in range(3):
        result = send(transport, post(server.url("/ok"), proxy.url(scheme)))
        assert (result.status, result.body) == (200, b'{"ok":true}')

    port = server.server_address[1]
    assert proxy.targets == [f"127.0.0.1:{port}"]
    assert server.connections == 1
    assert [arrival[1] for arrival in server.arrivals] == ["/ok"] * 3
    assert not any(name.startswith("proxy") for name in server.arrivals[0][2])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_call_over_tls_is_checked_end_to_end(transport, proxy, tmp_path, scheme):
    certificate = self_signed(tmp_path)
    server = FaultServer(certificate)
    transport = open_transport(2, AddressGuard(("127.0.0.1", "::1", "localhost")))
    proxy.goes_to = server.server_address

    trusting = post(server.url("/ok", "localhost"), proxy.url(scheme), ca_file=str(certificate))
    strict = post(server.url("/ok", "localhost"), proxy.url(scheme))
    results = [send(transport, request) for request in (trusting, strict)]

    server.close()
    transport.close()
    assert results[0].status == 200
    assert type(results[1]) is Temporary


@pytest.mark.parametrize("has_tls", [False, True])
def test_a_proxy_may_itself_speak_tls(client, tmp_path, monkeypatch, has_tls):
    certificate = self_signed(tmp_path)
    monkeypatch.setattr(certifi, "where", lambda: str(certificate))
    proxy = ProxyServer(certificate=certificate)
    server = FaultServer(certificate if has_tls else None)
    transport = open_transport(2, AddressGuard(("127.0.0.1", "::1", "localhost")), client)
    proxy.goes_to = server.server_address

    url = proxy.url("https", host="localhost")
    results = [send(transport, post(server.url("/ok", "localhost"), url)) for _ in range(2)]

    transport.close()
    server.close()
    proxy.close()
    assert [result.status for result in results] == [200, 200]
    assert len(proxy.targets) == 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_proxys_login_is_used(client, server, scheme):
    proxy = ProxyServer("salon:p@ss")
    transport = open_transport(2, LOOPBACK, client)

    known = send(transport, post(server.url("/ok"), proxy.url(scheme, "salon:p%40ss")))

    transport.close()
    proxy.close()
    assert known.status == 200


@pytest.mark.parametrize("login", ["", "salon:wrong"])
def test_a_login_that_an_http_proxy_refuses_pauses_the_account(client, server, login):
    proxy = ProxyServer("salon:secret")
    transport = open_transport(2, LOOPBACK, client)

    result = send(transport, post(server.url("/ok"), proxy.url("http", login)))

    transport.close()
    proxy.close()
    assert type(result) is BadCredentials
    assert "secret" not in result.detail + "wrong"
    assert server.arrivals == []


def test_a_kept_tunnel_serves_nobody_without_its_login(client, server):
    proxy = ProxyServer("salon:secret")
    transport = open_transport(2, LOOPBACK, client)

    first = send(transport, post(server.url("/ok"), proxy.url("http", "salon:secret")))
    second = send(transport, post(server.url("/ok"), proxy.url("http", "other:guess")))

    transport.close()
    proxy.close()
    assert first.status == 200
    assert type(second) is BadCredentials


def test_a_straight_call_takes_no_kept_tunnel_and_the_other_way_round(transport, server, proxy):
    send(transport, post(server.url("/ok"), proxy.url("http")))
    send(transport, post(server.url("/ok"), ""))
    send(transport, post(server.url("/ok"), proxy.url("socks5h")))

    assert len(proxy.targets) == 2
    assert server.connections == 3


@pytest.mark.parametrize("fault", [403, 502, 503])
def test_what_a_proxy_refuses_was_never_written(transport, server, proxy, fault):
    proxy.fault = fault

    assert type(send(transport, post(server.url("/ok"), proxy.url("http")))) is Temporary
    assert server.connections == 0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_proxy_that_is_away_is_temporary(transport, server, scheme):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"{scheme}://127.0.0.1:{unused.getsockname()[1]}"

    assert type(send(transport, post(server.url("/ok"), url))) is Temporary


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_a_proxy_that_never_answers_is_temporary(transport, server, scheme):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"

        assert type(send(transport, post(server.url("/ok"), url, timeout_s=0.4))) is Temporary


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
@pytest.mark.parametrize("path", ["/hangup", "/slow"])
def test_an_answer_that_is_lost_behind_a_proxy_is_ambiguous(transport, server, proxy, scheme, path):
    request = post(server.url(path), proxy.url(scheme), timeout_s=0.5)

    assert type(send(transport, request)) is Ambiguous
    assert len(server.arrivals) == 1


@pytest.mark.parametrize("url", ["ftp://127.0.0.1:21", "127.0.0.1:3128", "http://", "http://a:b"])
def test_what_is_no_proxy_is_refused_without_being_quoted(transport, server, url):
    result = send(transport, post(server.url("/ok"), url))

    assert type(result) is Permanent
    assert "127" not in result.detail
    assert server.connections == 0


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_proxy_inside_is_refused(client, server, proxy, scheme, host):
    transport = open_transport(2, AddressGuard((server.url("")[7:],)), client)

    result = send(transport, post("http://8.8.8.8/", proxy.url(scheme, host=host)))

    transport.close()
    assert type(result) is Permanent
    assert result.detail == "target address is not allowed"
    assert proxy.targets == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "target",
    [
        "169.254.169.254",
        "10.0.0.1",
        "[::1]",
        "[::ffff:169.254.169.254]",
        "localhost",
        "metadata.google.internal",
        "2130706433",
    ],
)
def test_the_operators_own_proxy_leads_only_where_the_operator_permits(
    client, proxy, scheme, target
):
    transport = open_transport(2, AddressGuard(("127.0.0.1",)), client)

    result = send(transport, post(f"http://{target}/latest", proxy.url(scheme)))

    transport.close()
    assert type(result) is Permanent
    assert result.detail == "target address is not allowed"
    assert proxy.targets == []


def test_the_operators_own_proxy_leads_to_hosts_permitted_by_name(client, server, proxy):
    transport = open_transport(2, AddressGuard(("127.0.0.1", "api.telegram.example")), client)
    proxy.goes_to = server.server_address

    result = send(transport, post("http://api.telegram.example/ok", proxy.url("socks5h")))

    transport.close()
    assert result.status == 200
    assert proxy.targets == ["api.telegram.example:80"]


def test_a_proxys_login_reaches_no_log(transport, server, proxy, caplog):
    caplog.set_level(logging.DEBUG)

    send(transport, post(server.url("/ok"), proxy.url("http", "salon:canary")))
    send(transport, post(server.url("/ok"), "http://salon:canary@127.0.0.1:1"))

    assert "canary" not in caplog.text
    assert "canary" not in str([record.__dict__ for record in caplog.records])


@for_each(
    "proxy_ip, host, may",
    [
        ("149.154.167.220", "api.telegram.org", True),
        ("149.154.167.220", "169.254.169.254", False),
        ("149.154.167.220", "::ffff:10.1.0.1", False),
        ("149.154.167.220", "8.8.8.8", True),
        ("10.0.0.5", "api.telegram.org", False),
        ("10.0.0.5", "vk.example", True),
        ("10.0.0.5", "10.0.0.7", True),
        ("10.0.0.5", "8.8.8.8", True),
        ("10.0.0.5", "127.0.0.1", False),
    ],
)
def test_which_targets_go_through_which_proxy(proxy_ip, host, may):
    guard = AddressGuard(("10.0.0.0/24", "vk.example"))

    assert guard.permits_through(proxy_ip, host) is may


class Stepping(SandboxAdapter):
    """The Phone's calls, as a tenant's own."""

    provider, has_steps = "stepping", True

    def request(self, outbound):
        return replace(super().request(outbound), trusted=False)


class Batching(Stepping):
    provider, has_steps, batch_size = "batching", False, 10

    def batch_key(self, outbound):
        return 1

    def request_many(self, outbounds):
        return self.request(outbounds[0])

    def receipts(self, response, outbounds):
        return [self.receipt(response)] * len(outbounds)


class Plain(Stepping):
    provider, has_steps = "plain", False


@pytest.mark.parametrize("adapter", [Plain, Stepping, Batching])
def test_every_call_of_an_account_takes_its_proxy(client, server, proxy, adapter):
    gateway = Gateway(slots=5, guard=LOOPBACK, client=client)
    credentials = {"url": server.url("/ok"), "secret": "s", "proxy": proxy.url("http")}
    account = Account(uuid4(), "own", "any", "own", 0, "active", None, adapter(credentials))
    outbound = Outbound(str(uuid4()), "sms", "+79161234567", Content("Привет"), "ru", "tx")

    gateway.submit(1, account, outbound, time.monotonic() + 60)
    done = []
    while not done:
        done = gateway.poll(5.0)

    gateway.close()
    assert done[0].receipt
    assert len(proxy.targets) == 1


def test_the_platforms_own_calls_take_no_tenants_proxy(server, proxy):
    credentials = {"url": server.url("/ok"), "secret": "s", "proxy": proxy.url("http")}
    phone = SandboxAdapter(credentials)
    outbound = Outbound(str(uuid4()), "sms", "+79161234567", Content("Привет"), "ru", "tx")

    assert routed(phone.request(outbound), credentials).proxy == ""
