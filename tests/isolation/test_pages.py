"""Every page has its row in the access table, and another salon's owner finds nothing on it."""

from __future__ import annotations

import json
from functools import cache

import pytest
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from tenants.models import Subscriber, User
from tests.isolation.pages import PAGES, SCREENS, Page, braced, fill, names_of
from tests.isolation.planting import forget_open_work, plant, snapshot, undone

ALL = [pytest.param(page, id=page.name) for pages in PAGES.values() for page in pages]
every_page = pytest.mark.parametrize("page", ALL)


def pages_of(who):
    """Leave out what the table says nothing about."""
    return pytest.mark.parametrize("page", [p for p in ALL if getattr(p.values[0], who)])


LISTS = [
    pytest.param(page, id=page.name)
    for pages in PAGES.values()
    for page in pages
    if page.stranger == 200
    and page.path.startswith(("/admin/", "/phone/"))
    and "?" not in page.path
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


@every_page
def test_nobody_sees_nothing(alice, untouched, names, page):
    answer = ask(None, page, names)

    assert answer.status_code == page.nobody, answer.content[:500]
    check_silence(answer, page, alice, names)
    assert snapshot(alice.tenant) == untouched


@every_page
def test_another_salons_owner_finds_and_changes_nothing(alice, untouched, charlie, names, page):
    answer = ask(charlie.owner, page, names)

    assert answer.status_code == page.stranger or not page.stranger, answer.content[:500]
    check_silence(answer, page, alice, names)
    assert snapshot(alice.tenant) == untouched


@pytest.mark.parametrize("page", LISTS)
def test_another_salons_owner_who_forges_the_session_finds_nothing(alice, charlie, names, page):
    answer = ask(charlie.owner, page, names, salon=str(alice.tenant.pk))

    check_silence(answer, page, alice, names)


@pages_of("owner")
def test_the_own_owner_is_answered(alice, names, page):
    with undone():
        answer = ask(alice.owner, page, names)

    assert answer.status_code == page.owner, answer.content[:500]


@pages_of("staff")
def test_platform_staff_without_a_salon_read_and_write_nothing(alice, untouched, dana, names, page):
    answer = ask(dana, page, names)

    assert answer.status_code == page.staff, answer.content[:500]
    assert snapshot(alice.tenant) == untouched


def test_pages_do_show_what_is_ones_own(alice, names):
    """The proof that silence elsewhere is not an empty table."""
    for name, screen in SCREENS.items():
        if not screen.is_platforms:
            page = Page(f"/admin/{name}/{braced(screen.table)}/change/", 0, 0, 0, 0)
            assert alice.canary in text(ask(alice.owner, page, names)), name


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


def check_silence(answer, page, salon, names):
    """Nothing of the salon stands in the answer, but for what the caller has sent himself."""
    shown = text(answer)
    sent = [word for name, word in names.items() if braced(name) in f"{page.path}{page.body}"]
    for word in sorted(sent, key=len, reverse=True):
        shown = shown.replace(word, "…")
    assert [mark for mark in salon.marks if mark in shown] == []
