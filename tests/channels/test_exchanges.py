"""Messages that need several calls: one slot, one result, and no call that is made twice."""

from __future__ import annotations

import json
import time
from uuid import uuid4

import pytest
from django.conf import settings

from channels.accounts import Account
from channels.breaker import Breaker
from channels.contract import Adapter, Content, Outbound, Receipt
from channels.errors import (
    Ambiguous,
    BadCredentials,
    NotStarted,
    Permanent,
    Temporary,
    UnknownReply,
    Unsupported,
)
from channels.gateway import Gateway
from channels.guard import AddressGuard
from channels.request import HttpRequest
from tests.channels.script_server import HANGUP, ScriptServer


class Stepper(Adapter):
    """Finds a contact, then writes to it, then thanks; `last` says where it stops."""

    provider = "stepper"
    kinds = frozenset({"chat"})
    fields = {"url": False}
    address_kinds = ("phone",)
    has_steps = True

    def request(self, outbound):
        raise AssertionError("steps are driven instead")

    receipt = request

    def call(self, path, sends=False):
        url = self.credentials["url"] + path
        return HttpRequest("POST", url, {}, b"{}", timeout_s=2.0, sends=sends)

    def exchange(self, outbound):
        contact = yield self.call("/contact")
        if contact.status == 404:
            raise Permanent("no contact")
        found = json.loads(contact.body)["id"]
        answer = yield self.call(f"/send/{found}", sends=True)
        if answer.status >= 500:
            raise Temporary(str(answer.status))
        if self.credentials.get("thanks"):
            yield self.call("/thanks")
        return Receipt(json.loads(answer.body)["id"])


@pytest.fixture
def server():
    server = ScriptServer()
    server.on("/contact", (200, {"id": "c1"}))
    server.on("/send/c1", (200, {"id": "m1"}))
    yield server
    server.close()


@pytest.fixture(params=["curl", "requests"])
def gateway(request):
    breaker = Breaker(settings.REDIS_URL, prefix=f"test-steps-{uuid4()}")
    guard = AddressGuard(("127.0.0.1",))
    gateway = Gateway(slots=20, guard=guard, breaker=breaker, client=request.param)
    yield gateway
    gateway.close()


def account(server, adapter=Stepper, **credentials):
    return Account(
        id=uuid4(),
        provider=adapter.provider,
        kind="chat",
        identifier="s",
        position=0,
        state="active",
        frozen_until=None,
        adapter=adapter({"url": server.url(""), **credentials}),
    )


def message():
    return Outbound(str(uuid4()), "chat", "+79161234567", Content("Привет"), "ru", "tx")


def collect(gateway, count, within_s=10.0):
    done = []
    deadline = time.monotonic() + within_s
    while len(done) < count and time.monotonic() < deadline:
        done += gateway.poll(0.5)
    assert gateway.poll(0) == []
    return {sent.key: sent for sent in done}


def send(gateway, account, lease_s=60.0):
    gateway.submit(7, account, message(), time.monotonic() + lease_s)
    return collect(gateway, 1)[7]


def test_several_calls_make_one_message_with_one_receipt(gateway, server):
    sent = send(gateway, account(server, thanks="yes"))

    assert sent.receipt == Receipt("m1")
    assert server.paths == ["/contact", "/send/c1", "/thanks"]
    assert (gateway.free, gateway.in_flight) == (20, 0)


def test_an_exchange_holds_one_slot_however_many_calls_it_makes(gateway, server):
    server.on("/contact", (200, {"id": "c1"}), after_s=0.2)
    stepping = account(server)

    for key in range(5):
        gateway.submit(key, stepping, message(), time.monotonic() + 60)

    assert (gateway.free, gateway.room(stepping)) == (15, 11)
    assert all(sent.receipt for sent in collect(gateway, 5).values())
    assert server.counts == {"/contact": 5, "/send/c1": 5}
    assert gateway.room(stepping) == 16


def test_an_answer_lost_before_anything_was_sent_is_temporary(gateway, server):
    server.on("/contact", HANGUP)

    assert type(send(gateway, account(server)).error) is Temporary
    assert server.paths == ["/contact"]


def test_an_answer_lost_of_the_call_that_sends_is_ambiguous(gateway, server):
    server.on("/send/c1", HANGUP)

    assert type(send(gateway, account(server)).error) is Ambiguous


def test_a_call_that_fails_after_the_message_was_taken_is_no_reason_to_send_again(gateway, server):
    server.on("/thanks", HANGUP)

    assert type(send(gateway, account(server, thanks="yes")).error) is Ambiguous


class Forgiving(Stepper):
    """Does without the contact when it cannot be asked for."""

    def exchange(self, outbound):
        try:
            yield self.call("/contact")
        except Temporary as error:
            answer = yield self.call("/send/c1", sends=True)
            return Receipt(json.loads(answer.body)["id"], raw=error.detail)


def test_the_adapter_may_answer_for_a_call_that_failed(gateway, server):
    server.on("/contact", HANGUP)

    assert send(gateway, account(server, Forgiving)).receipt.provider_id == "m1"


def test_what_the_adapter_raises_is_the_result(gateway, server):
    server.on("/contact", (404, {}))
    refused = send(gateway, account(server))
    server.on("/contact", (200, {"id": "c1"}))
    server.on("/send/c1", (503, {}))

    assert type(refused.error) is Permanent
    assert type(send(gateway, account(server)).error) is Temporary


class Hasty(Stepper):
    """Ends before its first call: `say` is what it does instead."""

    def exchange(self, outbound):
        if self.credentials["say"] == "receipt":
            return Receipt("known")
        if self.credentials["say"] == "nothing":
            return None
        if self.credentials["say"] == "fault":
            raise KeyError("+79161234567")
        raise Unsupported("no")
        yield


@pytest.mark.parametrize(
    ("say", "kind"),
    [
        ("receipt", type(None)),
        ("nothing", UnknownReply),
        ("fault", Permanent),
        ("refuse", Unsupported),
    ],
)
def test_an_exchange_may_end_without_a_call(gateway, server, say, kind):
    sent = send(gateway, account(server, Hasty, say=say))

    assert type(sent.error) is kind
    assert bool(sent.receipt) == (say == "receipt")
    assert "+7" not in str(sent.error)
    assert server.paths == []


def test_a_fault_in_reading_an_answer_is_an_unknown_reply(gateway, server):
    server.on("/contact", (200, {"name": "+79161234567"}))

    sent = send(gateway, account(server))

    assert type(sent.error) is UnknownReply
    assert sent.error.detail == "200 not understood: KeyError"


def test_no_step_starts_when_the_lease_is_about_to_end(gateway, server):
    server.on("/contact", (200, {"id": "c1"}), after_s=0.4)

    assert type(send(gateway, account(server), lease_s=5.2).error) is NotStarted
    assert server.paths == ["/contact"]


class Keyless(Stepper):
    """Is refused before and after."""

    def exchange(self, outbound):
        yield self.call("/contact")
        raise BadCredentials("401")


def test_a_refusal_without_a_token_is_not_tried_again(gateway, server):
    assert type(send(gateway, account(server, Keyless)).error) is BadCredentials
    assert server.paths == ["/contact"]
