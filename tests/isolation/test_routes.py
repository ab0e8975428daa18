"""Every route of the API has its row in the access table, and another salon's key finds nothing."""

from __future__ import annotations

from collections import Counter

import pytest
from django.urls import URLResolver, get_resolver

from tenants.accounts import issue_platform_key
from tests.api_client import Api
from tests.for_each import for_each
from tests.isolation.access import API, Names
from tests.isolation.pages import PAGES
from tests.isolation.planting import forget_open_work, plant, snapshot, undone

every_call = for_each("call", [call for calls in API.values() for call in calls])


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
    """The salon that looks."""
    return plant()


@pytest.fixture(scope="module")
def platform(alice):
    """The operator's key."""
    return issue_platform_key("test")[1]


def routes(resolver=None, prefix=""):
    """Walk the resolver; give each route as it is written."""
    for one in (resolver or get_resolver()).url_patterns:
        name = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from routes(one, name)
        else:
            yield name, one


def methods_of(pattern):
    view = getattr(pattern.callback, "cls", None)
    wanted = ("get", "post", "put", "patch", "delete")
    return {word.upper() for word in wanted if hasattr(view, word)}


def test_every_route_stands_on_the_list_once():
    found = Counter(name for name, _ in routes())

    assert found.keys() == API.keys() | PAGES.keys()
    assert [name for name, count in found.items() if count > 1] == []


def test_every_method_of_the_api_has_a_row():
    found = {name: methods_of(pattern) for name, pattern in routes() if name in API}

    assert found == {name: {call.method for call in calls} for name, calls in API.items()}


@every_call
def test_who_has_no_living_key_gets_401(alice, untouched, call):
    for key in ("", "kk_live_" + "0" * 40, alice.keys["expired"], alice.keys["revoked"]):
        answer = ask(Api(key), call, Names(alice))

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "ApiKey"
        check_silence(answer, alice)
    assert snapshot(alice.tenant) == untouched


@every_call
def test_another_salons_key_finds_and_changes_nothing(alice, untouched, charlie, call):
    is_making = call.method in ("POST", "PUT") and call.foreign < 300
    looker = plant() if is_making else charlie  # who then has things of the same names
    api, names = Api(looker.keys["live"]), Names(alice)

    by_itself = ask(api, call, names)
    by_name = ask(api, call, names, Kolokol_Tenant=alice.tenant.slug)

    assert by_itself.status_code == call.foreign, by_itself.content
    assert by_name.status_code == 403
    check_silence(by_itself, alice)
    check_silence(by_name, alice)
    assert snapshot(alice.tenant) == untouched


@every_call
def test_the_own_test_key_sees_nothing_of_live_traffic(alice, call):
    names = Names(alice)

    with undone():
        answer = ask(Api(alice.keys["test"]), call, names)

    assert answer.status_code == call.test, answer.content
    if "/tenants" not in call.path and "/workflows" not in call.path:  # these serve both modes
        assert alice.canary not in names.strip(answer.content.decode())


@every_call
def test_the_own_live_key_is_answered(alice, call):
    with undone():
        answer = ask(Api(alice.keys["live"]), call, Names(alice))

    assert answer.status_code == call.live, answer.content


@every_call
def test_the_platforms_key_must_name_the_salon(alice, platform, call):
    names_it = "tenant" in (call.body or {}) or "/tenants" in call.path

    with undone():
        unnamed = ask(Api(platform), call, Names(alice))
    with undone():
        named = ask(Api(platform), call, Names(alice), Kolokol_Tenant=alice.tenant.slug)

    assert named.status_code == call.by_platform, named.content
    assert unnamed.status_code == (call.by_platform if names_it else 400)


def test_lists_do_show_what_is_ones_own(alice):
    """The proof that silence elsewhere is not an empty table."""
    mine, names = Api(alice.keys["live"]), Names(alice)
    numbers_only = ("count", "unseen", "after=", "before=", "/domain", "/packs")

    for call in (call for calls in API.values() for call in calls if call.method == "GET"):
        shown = mine.get(names.fill(call.path)).content.decode()
        assert alice.canary in shown or any(word in call.path for word in numbers_only), call.path


def ask(api, call, names, **headers):
    return api.call(call.method, names.fill(call.path), names.fill(call.body), **headers)


def check_silence(answer, salon):
    """Nothing of the salon stands in the answer, but for what the caller has sent himself."""
    shown = Names(salon).strip(answer.content.decode() + str(dict(answer.headers)))
    assert [mark for mark in salon.marks if mark in shown] == []
