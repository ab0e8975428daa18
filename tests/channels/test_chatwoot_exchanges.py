"""Chatwoot over real sockets, against the fake provider, which was written from the facts."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest
from django.conf import settings

from channels.accounts import Account
from channels.adapters.chatwoot import ChatwootAdapter
from channels.breaker import Breaker
from channels.gateway import Gateway
from channels.guard import AddressGuard
from tests.channels.captured import VISIT
from tests.channels.chatwoot_line import (
    CREDENTIALS,
    message,
)
from tests.providers.chatwoot import Chatwoot
from tests.providers.server import ProviderServer


@pytest.fixture(scope="module")
def server():
    server = ProviderServer({"chatwoot": Chatwoot()})
    yield server
    server.close()


@pytest.fixture(scope="module")
def gateway():
    breaker = Breaker(settings.REDIS_URL, prefix=f"test-chatwoot-{uuid4()}")
    gateway = Gateway(slots=10, guard=AddressGuard(("127.0.0.1",)), breaker=breaker)
    yield gateway
    gateway.close()


@pytest.fixture
def desk(server):
    """A fresh account at a fresh Chatwoot."""
    server.fakes["chatwoot"] = fake = Chatwoot()
    own = {"token": Chatwoot.token, "mirror_inbox_id": "7", "api_base": server.base("chatwoot")}
    adapter = ChatwootAdapter(CREDENTIALS | own)
    account = Account(uuid4(), "chatwoot", "chat", "desk", 0, "active", None, adapter)
    return fake, account


def deliver(gateway, account, *outbounds):
    for key, one in enumerate(outbounds):
        gateway.submit(key, account, one, time.monotonic() + 60)
    done, deadline = [], time.monotonic() + 20
    while len(done) < len(outbounds) and time.monotonic() < deadline:
        done += gateway.poll(1.0)
    assert [one.error for one in done] == [None] * len(outbounds)
    return [one.receipt.provider_id for one in done]


def paths(fake):
    return [(call.method, call.path.removeprefix("/api/v1/accounts/1/")) for call in fake.calls]


def test_the_second_message_is_one_call(gateway, desk):
    fake, account = desk

    deliver(gateway, account, message())
    before = len(fake.calls)
    deliver(gateway, account, message())

    assert paths(fake)[before:] == [("POST", "conversations/321/messages")]
    assert (len(fake.letters), fake.complaints) == (2, [])


def test_messages_at_once_make_one_contact(gateway, desk):
    fake, account = desk

    deliver(gateway, account, *(message() for _ in range(5)))

    assert (len(fake.contacts), len(fake.conversations), len(fake.letters)) == (1, 1, 5)


def test_a_deleted_conversation_is_opened_anew(gateway, desk):
    fake, account = desk
    deliver(gateway, account, message())
    fake.conversations.clear()

    deliver(gateway, account, message())

    assert (len(fake.conversations), len(fake.letters)) == (1, 2)


def test_a_mirror_and_an_escalation_reach_the_desk(gateway, desk):
    fake, account = desk
    hand_over = {"do": "escalate", "labels": ["heavy-chat"], "team_id": 2, "note": "Нет ответа"}

    (conversation,) = deliver(gateway, account, message(desk=hand_over))

    assert [note.text for note in fake.notes] == ["Нет ответа"]
    assert paths(fake)[-4:] == [
        ("GET", f"conversations/{conversation}/labels"),
        ("POST", f"conversations/{conversation}/labels"),
        ("POST", f"conversations/{conversation}/assignments"),
        ("POST", f"conversations/{conversation}/messages"),
    ]
    deliver(gateway, account, message(desk={"do": "mirror", "conversation": conversation}))
    assert fake.complaints == []
    assert [letter.text for letter in fake.letters] == [VISIT]
