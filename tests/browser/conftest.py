"""One running Kolokol and one Chromium for all browser tests; each page is watched for faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import install
from tests.browser.installation import Installation, running
from tests.browser.watch import Watch

TIMEOUT_MS = 10_000
Visit = Callable[..., Page]

expect.set_options(timeout=TIMEOUT_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say why the browser tests do not run where there is no Chromium."""
    if install.find():
        return
    reason = "no Chromium: make test-browser installs it if it may, or says what to do"
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def database() -> None:
    """Browser tests speak to the installation only, and need no database of their own."""


@pytest.fixture(scope="session")
def site() -> Iterator[Installation]:
    with running() as installation:
        yield installation


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=install.find(),
            args=["--no-sandbox"],  # containers run as root
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, site: Installation) -> Iterator[Visit]:
    """Open a browser of one's own: visit(locale="ru-RU", ...); at the end nothing was wrong."""
    contexts, watches = [], []

    def open_browser(**options: Any) -> Page:
        wanted = {"locale": "ru-RU", "viewport": {"width": 1280, "height": 900}, **options}
        context = chromium.new_context(base_url=site.base, **wanted)
        context.set_default_timeout(TIMEOUT_MS)
        context.on("page", lambda page: watches.append(Watch(page, site.base)))
        contexts.append(context)
        return context.new_page()

    yield open_browser
    for context in contexts:
        context.close()
    assert [fault for watch in watches for fault in watch.faults] == []
