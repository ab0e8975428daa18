"""The one door out, against servers that answer, stall and fail."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.conf import settings

from channels import gateway as module
from channels.accounts import Account
from channels.adapters.sandbox import SandboxAdapter
from channels.adapters.smtp import SmtpAdapter
from channels.breaker import Breaker
from channels.contract import Content, Outbound
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    DeliveryError,
    NotStarted,
    Permanent,
    Temporary,
    UnknownReply,
    Unsupported,
)
from channels.gateway import Gateway
from channels.guard import AddressGuard
from tests.channels.say_server import SayServer

PREFIX = f"test-gateway-{uuid4()}"


@pytest.fixture
def server():
    server = SayServer()
    yield server
    server.close()


def open_gateway(**values):
    breaker = Breaker(settings.REDIS_URL, prefix=PREFIX, open_ms=200)
    return Gateway(slots=100, guard=AddressGuard(("127.0.0.1",)), breaker=breaker, **values)


@pytest.fixture
def gateway():
    gateway = open_gateway()
    yield gateway
    gateway.close()


def account(server, adapter=SandboxAdapter, credentials=None, **values):
    credentials = credentials or {"url": server.url("/ok"), "secret": "s"}
    given = {
        "id": uuid4(),
        "provider": adapter.provider,
        "kind": "any",
        "identifier": "phone",
        "position": 0,
        "state": "active",
        "frozen_until": None,
    }
    return Account(**{**given, **values}, adapter=adapter(credentials))


def message(**values):
    content = Content("Привет")
    return Outbound(str(uuid4()), "sms", "+79161234567", content, "ru", "tx", **values)


def submit(gateway, account, count=1, first=0, lease_s=60.0):
    for key in range(first, first + count):
        gateway.submit(key, account, message(), time.monotonic() + lease_s)


def refused(gateway, *accounts):
    """The accounts whose next message may not go."""
    held = gateway.admit([(key, account, message()) for key, account in enumerate(accounts)])
    return {sent.account.id for sent in held.values()}


def collect(gateway, count, within_s=10.0):
    done: list[module.Sent] = []
    deadline = time.monotonic() + within_s
    while len(done) < count and time.monotonic() < deadline:
        done += gateway.poll(1.0)
    return {sent.key: sent for sent in done}


def send(gateway, account):
    submit(gateway, account)
    return collect(gateway, 1)[0]


def test_a_message_that_is_taken_comes_back_with_its_receipt(gateway, server):
    phone, outbound = account(server), message()

    gateway.submit(7, phone, outbound, time.monotonic() + 60)
    sent = collect(gateway, 1)[7]

    assert (sent.account, sent.outbound, sent.error) == (phone, outbound, None)
    assert sent.receipt.state == "sent"
    assert (gateway.free, gateway.in_flight) == (100, 0)


@pytest.mark.parametrize("client", ["curl", "requests"])
def test_a_stalled_provider_gets_no_more_while_others_go_on(server, client, monkeypatch):
    monkeypatch.setattr(module, "STALLED_AFTER_S", 0.3)
    gateway, other_server = open_gateway(client=client), SayServer()
    server.say(200, b"{}", after_s=1.5)
    stalled, healthy = account(server), account(other_server)
    submit(gateway, stalled, module.STALLED_SLOTS)
    time.sleep(module.STALLED_AFTER_S + 0.1)

    submit(gateway, stalled, 5, first=20)
    submit(gateway, healthy, 5, first=100)
    early = collect(gateway, 10, within_s=0.7)

    refused = [early[key].error for key in range(20, 25)]
    assert {type(error) for error in refused} == {NotStarted}
    assert {error.retry_after_s for error in refused} == {module.BUSY_RETRY_S}
    assert all(early[key].receipt for key in range(100, 105))
    assert gateway.room(stalled) == 0
    assert len(collect(gateway, 20)) == 20
    assert len(server.arrivals) == 20
    other_server.close()
    gateway.close()


def test_a_burst_through_one_account_leaves_slots_for_the_others(gateway, server):
    server.say(200, b"{}", after_s=0.5)
    busy = account(server)

    submit(gateway, busy, 100)
    refused = gateway.poll(0)

    assert {type(sent.error) for sent in refused} == {NotStarted}
    assert len(refused) == 20
    assert gateway.free == 20
    assert len(collect(gateway, 80)) == 80
    assert gateway.room(busy) == 80


@pytest.mark.parametrize(
    ("values", "least_s"),
    [
        ({"state": "paused"}, 30),
        ({"state": "disabled"}, 30),
        ({"frozen_until": datetime.now(UTC) + timedelta(days=1)}, 3000),  # of the collection
    ],
)
def test_nothing_leaves_through_an_account_that_rests(gateway, server, values, least_s):
    sent = send(gateway, account(server, **values))

    assert type(sent.error) is NotStarted
    assert sent.error.retry_after_s > least_s
    assert server.arrivals == []


def test_a_rest_that_is_over_holds_nothing_back(gateway, server):
    rested = account(server, frozen_until=datetime.now(UTC) - timedelta(seconds=1))

    assert send(gateway, rested).receipt is not None


def test_a_lease_that_ends_too_soon_starts_nothing(gateway, server):
    submit(gateway, account(server), lease_s=3)

    assert type(collect(gateway, 1)[0].error) is NotStarted
    assert server.arrivals == []


class Clumsy(SandboxAdapter):
    """An adapter with faults of ours."""

    provider = "clumsy"

    def request(self, outbound):
        return (
            super().request(outbound)
            if "url" in self.credentials
            else self.credentials["+79161234567"]
        )

    def receipt(self, response):
        raise IndexError("+79161234567")


def test_a_fault_in_an_adapter_is_named_by_its_class_only(gateway, server):
    before = send(gateway, account(server, Clumsy, {"secret": "s"}))
    after = send(gateway, account(server, Clumsy))

    assert (type(before.error), type(after.error)) == (Permanent, UnknownReply)
    assert before.error.detail == "KeyError in the adapter of clumsy"
    assert after.error.detail == "200 not understood: IndexError"


class Storing(SandboxAdapter):
    provider, sender = "storing", "store"


def test_what_has_no_sender_is_unsupported(gateway, server):
    assert type(send(gateway, account(server, Storing)).error) is Unsupported


def test_five_failures_shut_the_integration_for_the_next_batch(gateway, server):
    server.say(503, b"")
    failing, healthy = account(server), account(server)
    submit(gateway, failing, 5)
    collect(gateway, 5)

    assert refused(gateway, failing, healthy) == {failing.id}
    submit(gateway, failing, 1)
    sent = collect(gateway, 1)[0]

    assert type(sent.error) is NotStarted
    assert (sent.error.retry_after_s or 0) > 0
    assert len(server.arrivals) == 5


def test_other_workers_see_the_open_breaker(gateway, server):
    server.say(503, b"")
    failing = account(server)
    submit(gateway, failing, 5)
    collect(gateway, 5)

    other = open_gateway()
    assert refused(other, failing) == {failing.id}
    other.close()


def test_half_open_lets_one_message_through_and_its_answer_opens_the_door(gateway, server):
    server.say(503, b"")
    failing = account(server)
    submit(gateway, failing, 5)
    collect(gateway, 5)
    time.sleep(0.25)
    server.say(200, b"{}")

    assert refused(gateway, failing) == set()
    submit(gateway, failing, 3)
    probe = collect(gateway, 3)
    submit(gateway, failing, 2)

    assert [probe[key].error is None for key in range(3)] == [True, False, False]
    assert all(sent.error is None for sent in collect(gateway, 2).values())
    assert refused(gateway, failing) == set()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (503, b'{"fault":"no_network"}', Temporary),
        (403, b'{"fault":"blocked"}', BadAddress),
        (401, b"{}", BadCredentials),
    ],
)
def test_what_is_wrong_with_one_recipient_or_key_shuts_nothing(
    gateway, server, status, body, error
):
    server.say(status, body)
    busy = account(server)

    submit(gateway, busy, 10)
    done = collect(gateway, 10)

    assert {type(sent.error) for sent in done.values()} == {error}
    assert refused(gateway, busy) == set()


def test_a_lost_answer_is_ambiguous_and_counts_as_failure(gateway, server):
    lost = account(server, credentials={"url": server.url("/hangup"), "secret": "s"})

    submit(gateway, lost, 5)
    done = collect(gateway, 5)

    assert {type(sent.error) for sent in done.values()} == {Ambiguous}
    assert refused(gateway, lost) == {lost.id}
    assert len(server.arrivals) == 5


def test_mail_and_http_leave_through_the_same_door(gateway, server):
    nobody = {"host": "127.0.0.1", "port": "1", "security": "none", "from_address": "a@b.example"}
    mail = account(server, SmtpAdapter, nobody, kind="email")
    incomplete = account(server, SmtpAdapter, {**nobody, "port": "x"}, kind="email")

    submit(gateway, account(server), 2)
    gateway.submit(5, mail, message(), time.monotonic() + 60)
    gateway.submit(6, incomplete, message(), time.monotonic() + 60)
    done = collect(gateway, 4)

    assert done[0].receipt
    assert done[1].receipt
    assert isinstance(done[5].error, DeliveryError)
    assert type(done[6].error) is BadCredentials
    assert gateway.in_flight == 0


def test_a_poll_without_work_waits_and_can_be_woken(gateway):
    started = time.monotonic()
    gateway.wake()

    assert gateway.poll(30.0) == []
    assert time.monotonic() - started < 15
    assert gateway.poll(0.05) == []
