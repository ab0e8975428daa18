"""The Phone's page: who sees it, and what stands on it."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import pytest
from django.core.signing import TimestampSigner
from django.test import Client

from channels.models import PhoneMessage
from channels.phone_access import key_for
from tenants.models import Member, User
from tenants.scope import tenant_scope
from tests.channels.phone.conftest import (
    PATHS,
    deliver,
    do,
    linked,
    other_salon,
    outbound,
    shown,
)
from tests.channels.salons import new_client, new_salon

pytestmark = pytest.mark.urls("tests.channels.phone_urls")


def test_the_links_key_leaves_the_address(salon):
    browser = Client()

    first = browser.get("/phone/", {"key": key_for(salon.pk)})
    page = browser.get(first["Location"])

    assert (first.status_code, first["Location"]) == (302, "/phone/?link")
    assert first.cookies["kolokol_phone"]["httponly"]
    assert first.cookies["kolokol_phone"]["path"] == "/phone/"
    assert page.status_code == 200
    assert "script-src" not in page["Content-Security-Policy"]
    assert "default-src 'self'" in page["Content-Security-Policy"]
    assert not re.search(r"<style|\son\w+=|javascript:", page.content.decode())


def old_key(salon):
    long_ago = time.time() - 31 * 86400
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: long_ago)
        return key_for(salon.pk)


@pytest.mark.parametrize(
    "spoil",
    [
        old_key,
        lambda salon: key_for(salon.pk)[:-1] + "!",
        lambda salon: key_for(salon.pk).replace(str(salon.pk), str(uuid4())),
        lambda salon: TimestampSigner(salt="unsubscribe").sign(str(salon.pk)),
        lambda salon: TimestampSigner(salt="phone").sign("not a salon"),
    ],
    ids=["old", "damaged", "other-salon", "other-purpose", "no-salon"],
)
def test_a_key_that_is_not_good_opens_nothing(salon, spoil):
    key = spoil(salon)
    by_link, by_cookie = Client(), Client()
    by_cookie.cookies["kolokol_phone"] = key

    assert by_link.get("/phone/", {"key": key}).status_code == 403
    assert [by_cookie.get(f"/phone/{path}").status_code for path in PATHS] == [403] * 3


def test_a_stranger_is_asked_to_log_in():
    browser = Client()

    assert browser.get("/phone/").status_code == 302
    assert "login" in browser.get("/phone/")["Location"]
    assert [browser.get(f"/phone/{path}").status_code for path in PATHS[1:]] == [403] * 2
    assert do(browser, "reply", tab="sms", address="1", text="Да").status_code == 403


def member(salon, role="owner"):
    user = User.objects.create_user(uuid4().hex)
    with tenant_scope(salon.pk):
        Member.objects.create(tenant_id=salon.pk, user=user, role=role)
    browser = Client()
    browser.force_login(user)
    return browser


def test_a_member_sees_the_own_salons_phone(salon, anna):
    deliver(salon, outbound())

    browser = member(salon)

    assert browser.get("/phone/").status_code == 200
    assert [client["name"] for client in browser.get("/phone/clients").json()["clients"]] == [
        "Анна"
    ]
    assert len(shown(browser)) == 1


def test_neither_member_nor_link_of_another_salon_sees_anything(salon, anna):
    deliver(salon, outbound(html="<p>Тайна</p>"))
    (seen,) = shown(linked(salon))
    with tenant_scope(salon.pk):
        key = PhoneMessage.objects.get(tenant_id=salon.pk).pk
    other = other_salon()

    for browser in (member(other), linked(other)):
        assert shown(browser) == []
        assert browser.get("/phone/clients").json()["clients"] == []
        assert browser.get(f"/phone/letter/{key}").status_code == 404
        browser.handler.enforce_csrf_checks = False
        assert do(browser, "press", id=str(key), button=0).status_code == 404
        assert do(browser, "read", ids=[str(key)]).json() == {"events": 0}
        assert do(browser, "reply", tab="telegram", address="100", text="Да").status_code == 404
    assert not shown(linked(salon))[0]["is_read"]
    assert seen["is_letter"]


def test_an_analyst_looks_but_does_not_touch(salon, anna):
    browser = member(salon, "analyst")

    assert browser.get("/phone/").status_code == 200
    assert do(browser, "reply", tab="sms", address="+79161234567", text="Да").status_code == 403


def test_a_link_counts_for_a_member_of_another_salon(salon, anna):
    deliver(salon, outbound())
    browser = member(other_salon())
    browser.get("/phone/", {"key": key_for(salon.pk)})

    assert len(browser.get("/phone/messages?link").json()["messages"]) == 1
    assert browser.get("/phone/messages").json()["messages"] == []


def test_a_live_salon_shows_its_test_clients_only():
    salon = new_salon()
    new_client(salon, {"phone": "+79161234567"}, "Живая")
    new_client(salon, {"phone": "+79161234568"}, "Пробная", mode="test")

    found = linked(salon).get("/phone/clients").json()["clients"]

    assert [(client["name"], client["mode"]) for client in found] == [("Пробная", "test")]


def test_an_address_that_nobody_has_is_listed_by_itself(salon, anna):
    deliver(salon, outbound("sms", "+70000000001"))

    found = linked(salon).get("/phone/clients").json()["clients"]

    assert [client["name"] for client in found] == ["Анна", "+70000000001"]


def test_clients_are_found_by_name(salon, anna):
    new_client(salon, {}, "Вера")

    found = linked(salon).get("/phone/clients", {"q": "ВЕР"}).json()["clients"]

    assert [client["name"] for client in found] == ["Вера"]


@pytest.mark.parametrize(("lang", "word"), [("ru", "Клиенты"), ("en", "Clients")])
def test_the_page_speaks_both_languages(salon, lang, word):
    browser = linked(salon)

    page = browser.get("/phone/", {"lang": lang})

    assert f">{word}</h2>" in page.content.decode()
    assert f">{word}</h2>" in browser.get("/phone/").content.decode()  # remembered


def test_a_letter_is_shown_without_rights(salon, anna):
    deliver(salon, outbound("email", "anna@mail.example", html="<script>1</script><p>Письмо</p>"))
    browser = linked(salon)
    (seen,) = shown(browser)

    letter = browser.get(f"/phone/letter/{seen['id']}")

    assert letter["Content-Security-Policy"].startswith("sandbox allow-popups")
    assert "default-src 'none'" in letter["Content-Security-Policy"]
    assert letter["X-Frame-Options"] == "SAMEORIGIN"
    assert "<p>Письмо</p>" in letter.content.decode()
