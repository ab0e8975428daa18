"""What every test stands on: committed data in a real database, as the app's ordinary role."""

from __future__ import annotations

import gc
import resource
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.conf import settings
from django.db import connection

from tests.api_client import Api
from tests.factories import ApiKeyFactory, TenantFactory
from tests.servers import make_database
from tests.tracing import WALKED_BY_OTHERS, untraced

MEASURED_CASES = 1  # of a test with many; tracing nearly doubles what a case costs


def pytest_configure(config) -> None:
    """Let coverage watch the workers: the process that hands out the tests runs none."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        sys.settrace(None)
    else:
        gc.disable()  # until all is collected: what lives until the end is looked at once
        _allow_files()


def _allow_files() -> None:
    """Lift an ordinary account's 1,024: all providers' servers and their callers live here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if most == resource.RLIM_INFINITY else min(8192, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Let coverage watch what a test module imports, not how pytest finds the tests in it."""
    if isinstance(collector, pytest.Module):
        is_whole = False
        with suppress(Exception):  # it is raised again, where pytest expects it
            is_whole = collector.obj is not None  # asking imports the module
        if not is_whole:
            _forget_half(collector)
    with untraced():
        return (yield)


def _forget_half(collector) -> None:
    """Have a module that failed be imported anew: half of it would pass for one without tests."""
    place = collector.path.relative_to(collector.config.rootpath).with_suffix("")
    sys.modules.pop(".".join(place.parts), None)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items):
    """Let coverage watch a part of the cases: every case runs, the figure can only fall."""
    with untraced():
        _choose(items)
        return (yield)


def _choose(items) -> None:
    seen: Counter[str] = Counter()
    for item in items:
        name = item.nodeid.partition("[")[0]
        seen[name] += 1
        is_property = getattr(item.obj, "is_hypothesis_test", False)  # hundreds of cases in one
        is_walked = name.partition("::")[0] in WALKED_BY_OTHERS
        if seen[name] > MEASURED_CASES or is_property or is_walked:
            item.add_marker("unmeasured")


def pytest_collection_finish() -> None:
    """Keep what was imported and collected out of the garbage collector's rounds."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Take coverage's trace function away from an unmeasured test and its fixtures."""
    if item.get_closest_marker("unmeasured") is None:
        return (yield)
    threads = threading.gettrace()
    threading.settrace(None)
    try:
        with untraced():
            return (yield)
    finally:
        threading.settrace(threads)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef):
    """Let coverage watch a fixture's work once; threads that it starts stay watched."""
    if fixturedef.func not in watched:
        watched.add(fixturedef.func)
        return (yield)
    with untraced():
        return (yield)


watched: set[object] = set()


@pytest.fixture(scope="session", autouse=True)
def thrift(django_test_environment) -> None:
    """Save the tools' needless work; asked for here, so that only a process with tests loads it."""
    from tests.thrift import save_work

    save_work()


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker) -> Iterator[None]:
    """Make this worker's database; nothing is rolled back, each test has a fresh tenant."""
    with django_db_blocker.unblock():
        make_database(settings.SERVERS)
        yield
        connection.close()


@pytest.fixture(autouse=True)
def database(request, django_db_setup, django_db_blocker) -> Iterator[None]:
    """Open the database to every test and forget open work at its end."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def salon():
    """Alice's salon."""
    return TenantFactory.create()


@pytest.fixture
def other_salon():
    """Charlie's salon."""
    return TenantFactory.create()


@pytest.fixture
def api(salon) -> Api:
    """Call as Alice's software, live."""
    return Api(ApiKeyFactory.create(tenant=salon).text)


@pytest.fixture
def sandbox(salon) -> Api:
    """Call as Alice's software, in test mode."""
    return Api(ApiKeyFactory.create(tenant=salon, mode="test").text)
