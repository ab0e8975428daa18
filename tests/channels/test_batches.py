"""Messages that share a call: a thousand leave in one request, and each gets its own result."""

from __future__ import annotations

import json
import time
from collections import Counter
from uuid import uuid4

import pytest
from django.conf import settings

from channels.accounts import Account
from channels.breaker import Breaker
from channels.contract import Adapter, Content, Outbound, Receipt
from channels.errors import (
    Ambiguous,
    BadAddress,
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
from tests.channels.test_exchanges import collect
from tests.channels.test_gateway import refused


class Bulk(Adapter):
    """Takes up to 1000 letters of one language in a call; "ru" and "en" differ, "xx" goes alone."""

    provider = "bulk"
    kinds = frozenset({"email"})
    fields = {"url": False}
    address_kinds = ("email",)
    batch_size = 1000

    def request(self, outbound):
        return self.post("/one", [outbound])

    def receipt(self, response):
        return Receipt("alone")

    def batch_key(self, outbound):
        return None if outbound.language == "xx" else outbound.language

    def request_many(self, outbounds):
        addresses = [outbound.address for outbound in outbounds]
        if "unwritable" in addresses:
            raise Unsupported("cannot be written")
        if "fault" in addresses:
            raise KeyError("fault")
        return self.post("/many", outbounds)

    def receipts(self, response, outbounds):
        if response.status == 401:
            raise BadCredentials("401")
        if response.status == 400:
            raise Permanent("400")
        results = [
            BadAddress("gone") if outbound.address == "gone" else Receipt(outbound.message_id)
            for outbound in outbounds
        ]
        return results[: json.loads(response.body).get("most", len(results))]

    def post(self, path, outbounds):
        body = json.dumps([outbound.address for outbound in outbounds]).encode()
        return HttpRequest("POST", self.credentials["url"] + path, {}, body, timeout_s=2.0)


@pytest.fixture
def server():
    server = ScriptServer()
    yield server
    server.close()


@pytest.fixture
def gateway():
    breaker = Breaker(settings.REDIS_URL, prefix=f"test-batches-{uuid4()}")
    gateway = Gateway(slots=10, guard=AddressGuard(("127.0.0.1",)), breaker=breaker)
    yield gateway
    gateway.close()


@pytest.fixture
def bulk(server):
    return Account(
        id=uuid4(),
        provider="bulk",
        kind="email",
        identifier="b",
        position=0,
        state="active",
        frozen_until=None,
        adapter=Bulk({"url": server.url("")}),
    )


def submit(gateway, account, addresses, language="ru", first=0):
    for key, address in enumerate(addresses, first):
        message = Outbound(f"m{key}", "email", address, Content("Привет"), language, "mk")
        gateway.submit(key, account, message, time.monotonic() + 60)


def sizes(server):
    """How many messages each call held, by path."""
    return Counter((path, len(json.loads(body))) for _, path, _, body in server.arrivals)


def test_a_thousand_messages_leave_in_one_request(gateway, server, bulk):
    submit(gateway, bulk, [f"{n}@salon.example" for n in range(1000)])
    done = collect(gateway, 1000)

    assert sizes(server) == {("/many", 1000): 1}
    assert {key: sent.receipt.provider_id for key, sent in done.items()} == {
        key: f"m{key}" for key in range(1000)
    }


def test_a_batch_takes_one_slot_and_room_counts_its_messages(gateway, server, bulk):
    assert gateway.room(bulk) == 8 * 1000

    submit(gateway, bulk, ["a"] * 300)
    assert (gateway.free, gateway.room(bulk), gateway.in_flight) == (9, 7 * 1000, 300)
    submit(gateway, bulk, ["a"] * 800, first=300)

    assert (gateway.free, gateway.room(bulk), gateway.in_flight) == (8, 6 * 1000, 1100)
    collect(gateway, 1100)
    assert sizes(server) == {("/many", 1000): 1, ("/many", 100): 1}
    assert (gateway.free, gateway.room(bulk), gateway.in_flight) == (10, 8 * 1000, 0)


def test_an_account_without_free_slots_starts_no_batch_and_still_fills_an_open_one(
    gateway, server, bulk
):
    for number in range(8):
        submit(gateway, bulk, ["a"], language=f"l{number}", first=number)

    submit(gateway, bulk, ["a"], language="l9", first=50)
    submit(gateway, bulk, ["a"], language="l3", first=51)
    done = collect(gateway, 10)

    assert type(done[50].error) is NotStarted
    assert done[51].receipt
    assert sizes(server) == {("/many", 1): 7, ("/many", 2): 1}


def test_only_equal_keys_share_a_call_and_none_goes_alone(gateway, server, bulk):
    submit(gateway, bulk, ["a", "b"], "ru")
    submit(gateway, bulk, ["c"], "en", first=2)
    submit(gateway, bulk, ["d", "e"], "xx", first=3)

    done = collect(gateway, 5)

    assert sizes(server) == {("/many", 2): 1, ("/many", 1): 1, ("/one", 1): 2}
    assert done[4].receipt.provider_id == "alone"


def test_accounts_share_no_call(gateway, server, bulk):
    other = Account(uuid4(), "bulk", "email", "o", 1, "active", None, Bulk({"url": server.url("")}))

    submit(gateway, bulk, ["a"])
    submit(gateway, other, ["b"], first=1)
    collect(gateway, 2)

    assert sizes(server) == {("/many", 1): 2}


def test_each_message_of_a_call_has_its_own_result(gateway, server, bulk):
    submit(gateway, bulk, ["a", "gone", "b"])
    done = collect(gateway, 3)

    assert [type(done[key].error) for key in range(3)] == [type(None), BadAddress, type(None)]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (HANGUP, Ambiguous),
        ((401, {}), BadCredentials),
        ((200, {"most": 2}), UnknownReply),
        ((200, []), UnknownReply),
    ],
)
def test_a_failed_call_is_the_same_failure_for_each(gateway, server, bulk, answer, kind):
    server.on("/many", answer)

    submit(gateway, bulk, ["a", "b", "c"])
    done = collect(gateway, 3)

    assert [type(sent.error) for sent in done.values()] == [kind] * 3


@pytest.mark.parametrize(("bad", "kind"), [("unwritable", Unsupported), ("fault", Permanent)])
def test_one_message_that_cannot_be_written_holds_up_no_other(gateway, server, bulk, bad, kind):
    addresses = ["a", "b", bad, "c", "d", "e", "f"]

    submit(gateway, bulk, addresses)
    done = collect(gateway, 7)

    assert {key for key, sent in done.items() if sent.error} == {2}
    assert type(done[2].error) is kind
    assert sum(size * count for (_, size), count in sizes(server).items()) == 6
    assert (gateway.free, gateway.room(bulk)) == (10, 8 * 1000)


def test_one_message_that_the_provider_dislikes_fails_alone(gateway, server, bulk):
    server.on("/many", (400, {}), (200, {}), (400, {}), (200, {}), (400, {}))

    submit(gateway, bulk, ["a", "b", "c", "d"])
    done = collect(gateway, 4)

    failed = [sent for sent in done.values() if sent.error is not None]
    assert [type(sent.error) for sent in failed] == [Permanent]
    assert sizes(server) == {("/many", 4): 1, ("/many", 2): 2, ("/many", 1): 2}
    assert (gateway.free, gateway.in_flight) == (10, 0)


def test_a_failed_call_counts_once_for_its_providers_health(gateway, bulk):
    bulk.adapter.credentials = {"url": "http://127.0.0.1:1"}
    for _ in range(4):
        submit(gateway, bulk, ["a"] * 100)
        assert {type(sent.error) for sent in collect(gateway, 100).values()} == {Temporary}
    assert refused(gateway, bulk) == set()

    submit(gateway, bulk, ["a"] * 100)
    collect(gateway, 100)

    assert refused(gateway, bulk) == {bulk.id}


def test_a_lease_that_ends_too_soon_starts_nothing_of_its_batch(gateway, server, bulk):
    submit(gateway, bulk, ["a"])
    message = Outbound("late", "email", "b", Content("Привет"), "ru", "mk")
    gateway.submit(1, bulk, message, time.monotonic() + 3)

    assert {type(sent.error) for sent in collect(gateway, 2).values()} == {NotStarted}
    assert server.arrivals == []


def test_what_shares_a_call_and_what_does_not_leave_through_one_door(gateway, server, bulk):
    submit(gateway, bulk, ["a"] * 3, "xx")
    submit(gateway, bulk, ["b"] * 5, first=3)

    assert len(collect(gateway, 8)) == 8
    assert sizes(server) == {("/one", 1): 3, ("/many", 5): 1}
