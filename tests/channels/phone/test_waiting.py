"""A page that waits hears of each message at once, and holds few threads."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from channels.api import phone as page_api
from tests.channels.phone.conftest import (
    deliver,
    linked,
    outbound,
    shown,
)

pytestmark = pytest.mark.urls("tests.channels.phone_urls")


def test_a_waiting_page_gets_a_new_message_at_once(salon, anna, monkeypatch):
    monkeypatch.setattr(page_api, "WAIT_S", 30.0)
    deliver(salon, outbound())
    browser = linked(salon)
    last = shown(browser)[0]["id"]

    with ThreadPoolExecutor(1) as threads:
        started = time.monotonic()
        waiting = threads.submit(wait_in_thread, browser, last)
        time.sleep(0.2)
        deliver(salon, outbound(body="Второе"))
        found = waiting.result()

    assert [message["body"] for message in found] == ["Второе"]
    assert time.monotonic() - started < 15


def wait_in_thread(browser, last):
    from django.db import connection

    try:
        return shown(browser, after=last, seen=last)
    finally:
        connection.close()


def test_a_message_whose_id_is_older_than_the_last_seen_is_not_lost(salon, anna):
    browser = linked(salon)
    deliver(salon, outbound(body="Раннее"))
    deliver(salon, outbound(body="Позднее"))
    early, late = shown(browser)

    found = shown(browser, after=late["id"], seen=late["id"])

    assert [message["id"] for message in found] == [early["id"]]


def test_waiting_pages_hold_a_bounded_number_of_threads(salon, anna):
    deliver(salon, outbound())
    browser = linked(salon)
    last = shown(browser)[0]["id"]
    held = [page_api._waiting.acquire(blocking=False) for _ in range(4)]

    answer = browser.get("/phone/messages", {"after": last, "seen": last}).json()

    for _ in held:
        page_api._waiting.release()
    assert answer == {"messages": [], "waited": False}


def test_a_page_that_shows_nothing_yet_hears_the_first_message(salon, anna):
    browser = linked(salon)
    nothing = "00000000-0000-7000-8000-000000000000"  # what the page says while it is empty
    assert browser.get("/phone/messages", {"after": nothing}).json()["messages"] == []

    deliver(salon, outbound(body="Первое"))

    assert [message["body"] for message in shown(browser, after=nothing)] == ["Первое"]
