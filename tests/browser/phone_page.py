"""What does a person do on the Phone: choose a client, read, press, break the network."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


def open_phone(page: Page, client: str, address: str = "/phone/") -> Page:
    """Open the Phone and choose a client by her last name."""
    page.goto(address)
    page.fill("#search", client)
    page.locator(".client", has_text=client).first.click()
    return page


def tab(page: Page, name: str) -> None:
    """Open an app: telegram, sms, email..."""
    page.click(f".tab[data-tab={name}]")
    expect(page.locator(f".tab[data-tab={name}]")).to_have_attribute("aria-selected", "true")


def message(page: Page, words: str) -> Locator:
    return page.locator(".msg", has_text=words)


def switch(page: Page, fault: str, *, on: bool) -> None:
    """Turn a fault on or off, and wait until the page shows it."""
    knob = page.locator(f"[data-fault={fault}]")
    knob.click()
    expect(knob).to_have_attribute("aria-checked", str(on).lower())
