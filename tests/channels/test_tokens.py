"""Short-lived tokens: minted once for all workers, kept encrypted, replaced when refused."""

from __future__ import annotations

import itertools
import json
import time
from threading import Thread
from uuid import uuid4

import pytest
import redis
from django.conf import settings

from channels import tokens as module
from channels.accounts import Account
from channels.breaker import Breaker
from channels.contract import Content, Outbound, Receipt, TokenCall
from channels.errors import BadCredentials, Temporary
from channels.gateway import Gateway
from channels.guard import AddressGuard
from channels.request import HttpRequest
from channels.tokens import Tokens
from tests.channels.script_server import ScriptServer
from tests.channels.test_exchanges import Stepper, collect


class Minting(Stepper):
    """Asks for a token, sends with it; the server says which one it takes by its path."""

    provider = "minting"

    def exchange(self, outbound):
        token = yield TokenCall("access", self.call("/token"), self.read)
        answer = yield self.call(f"/send/{token}", sends=True)
        return self.done(answer, token)

    def read(self, answer):
        if answer.status == 401:
            raise BadCredentials("401")
        if answer.status != 200:
            raise Temporary(str(answer.status))
        return json.loads(answer.body)["token"], 3600

    def done(self, answer, token):
        if answer.status == 401:
            raise BadCredentials("401")
        return Receipt(token)


class Computing(Minting):
    """Signs a token of its own: never the same twice."""

    provider = "computing"
    numbers = itertools.count()

    def exchange(self, outbound):
        token = yield TokenCall("jwt", None, lambda _: (f"t{next(self.numbers)}", 3600))
        yield HttpRequest("POST", self.credentials["url"] + "/send", {}, b"{}", sends=True)
        return Receipt(token)


@pytest.fixture
def server():
    server = ScriptServer()
    server.on("/token", (200, {"token": "first"}))
    yield server
    server.close()


@pytest.fixture
def open_gateway():
    opened = []

    def open_one(**values):
        breaker = Breaker(settings.REDIS_URL, prefix=f"test-tokens-{uuid4()}")
        guard = AddressGuard(("127.0.0.1",))
        opened.append(Gateway(slots=50, guard=guard, breaker=breaker, **values))
        return opened[-1]

    yield open_one
    for gateway in opened:
        gateway.close()


def account(server, adapter=Minting, key="k", **values):
    given = {
        "id": uuid4(),
        "provider": adapter.provider,
        "kind": "push",
        "identifier": "p",
        "position": 0,
        "state": "active",
        "frozen_until": None,
        "adapter": adapter({"url": server.url(""), "key": key}),
    }
    return Account(**{**given, **values})


def submit(gateway, account, count=1):
    for key in range(count):
        outbound = Outbound(str(uuid4()), "push", f"device-{key}", Content("Привет"), "ru", "tx")
        gateway.submit(key, account, outbound, time.monotonic() + 60)


def send(gateway, account, count=1):
    submit(gateway, account, count)
    done = collect(gateway, count)
    return [
        sent.receipt.provider_id if sent.receipt else type(sent.error) for sent in done.values()
    ]


def test_many_messages_at_once_ask_for_one_token(open_gateway, server):
    server.on("/token", (200, {"token": "first"}), after_s=0.1)

    assert send(open_gateway(), account(server), 30) == ["first"] * 30
    assert server.counts == {"/token": 1, "/send/first": 30}


def test_workers_that_start_together_ask_for_one_token(open_gateway, server):
    server.on("/token", (200, {"token": "first"}), after_s=0.3)
    shared, gateways = account(server), [open_gateway() for _ in range(4)]

    workers = [Thread(target=send, args=(gateway, shared, 3)) for gateway in gateways]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert server.counts == {"/token": 1, "/send/first": 12}


def test_a_later_worker_takes_the_token_that_is_there(open_gateway, server):
    shared = account(server)

    assert send(open_gateway(), shared) == send(open_gateway(), shared) == ["first"]
    assert server.counts["/token"] == 1


def test_a_computed_token_is_the_same_for_all_workers(open_gateway, server):
    shared = account(server, Computing)

    tokens = {*send(open_gateway(), shared, 3), *send(open_gateway(), shared, 3)}

    assert len(tokens) == 1


def test_a_refused_token_is_replaced_and_the_message_goes_out(open_gateway, server):
    shared, gateways = account(server), [open_gateway(), open_gateway()]
    for gateway in gateways:
        send(gateway, shared)
    server.on("/send/first", (401, {}))
    server.on("/token", (200, {"token": "second"}))

    assert send(gateways[0], shared, 5) == ["second"] * 5
    assert send(gateways[1], shared) == ["second"]
    assert server.counts["/token"] == 2


def test_a_fresh_token_that_is_refused_means_bad_credentials(open_gateway, server):
    server.on("/send/first", (401, {}))
    gateway, shared = open_gateway(), account(server)

    assert send(gateway, shared) == [BadCredentials]
    assert server.counts == {"/token": 1, "/send/first": 1}
    assert send(gateway, shared) == [BadCredentials]
    assert server.counts == {"/token": 2, "/send/first": 3}
    assert send(gateway, shared, 3) == [BadCredentials] * 3
    assert server.counts == {"/token": 2, "/send/first": 6}


class Polite(Minting):
    """Its provider says no with 200."""

    def done(self, answer, token):
        if "error" in json.loads(answer.body):
            raise BadCredentials("token")
        return Receipt(token)


def test_a_polite_refusal_was_not_a_message_that_may_have_been_sent(open_gateway, server):
    server.on("/token", (200, {"token": "first"}), (503, {}))
    server.on("/send/first", (200, {}), (200, {"error": "token"}))
    gateway, shared = open_gateway(), account(server, Polite)

    assert send(gateway, shared) == ["first"]
    assert send(gateway, shared) == [Temporary]


@pytest.mark.parametrize(("status", "kind"), [(401, BadCredentials), (503, Temporary)])
def test_a_token_that_is_not_given_fails_all_who_wait_for_it(open_gateway, server, status, kind):
    server.on("/token", (status, {}), after_s=0.1)

    assert send(open_gateway(), account(server), 10) == [kind] * 10
    assert server.counts == {"/token": 1}


def test_other_credentials_mean_another_token(open_gateway, server):
    gateway, same = open_gateway(), uuid4()

    for key in ("old", "new", "old"):
        send(gateway, account(server, key=key, id=same))

    assert server.counts["/token"] == 2


class Noticing(Minting):
    """Learns from its answer that the token is dead, and asks for another by itself."""

    def exchange(self, outbound):
        token = yield TokenCall("access", self.call("/token"), self.read)
        answer = yield self.call(f"/send/{token}", sends=True)
        if answer.status == 401:
            token = yield TokenCall("access", self.call("/token"), self.read, refused=token)
            answer = yield self.call(f"/send/{token}", sends=True)
        return self.done(answer, token)


def test_an_adapter_may_ask_for_any_token_but_the_refused_one(open_gateway, server):
    gateway, shared = open_gateway(), account(server, Noticing)
    send(gateway, shared)
    server.on("/send/first", (401, {}))
    server.on("/token", (200, {"token": "second"}))

    assert send(gateway, shared) == ["second"]
    assert send(open_gateway(), shared) == ["second"]
    assert server.counts["/token"] == 2


def test_without_redis_each_process_mints_its_own(open_gateway, server):
    shared = account(server)
    gateways = [open_gateway(tokens=Tokens("redis://127.0.0.1:1/0")) for _ in range(2)]

    assert [send(gateway, shared, 3) for gateway in gateways] == [["first"] * 3] * 2
    assert [send(gateway, shared, 3) for gateway in gateways] == [["first"] * 3] * 2
    assert server.counts["/token"] == 2


def test_a_worker_that_dies_while_minting_is_replaced(open_gateway, server, monkeypatch):
    monkeypatch.setattr(module, "MINT_MS", 300)
    shared, dead = account(server), Tokens(settings.REDIS_URL)
    assert dead.reserve(dead.key(shared.id, "access", shared.adapter.credentials))

    assert send(open_gateway(), shared, 2) == ["first"] * 2
    assert server.counts["/token"] == 1
    dead.close()


def test_a_token_lies_encrypted_and_reaches_no_log(open_gateway, server, caplog):
    caplog.set_level("DEBUG")
    server.on("/token", (200, {"token": "canary-token"}))
    shared, store = account(server), redis.Redis.from_url(settings.REDIS_URL)

    send(open_gateway(), shared)

    keys = list(store.scan_iter(f"tokens:*{shared.id}*"))
    assert len(keys) == 1
    assert 0 < store.ttl(keys[0]) <= 3600
    assert b"canary" not in keys[0] + store.get(keys[0])
    assert "canary" not in caplog.text
    store.close()


def test_a_token_under_a_key_that_was_taken_away_is_minted_anew(open_gateway, server, settings):
    shared = account(server)
    send(open_gateway(), shared)
    settings.ENCRYPTION_KEYS = ["NTQzMjE5ODc2NTQzMjE5ODc2NTQzMjE5ODc2NTQzMjE="]

    assert send(open_gateway(), shared) == send(open_gateway(), shared) == ["first"]
    assert server.counts["/token"] == 2


def test_a_token_ends_with_its_life(monkeypatch):
    monkeypatch.setattr(module, "LEAST_S", 0.1)
    tokens = Tokens(settings.REDIS_URL)
    key = tokens.key(uuid4(), "access", {})

    tokens.keep(key, "short", 0.1, is_computed=False)
    assert tokens.find(key) == "short"
    time.sleep(0.15)

    assert tokens.find(key) == ""
    tokens.close()


def test_of_tokens_computed_at_the_same_moment_the_first_is_everybodys():
    workers, integration = [Tokens(settings.REDIS_URL) for _ in range(2)], uuid4()
    key = workers[0].key(integration, "jwt", {})
    assert [worker.find(key) for worker in workers] == ["", ""]

    used = [worker.keep(key, f"t{n}", 60, is_computed=True) for n, worker in enumerate(workers)]

    assert used == ["t0", "t0"]
    assert [worker.find(key) for worker in workers] == ["t0", "t0"]
    for worker in workers:
        worker.close()
