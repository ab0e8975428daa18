"""A text that could not be sent is refused where it is written, in words."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import admin_pages

pytestmark = pytest.mark.browser


def test_a_misspelt_variable_is_told_at_its_field_and_nothing_is_published(site, visit):
    admin = admin_pages.as_owner(visit(), site.salon)
    admin_pages.open_template(admin, "appointment-cancelled-message")
    text = "{{ clientNme }}, запись отменена."

    admin.fill("[name=body_ru]", text)
    admin_pages.publish(admin)

    expect(admin.locator(".errors:has([name=body_ru])").last).to_contain_text("«clientNme»")
    expect(admin.locator("[name=body_ru]")).to_have_value(text)
    expect(admin.get_by_text("Опубликовано: теперь клиенты получают")).to_have_count(0)


def test_a_text_that_is_no_template_is_told_in_the_second_language_too(site, visit):
    admin = admin_pages.as_owner(visit(), site.salon)
    admin_pages.open_template(admin, "review-request-message")

    admin.get_by_text("Английский", exact=True).first.click()
    admin.fill("[name=body_en]", "Hello {{ clientName")
    admin_pages.publish(admin)

    expect(admin.locator("[name=body_en]")).to_have_value("Hello {{ clientName")
    expect(admin.get_by_text("Опубликовано: теперь клиенты получают")).to_have_count(0)
    fault = admin.locator(".errors:has([name=body_en])").last
    expect(fault).to_contain_text("Что-то не так со скобками")
    expect(fault).to_be_visible()
