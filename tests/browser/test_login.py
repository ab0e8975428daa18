"""Who may come in, how they leave, and what a wrong password is told."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import admin_pages

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("locale", "words"), [("ru-RU", "введите корректные"), ("en-GB", "enter the correct")]
)
def test_a_wrong_password_is_told_in_the_visitors_language(site, visit, locale, words):
    page = visit(locale=locale)
    page.goto("/admin/")

    page.fill("#id_username", site.salon["owner_login"])
    page.fill("#id_password", "not-the-password")
    page.click("#login-form button[type=submit]")

    expect(page.locator("body")).to_contain_text(words)
    expect(page.locator("#id_password")).to_have_value("")


def test_who_logs_out_is_asked_to_log_in_again(site, visit):
    page = admin_pages.as_owner(visit(), site.salon)

    page.get_by_text(site.salon["owner_login"]).first.click()
    page.locator("#logout-form button").click()
    page.goto("/admin/notifications/messagetemplate/")

    expect(page.locator("#id_username")).to_be_visible()


def test_the_phone_asks_a_stranger_to_log_in_and_brings_him_back(site, visit):
    page = visit()
    page.goto("/phone/")

    page.fill("#id_username", site.salon["owner_login"])
    page.fill("#id_password", site.salon["owner_password"])
    page.click("#login-form button[type=submit]")

    expect(page.locator("#salon")).to_have_text("Beauty Lab")


def test_a_salons_owner_sees_her_own_salon_only(site, visit):
    page = admin_pages.as_owner(visit(), site.facts["tenants"][1])

    page.goto("/admin/tenants/subscriber/")

    expect(page.locator("#result_list")).to_contain_text("Sophie")
    expect(page.locator("body")).not_to_contain_text("Королёва")
