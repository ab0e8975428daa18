"""The pages fit a phone's screen and follow the light of the room."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import admin_pages, phone_page

pytestmark = pytest.mark.browser
SMALL = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
LIGHT = """phone => getComputedStyle(phone).backgroundColor.match(/[0-9.]+/g)
  .slice(0, 3).reduce((sum, part) => sum + Number(part), 0)"""


def test_the_phone_is_used_on_a_small_screen_without_scrolling_sideways(site, visit):
    client = site.add_client("Синицына")
    phone = admin_pages.as_owner(visit(**SMALL), site.salon)
    phone.goto("/phone/")
    assert admin_pages.has_no_sideways_scroll(phone)

    phone_page.open_phone(phone, "Синицына")
    phone_page.tab(phone, "telegram")
    site.trigger(client)
    phone.get_by_role("button", name="Подтвердить").click()

    expect(phone.locator(".is-pressed")).to_be_visible()
    assert admin_pages.has_no_sideways_scroll(phone)
    phone.click("#back")
    expect(phone.locator("#search")).to_be_visible()


def test_a_text_is_edited_and_published_on_a_small_screen(site, visit):
    admin = admin_pages.as_owner(visit(**SMALL), site.salon)
    admin_pages.open_template(admin, "appointment-confirm-reschedule-message")
    assert admin_pages.has_no_sideways_scroll(admin)
    assert admin.locator("[name=body_ru]").bounding_box()["width"] > 250

    admin.fill("[name=title_ru]", "Подтвердите запись")
    admin_pages.publish(admin)

    expect(admin.get_by_text("Опубликовано: теперь клиенты получают")).to_be_visible()
    assert admin_pages.has_no_sideways_scroll(admin)


@pytest.mark.parametrize("page", ["", "notifications/notification/", "tenants/subscriber/"])
def test_the_admins_lists_fit_a_small_screen(site, visit, page):
    admin = admin_pages.as_owner(visit(**SMALL), site.salon)

    admin.goto(f"/admin/{page}")

    assert admin_pages.has_no_sideways_scroll(admin)


def test_the_phone_is_light_by_day_and_dark_by_night(site, visit):
    phone = admin_pages.as_owner(visit(color_scheme="light"), site.salon)
    phone.goto("/phone/")
    day = phone.locator("#phone").evaluate(LIGHT)

    phone.emulate_media(color_scheme="dark")

    night = phone.locator("#phone").evaluate(LIGHT)
    assert day > 600
    assert night < 150
