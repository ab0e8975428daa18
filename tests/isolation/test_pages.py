"""Every page has its row in the access table, and another salon's owner finds nothing on it."""

from __future__ import annotations

import json
from functools import cache

import pytest
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from tenants.models import Subscriber, User
from tests.isolation.pages import PAGES, Page, braced, fill, names_of
from tests.isolation.planting import forget_open_work, plant, snapshot, undone

#: Pages that lie together, walked in one test: each fault is told with its page.
GROUPS: dict[str, list[Page]] = {}
for route, rows in PAGES.items():
    GROUPS.setdefault("/".join(route.split("/")[:3]), []).extend(rows)
every_group = pytest.mark.parametrize("pages", GROUPS.values(), ids=GROUPS)

LISTS = [
    page
    for pages in PAGES.values()
    for page in pages
    if page.stranger == 200
    and page.path.startswith(("/admin/", "/phone/"))
    and "?" not in page.path
]

#: Where an owner reads a thing of her own.
OWN = [
    page
    for pages in PAGES.values()
    for page in pages
    if page.method == "GET" and page.path.endswith("/change/") and page.owner == 200
]


@pytest.fixture(scope="module")
def alice(django_db_setup, django_db_blocker):
    """The salon that is looked for."""
    with django_db_blocker.unblock():
        yield plant()
        forget_open_work()


@pytest.fixture(scope="module")
def untouched(alice):
    """Her rows as they were planted, and as they must stay."""
    return snapshot(alice.tenant)


@pytest.fixture(scope="module")
def charlie(alice):
    """The owner of another salon."""
    return plant()


@pytest.fixture(scope="module")
def dana(alice):
    """Platform staff."""
    return User.objects.create_superuser(f"dana-{alice.canary[::-1]}", password="only for tests")


@pytest.fixture(scope="module")
def names(alice):
    """Alice's things by the names of the table."""
    kind = ContentType.objects.get_for_model(Subscriber)
    logged_in(alice.owner)  # outside what is undone
    return names_of(alice) | {"client_type": str(kind.pk)}


@every_group
def test_nobody_sees_nothing(alice, untouched, names, pages):
    faults = [fault for page in pages for fault in leaks(None, page, page.nobody, alice, names)]

    faults += changes(alice, untouched)
    assert not faults, told(faults)


@every_group
def test_another_salons_owner_finds_and_changes_nothing(alice, untouched, charlie, names, pages):
    faults = []
    for page in pages:
        faults += leaks(charlie.owner, page, page.stranger, alice, names)
        if page.method == "POST":
            faults += changes(alice, untouched, page.name)

    faults += changes(alice, untouched)
    assert not faults, told(faults)


def test_another_salons_owner_who_forges_the_session_finds_nothing(alice, charlie, names):
    forged = {"salon": str(alice.tenant.pk)}
    faults = []
    for page in LISTS:
        faults += leaks(charlie.owner, page, 0, alice, names, **forged)

    assert not faults, told(faults)


@every_group
def test_the_own_owner_is_answered_and_sees_what_is_hers(alice, names, pages):
    """What she sees is the proof that silence elsewhere is not an empty table."""
    faults = []
    for page in pages:
        if page.owner:  # the table says nothing about the others
            with undone():
                answer = ask(alice.owner, page, names)
            faults += refusals(answer, page, page.owner)
            if page in OWN and alice.canary not in text(answer):
                faults.append(f"{page.name} does not show what it is of")

    assert not faults, told(faults)


@every_group
def test_platform_staff_without_a_salon_read_and_write_nothing(
    alice, untouched, dana, names, pages
):
    faults = []
    for page in pages:
        if page.staff:
            faults += refusals(ask(dana, page, names), page, page.staff)
        if page.method == "POST":
            faults += changes(alice, untouched, page.name)

    faults += changes(alice, untouched)
    assert not faults, told(faults)


def ask(user, page, names, **session):
    client = Client(headers={"accept-language": "en"}, raise_request_exception=False)
    if user is not None and (session or page.method == "POST"):
        client.force_login(user)
        stored = client.session
        stored.update(session)
        stored.save()
    elif user is not None:
        client.cookies[settings.SESSION_COOKIE_NAME] = logged_in(user)
    path, body = fill(page.path, names), fill(page.body, names)
    if page.is_json:
        return client.generic(page.method, path, json.dumps(body), "application/json")
    return client.get(path) if page.method == "GET" else client.post(path, body or {})


@cache
def logged_in(user):
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def text(answer):
    body = b"".join(answer) if answer.streaming else answer.content
    return body.decode() + str(dict(answer.headers))


def refusals(answer, page, status):
    """Tell of an answer other than the table's; 0: the table leaves it open."""
    if status in (0, answer.status_code):
        return []
    return [f"{page.name}: {answer.status_code} instead of {status}: {answer.content[:300]!r}"]


def leaks(user, page, status, owner, names, **session):
    """Ask; tell of a wrong answer and of each thing of its owner that stands in it.

    What the caller has sent himself does not count.
    """
    answer = ask(user, page, names, **session)
    shown = text(answer)
    sent = [word for name, word in names.items() if braced(name) in f"{page.path}{page.body}"]
    for word in sorted(sent, key=len, reverse=True):
        shown = shown.replace(word, "…")
    told = [f"{page.name} shows {mark}" for mark in owner.marks if mark in shown]
    return refusals(answer, page, status) + told


def changes(salon, untouched, by="a GET"):
    """Name the tables in which something of the salon changed."""
    now = snapshot(salon.tenant)
    return [f"{by} changed {table}" for table in untouched if now[table] != untouched[table]]


def told(faults):
    return "\n".join(faults)
