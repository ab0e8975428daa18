"""Whose rows a page shows: the chosen salon of a member, all of them to platform staff."""

from __future__ import annotations

import pytest
from django.test import Client

from tenants.models import Member, User
from tenants.scope import tenant_scope
from tests.factories import word


def person(**fields) -> User:
    return User.objects.create_user(word("user"), password="a long password", **fields)


def join(user: User, salon, role: str) -> None:
    with tenant_scope(salon.pk):
        Member.objects.create(tenant=salon, user=user, role=role)


def browser(user: User) -> Client:
    client = Client()
    assert client.login(username=user.username, password="a long password")
    return client


def choose(client: Client, value: str) -> None:
    session = client.session
    session["salon"] = value
    session.save()


def test_nobody_sees_nothing(salon):
    assert Client().get("/page").content == b"-:-:0"


def test_a_member_sees_the_salon_she_works_for(salon, other_salon):
    bob = person()
    join(bob, salon, "receptionist")

    assert browser(bob).get("/page").content.decode() == f"{salon.slug}:receptionist:1"


def test_a_member_of_two_chooses_and_cannot_choose_a_third(salon, other_salon):
    bob = person()
    join(bob, salon, "owner")
    client = browser(bob)
    choose(client, str(other_salon.pk))
    assert client.get("/page").content.decode() == f"{salon.slug}:owner:1"

    join(bob, other_salon, "analyst")
    assert client.get("/page").content.decode() == f"{other_salon.slug}:analyst:1"
    choose(client, salon.slug)
    assert client.get("/page").content.decode() == f"{salon.slug}:owner:1"


def test_a_person_without_a_salon_sees_nothing(salon):
    assert browser(person()).get("/page").content == b"-:-:0"


def test_platform_staff_read_all_salons_or_choose_one(salon, other_salon):
    client = browser(person(is_superuser=True, is_staff=True))

    slug, role, rows = client.get("/page").content.decode().split(":")
    assert (slug, role) == ("-", "-")
    assert int(rows) >= 2
    choose(client, salon.slug)
    assert client.get("/page").content.decode() == f"{salon.slug}:platform:1"


@pytest.mark.parametrize("chosen", [False, True])
def test_platform_staff_log_in_change_their_password_and_log_out(salon, settings, chosen):
    """All of these write Django's own tables, in the read-only scope too."""
    settings.ROOT_URLCONF = "tests.tenants.login_urls"
    user = person(is_superuser=True, is_staff=True)
    client = Client()
    secret = {"username": user.username, "password": "a long password"}
    assert client.post("/login/", secret).status_code == 302
    if chosen:
        choose(client, salon.slug)
    new = {"old_password": secret["password"], "new_password1": "q8-Zeta-lamp"}
    new["new_password2"] = new["new_password1"]

    assert client.post("/password/", new).status_code == 302
    assert client.post("/logout/").status_code == 302
    assert client.post("/login/", secret | {"password": "q8-Zeta-lamp"}).status_code == 302


def test_the_read_only_scope_writes_no_salons_rows(salon, settings):
    settings.ROOT_URLCONF = "tests.tenants.login_urls"
    client = browser(person(is_superuser=True, is_staff=True))
    client.raise_request_exception = False

    assert client.post("/rename/").status_code == 500
    choose(client, salon.slug)
    assert client.post("/rename/").content == b"2"  # its location and the salon's own row
