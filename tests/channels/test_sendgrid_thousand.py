"""A thousand SendGrid letters through the real gateway to a server that checks its limits."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest
from django.conf import settings

from channels.accounts import Account
from channels.adapters.sendgrid import SendgridAdapter
from channels.breaker import Breaker
from channels.contract import Content, Outbound
from channels.errors import NotStarted, Permanent
from channels.gateway import Gateway
from channels.guard import AddressGuard
from tests.providers.mail import SendGrid
from tests.providers.server import ProviderServer


@pytest.fixture(scope="module")
def server():
    server = ProviderServer({})
    yield server
    server.close()


@pytest.fixture
def fake(server):
    fake = server.fakes["sendgrid"] = SendGrid()
    return fake


@pytest.fixture
def gateway():
    breaker = Breaker(settings.REDIS_URL, prefix=f"thousand-{uuid4()}", open_ms=200)
    gateway = Gateway(slots=10, guard=AddressGuard(("127.0.0.1",)), breaker=breaker)
    yield gateway
    gateway.close()


@pytest.fixture
def account(server):
    credentials = {
        "api_key": SendGrid.key,
        "from_address": "salon@beauty.example",
        "api_base": server.base("sendgrid"),
    }
    return Account(
        id=uuid4(),
        provider="sendgrid",
        kind="email",
        identifier="sendgrid",
        position=0,
        state="active",
        frozen_until=None,
        adapter=SendgridAdapter(credentials),
    )


def letter(number):
    content = Content(
        f"Анна {number}, скидка ждёт", "Весна", f"<p>Анна <b>{number}</b>, скидка ждёт</p>"
    )
    return Outbound(str(uuid4()), "email", f"c{number}@mail.example", content, "ru", "mk")


def send(gateway, account, letters):
    for key, one in enumerate(letters):
        gateway.submit(key, account, one, time.monotonic() + 60)
    done, deadline = {}, time.monotonic() + 30
    while len(done) < len(letters) and time.monotonic() < deadline:
        done |= {sent.key: sent for sent in gateway.poll(1.0)}
    return done


def test_a_thousand_letters_leave_in_one_request(fake, gateway, account):
    letters = [letter(number) for number in range(1000)]

    done = send(gateway, account, letters)

    assert len(fake.calls) == 1
    assert [sent.error for sent in done.values()] == [None] * 1000
    assert {(one.recipient, one.text, one.id) for one in fake.letters} == {
        (one.address, one.content.body, one.message_id) for one in letters
    }
    assert not fake.complaints


def test_a_refused_recipient_costs_the_others_no_attempt(fake, gateway, account):
    letters = [letter(number) for number in range(3)]
    fake.faults[letters[0].address] = "address"

    done = send(gateway, account, letters)

    assert not fake.letters
    assert type(done[0].error) is Permanent
    assert {type(done[key].error) for key in (1, 2)} == {NotStarted}
