"""A deep link is opened on the Phone: the client's chat is hers, and is answered."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import phone_page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("language", "opens"), [("ru", "Открыть чат по ссылке"), ("en", "Open the chat by the link")]
)
def test_a_link_opens_the_chat_of_a_client_who_had_none(site, visit, language, opens):
    name = f"Сойка-{language}"
    key = site.add_client(name, channels={})
    made = site.call(f"/v1/subscribers/{key}/links", {"channels": ["telegram"]})["data"]
    link = made["links"][0]["url"].partition("/phone/")[2]
    page = visit(viewport={"width": 390, "height": 844})
    page.goto(site.facts["phone_url"])

    phone_page.open_phone(page, name, f"/phone/{link}&link&lang={language}")
    page.click(f".start:has-text('{opens}')")

    expect(page.locator(".msg", has_text="«стоп»")).to_be_visible(timeout=15_000)
    expect(page.locator("#reply-text")).to_be_enabled()
    assert "start=" not in page.url
