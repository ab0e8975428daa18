"""Each fault that the Phone plays changes the way of the next message, and the story says so."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser import phone_page
from tests.browser.installation import eventually

pytestmark = pytest.mark.browser
NAME = "Марфа"  # stands in every version of the reminder


class Client:
    """A new client whose Phone is open on her Telegram."""

    def __init__(self, site, page: Page) -> None:
        name = f"Птица-{uuid4().hex[:8]}"
        self.key, self.page, self.site = site.add_client(name), page, site
        phone_page.open_phone(page, name, site.facts["phone_url"])
        phone_page.tab(page, "telegram")

    def remind(self) -> str:
        return str(self.site.trigger(self.key, clientName=NAME))

    def sees_in(self, tab: str, timeout_s: float = 10.0) -> None:
        phone_page.tab(self.page, tab)
        found = phone_page.message(self.page, NAME)
        expect(found).to_be_visible(timeout=timeout_s * 1000)


@pytest.fixture
def vera(site, visit) -> Client:
    return Client(site, visit())


def test_without_network_it_is_tried_again_until_it_arrives(site, vera):
    phone_page.switch(vera.page, "no_network", on=True)
    transaction = vera.remind()
    site.wait_for(transaction, "another attempt follows")
    expect(phone_page.message(vera.page, NAME)).to_have_count(0)

    phone_page.switch(vera.page, "no_network", on=False)

    vera.sees_in("telegram", timeout_s=15)
    site.wait_for(transaction, "another attempt follows", "sent to Telegram")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("not_registered", "the client cannot be reached at this address"),
        ("window_closed", "free text is not allowed"),
    ],
)
def test_a_refused_messenger_gives_way_to_sms(site, vera, fault, reason):
    phone_page.switch(vera.page, fault, on=True)

    transaction = vera.remind()

    story = site.wait_for(transaction, "sent by SMS")
    assert "not delivered to Telegram" in story
    assert reason in story
    vera.sees_in("sms")


def test_a_slow_phone_gets_its_message_ten_seconds_later(site, vera):
    phone_page.switch(vera.page, "slow", on=True)
    started = time.monotonic()

    transaction = vera.remind()

    vera.sees_in("telegram", timeout_s=14)
    assert time.monotonic() - started >= 9
    site.wait_for(transaction, "sent to Telegram")
    assert "another attempt" not in site.story(transaction)


def test_a_blocked_salon_that_is_unblocked_is_written_to_again(site, vera):
    phone_page.switch(vera.page, "blocked", on=True)
    site.wait_for(vera.remind(), "sent by SMS")

    phone_page.switch(vera.page, "blocked", on=False)

    def remind_again() -> str:
        again = site.trigger(vera.key, serviceName="Маникюр", clientName=NAME)
        return site.wait_for(again, "sent ")

    # What the phone tells is applied by a job of its own, which a reminder may overtake.
    eventually(remind_again, lambda story: "sent to Telegram" in story, timeout_s=10)


def test_what_she_writes_back_is_shown_and_kept(site, vera):
    vera.remind()
    vera.sees_in("telegram")

    vera.page.fill("#reply-text", "Буду!")
    vera.page.press("#reply-text", "Enter")

    expect(vera.page.locator(".msg.is-mine")).to_contain_text("Буду!")
