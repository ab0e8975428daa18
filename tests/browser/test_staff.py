"""Platform staff see the queues and every salon; they write in the one they have chosen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser import admin_pages

pytestmark = pytest.mark.browser


def as_staff(page: Page, facts) -> Page:
    return admin_pages.log_in(page, facts["platform_login"], facts["platform_password"])


def test_the_queues_are_closed_to_an_owner(site, visit):
    owner = admin_pages.as_owner(visit(), site.salon)

    assert owner.context.request.get("/admin/queues/").status == 403


def test_the_queues_are_open_to_platform_staff(site, visit):
    staff = as_staff(visit(), site.facts)

    answer = staff.goto("/admin/queues/")

    assert answer.status == 200
    expect(staff.locator("body")).to_contain_text("urgent")


def test_staff_read_all_salons_choose_one_and_edit_there(site, visit):
    staff = as_staff(visit(), site.facts)
    staff.goto("/admin/notifications/messagetemplate/")
    expect(staff.locator("#result_list")).to_contain_text("Aurora Studio")
    expect(staff.locator("#result_list")).to_contain_text("Beauty Lab")
    admin_pages.open_template_read_only(staff, "promo-notification-message")

    staff.locator("#nav-sidebar-apps, aside, nav, body").first.get_by_text("Kolokol").first.click()
    staff.locator(".kolokol-salons button", has_text="Aurora Studio").click()
    admin_pages.open_template(staff, "promo-notification-message")
    staff.fill("[name=title_ru]", "Подарок для вас")
    admin_pages.publish(staff)

    expect(staff.get_by_text("Опубликовано: теперь клиенты получают")).to_be_visible()


def test_staff_without_a_salon_are_told_to_choose_one_before_the_phone(site, visit):
    staff = as_staff(visit(), site.facts)

    answer = staff.context.request.get("/phone/")

    assert answer.status == 403
    assert "Выберите салон" in answer.text()
