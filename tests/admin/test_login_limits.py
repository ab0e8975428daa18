"""Who guesses passwords is soon sent away; colleagues beside her are not."""

from __future__ import annotations

import logging
import time
from ipaddress import IPv6Address
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.test import Client
from django_ratelimit import core

from tenants.ids import uuid7
from tenants.members import add_member
from tests.admin.people import PASSWORD
from tests.factories import TenantFactory

LEAST, MOST = 5, 10  # wrong passwords for one login from one address that are looked at


@pytest.fixture
def login():
    name = f"alice-{uuid7().hex[-12:]}"
    add_member(TenantFactory().pk, "owner", login=name, password=PASSWORD)
    return name


@pytest.fixture
def address():
    return somewhere()


def somewhere() -> str:
    """Give a place that no other test has guessed from."""
    return str(IPv6Address(uuid4().int | 1))


@pytest.fixture
def counting(monkeypatch):
    """Hold the clock of the counters: in the product their ten minutes may end at any moment."""
    clock = SimpleNamespace(now=time.time())
    monkeypatch.setattr(core, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


def attempt(login: str, password: str, address: str):
    form = {"username": login, "password": password, "next": "/admin/"}
    client = Client(headers={"accept-language": "en"}, REMOTE_ADDR=address)
    return client.post("/admin/login/", form)


def is_sent_away(login: str, password: str, address: str) -> bool:
    return "Too many attempts" in attempt(login, password, address).content.decode()


def test_the_eleventh_password_is_not_looked_at(login, address, caplog):
    caplog.set_level(logging.WARNING, "tenants.login")
    looked_at = [not is_sent_away(login, f"guess {number}", address) for number in range(MOST)]

    last = attempt(login.upper(), PASSWORD, address), attempt(login, PASSWORD, address)

    assert all(looked_at[:LEAST])
    assert all(answer.status_code == 200 for answer in last)
    assert all("Too many attempts" in answer.content.decode() for answer in last)
    assert login not in caplog.text.lower()
    assert address not in caplog.text


@pytest.mark.parametrize("before", [LEAST - 1, LEAST])
def test_when_a_counter_begins_anew_nobody_gets_more_than_ten(login, address, counting, before):
    for number in range(before):
        attempt(login, f"guess {number}", address)
    counting.now += 600

    for number in range(MOST - before):
        attempt(login, f"further guess {number}", address)

    assert is_sent_away(login, PASSWORD, address)


def test_others_and_she_herself_elsewhere_still_get_in(login, address):
    elsewhere = somewhere()
    for number in range(MOST):
        attempt(f"nobody-{login}", f"guess {number}", address)
        attempt(login, f"guess {number}", elsewhere)

    assert attempt(login, PASSWORD, address).status_code == 302


def test_one_address_may_not_try_logins_one_after_another(login, address):
    for number in range(50):
        attempt(f"{login}-{number}", "guess", address)

    assert is_sent_away(login, PASSWORD, address)


def test_the_addresses_of_one_household_are_one_place(login, address):
    first = int(IPv6Address(address)) >> 64 << 64
    for number in range(MOST):
        attempt(login, f"guess {number}", str(IPv6Address(first + number)))

    assert is_sent_away(login, PASSWORD, address)


def test_a_right_password_spends_nothing(login, address):
    answers = [attempt(login, PASSWORD, address) for _ in range(MOST + 2)]

    assert {answer.status_code for answer in answers} == {302}
