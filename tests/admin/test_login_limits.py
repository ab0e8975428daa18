"""Who guesses passwords is soon sent away; colleagues beside her are not."""

from __future__ import annotations

import logging

import pytest
from django.test import Client

from tenants.ids import uuid7
from tenants.members import add_member
from tests.admin.people import PASSWORD
from tests.factories import TenantFactory

MOST = 10  # wrong passwords for one login from one address


@pytest.fixture
def login():
    name = f"alice-{uuid7().hex[-12:]}"
    add_member(TenantFactory().pk, "owner", login=name, password=PASSWORD)
    return name


def attempt(login: str, password: str, address: str = "198.51.100.7"):
    form = {"username": login, "password": password, "next": "/admin/"}
    client = Client(headers={"accept-language": "en"}, REMOTE_ADDR=address)
    return client.post("/admin/login/", form)


def test_the_eleventh_password_is_not_looked_at(login, caplog):
    caplog.set_level(logging.WARNING, "tenants.login")
    refused = [attempt(login, f"guess {number}") for number in range(MOST)]

    last = attempt(login.upper(), PASSWORD), attempt(login, PASSWORD)

    assert all("Too many" not in answer.content.decode() for answer in refused)
    assert all(answer.status_code == 200 for answer in last)
    assert all("Too many attempts" in answer.content.decode() for answer in last)
    assert login not in caplog.text.lower()


def test_others_and_she_herself_elsewhere_still_get_in(login):
    for number in range(MOST):
        attempt(f"nobody-{login}", f"guess {number}")
        attempt(login, f"guess {number}", "203.0.113.9")

    assert attempt(login, PASSWORD).status_code == 302


def test_one_address_may_not_try_logins_one_after_another(login):
    address = "192.0.2.33"
    for number in range(50):
        attempt(f"{login}-{number}", "guess", address)

    assert "Too many attempts" in attempt(login, PASSWORD, address).content.decode()


def test_a_right_password_spends_nothing(login):
    answers = [attempt(login, PASSWORD, "192.0.2.44") for _ in range(MOST + 2)]

    assert {answer.status_code for answer in answers} == {302}
