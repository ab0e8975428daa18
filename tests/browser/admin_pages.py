"""What does a person do on the admin's pages: log in, open a template, publish it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

REMINDER = "appointment-reminder-24h-message"


def log_in(page: Page, login: str, password: str) -> Page:
    page.goto("/admin/")
    page.fill("#id_username", login)
    page.fill("#id_password", password)
    page.click("#login-form button[type=submit]")
    expect(page).not_to_have_url("**/login/**")
    return page


def as_owner(page: Page, salon: dict[str, Any]) -> Page:
    return log_in(page, salon["owner_login"], salon["owner_password"])


def open_template(page: Page, key: str = REMINDER) -> None:
    """Go from the list of templates to one of them."""
    page.goto("/admin/notifications/messagetemplate/")
    page.locator("#result_list tr", has_text=key).locator("a").first.click()
    expect(page.locator("[name=body_ru]")).to_be_visible()


def open_template_read_only(page: Page, key: str = REMINDER) -> None:
    """Open a template that this person may only read."""
    page.locator("#result_list tr", has_text=key).locator("a").first.click()
    expect(page.locator("[name=body_ru]")).to_have_count(0)
    expect(page.locator("[name=notifications_messagetemplate_save_and_publish]")).to_have_count(0)


def publish(page: Page) -> None:
    page.click("[name=notifications_messagetemplate_save_and_publish]")


def has_no_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
