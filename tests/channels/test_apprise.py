"""Apprise: one service through its real library, a real socket and the real gateway."""

from __future__ import annotations

import io
import logging
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from apprise.plugins.pushover import NotifyPushover
from django.conf import settings

from channels.accounts import Account
from channels.adapters.apprise import AppriseAdapter
from channels.apprise_target import AppriseTarget
from channels.breaker import Breaker
from channels.contract import Button, Content, Outbound
from channels.errors import (
    BadCredentials,
    NotStarted,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    UnknownReply,
    Unsupported,
)
from channels.gateway import Gateway
from channels.guard import AddressGuard
from channels.probing import verdict
from tests.for_each import for_each

# Apprise loads all its services at once, and one of them has an old import.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
TARGET = f"pover://{'u' * 30}@{'a' * 30}"
PAUSE_S = "request_rate_per_sec"  # Apprise's own courtesy between two calls


@pytest.fixture(scope="module")
def pushover():
    """A service that answers with what stands in `status`, and keeps what it got."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            server.got.append(parse_qs(self.rfile.read(length).decode()))
            self.send_response(server.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *args) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def service(pushover, monkeypatch):
    """Let Apprise find the service here; its host stands in its code."""
    pushover.got, pushover.status = [], 200
    address = f"http://127.0.0.1:{pushover.server_port}/1/messages.json"
    monkeypatch.setattr(NotifyPushover, "notify_url", address)
    monkeypatch.setattr(NotifyPushover, PAUSE_S, 0)
    return pushover


@pytest.fixture(scope="module")
def gateway():
    gateway = Gateway(
        slots=5, guard=AddressGuard(), breaker=Breaker(settings.REDIS_URL, prefix=f"{uuid4()}")
    )
    yield gateway
    gateway.close()


def account(target=TARGET) -> Account:
    return Account(
        id=uuid4(),
        provider="apprise",
        kind="webhook",
        identifier="apprise",
        position=0,
        state="active",
        frozen_until=None,
        adapter=AppriseAdapter({"target": target}),
    )


def outbound():
    content = Content(
        "Анна 21.11 15:00",
        title="Новая запись",
        buttons=(Button("Открыть", url="https://salon.example/a/1"),),
    )
    return Outbound(str(uuid4()), "webhook", "anna", content, "ru", "tx")


def sent(gateway, target=TARGET, lease_s=60.0):
    gateway.submit(1, account(target), outbound(), time.monotonic() + lease_s)
    (done,) = gateway.poll(20)
    return done


def test_a_message_leaves_and_sent_is_all_that_is_known(service, gateway):
    done = sent(gateway)

    assert (done.receipt.state, done.receipt.provider_id) == ("sent", "")
    (got,) = service.got
    assert got["message"] == [
        "Новая запись\nАнна 21.11 15:00\n\nОткрыть: https://salon.example/a/1"
    ]
    assert gateway.in_flight == 0


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, RateLimited),
        (401, BadCredentials),
        (413, Permanent),
        (500, Temporary),
        (302, UnknownReply),
        (418, UnknownReply),
    ],
)
def test_a_failure_means_what_its_status_says(service, gateway, status, kind):
    service.status = status

    assert type(sent(gateway).error) is kind
    assert len(service.got) == 1  # neither repeated nor redirected


def test_the_urls_own_parameters_cannot_loosen_the_rules(service, gateway):
    service.status = 302

    sent(gateway, f"{TARGET}/?redirect=yes&verify=no&retry=3")

    assert len(service.got) == 1


def test_a_failure_without_a_status_is_not_guessed(gateway, monkeypatch):
    monkeypatch.setattr(NotifyPushover, "notify_url", "http://127.0.0.1:1/")
    monkeypatch.setattr(NotifyPushover, PAUSE_S, 0)

    assert type(sent(gateway).error) is UnknownReply


@pytest.mark.parametrize("lease_s", [1.0, 20.0])
def test_nothing_starts_that_could_outlive_its_lease(service, gateway, lease_s):
    assert isinstance(sent(gateway, lease_s=lease_s).error, NotStarted)
    assert service.got == []


TENANTS = [
    "json://127.0.0.1/x",
    "xml://internal/x",
    "mailto://user:word@mail.internal",
    "ntfy://127.0.0.1/topic",
    "file:///etc/passwd",
    "https://discord.com/api/webhooks/1/x",
    "config://x",
    "word",
]


#: Services whose URL may name a template, which Apprise opens: a file, or an address inside.
FILE_READERS = [
    f"tgram://123456789:{'a' * 35}/12315544/",
    f"discord://{'1' * 24}/{'a' * 64}/",
    f"guilded://{'1' * 24}/{'a' * 64}/",
    f"slack://T1JJ3T3L2/A1BRTD4JD/{'a' * 24}/",
]


@for_each("target", TENANTS)
def test_no_address_of_a_tenant_is_called(gateway, target):
    assert list(AppriseAdapter.check({"target": target})) == ["target"]
    assert isinstance(sent(gateway, target).error, BadCredentials)


@for_each("template", ["/etc/hostname", "file:///etc/hostname", "http://127.0.0.1/"])
@for_each("service_url", FILE_READERS)
def test_no_file_of_the_server_becomes_a_message(gateway, service_url, template):
    target = f"{service_url}?template={template}"

    assert AppriseAdapter.check({"target": service_url}) == {}
    assert list(AppriseAdapter.check({"target": target})) == ["target"]
    assert isinstance(sent(gateway, target).error, BadCredentials)


def test_a_target_that_apprise_cannot_read_is_refused_before_it_is_stored():
    assert list(AppriseAdapter.check({"target": "pover://word"})) == ["target"]
    assert AppriseAdapter.check({"target": TARGET}) == {}


def test_a_missing_package_says_what_to_install(gateway, monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.setattr(sys, "meta_path", [_Without("apprise"), *sys.meta_path])

    error = sent(gateway).error

    assert isinstance(error, ProviderPaused)
    assert "pip install" in error.detail
    assert verdict(AppriseAdapter({"target": TARGET}))[0] == "paused"


class _Without:
    """A machine on which a package is not installed."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name, path=None, target=None):
        if name == self.package:
            raise ModuleNotFoundError(name)


def test_it_speaks_no_http_of_ours():
    with pytest.raises(Unsupported):
        AppriseAdapter({"target": TARGET}).request(outbound())


@pytest.fixture
def everything_logged():
    """What a log at its most talkative would hold."""
    root, kept = logging.getLogger(), io.StringIO()
    handler, level = logging.StreamHandler(kept), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield kept
    root.setLevel(level)
    root.removeHandler(handler)


def test_the_secret_reaches_neither_log_nor_error(service, gateway, everything_logged):
    service.status = 401

    done = sent(gateway)

    said = everything_logged.getvalue() + done.error.detail
    assert "APPRISE pover auth_pause" in said
    assert not [word for word in ("a" * 30, "u" * 30, "ALL_DEVICES", "Анна") if word in said]
    assert "a" * 30 not in repr(AppriseTarget(TARGET))
