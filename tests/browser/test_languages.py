"""Both languages stand on every page that a salon sees, and are one click away."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import admin_pages, phone_page

pytestmark = pytest.mark.browser
PAGES = (
    "",
    "notifications/notification/",
    "notifications/message/",
    "notifications/logentry/",
    "notifications/event/",
    "notifications/deadletter/",
    "notifications/messagetemplate/",
    "notifications/workflow/",
    "tenants/subscriber/",
    "tenants/topic/",
    "tenants/location/",
    "channels/integration/",
    "tenants/member/",
    "tenants/apikey/",
    "tenants/suppression/add/",
    "tenants/consent/",
    "notifications/escalation/",
    "notifications/stop/add/",
    "notifications/workflow/add/",
    "notifications/webhookendpoint/add/",
    "notifications/webhookdelivery/",
)


def test_the_admin_speaks_the_browsers_language_until_another_is_chosen(site, visit):
    admin = admin_pages.as_owner(visit(locale="ru-RU"), site.salon)
    expect(admin.locator("#nav-sidebar, body").first).to_contain_text("Шаблоны")

    admin.get_by_text(site.salon["owner_login"]).first.click()
    admin.get_by_role("button", name="English").click()

    expect(admin.locator("body")).to_contain_text("Templates")
    expect(admin.locator("body")).not_to_contain_text("Шаблоны")
    assert admin.get_attribute("html", "lang") in ("en", "en-us")


def test_no_english_heading_is_left_on_a_russian_page(site, visit):
    admin = admin_pages.as_owner(visit(locale="ru-RU"), site.salon)
    left: dict[str, list[str]] = {}

    for page in PAGES:
        admin.goto(f"/admin/{page}")
        headings = admin.locator("th, h1, h2, header, button, label").all_inner_texts()
        words = " ".join(headings).replace("Kolokol", "").replace("Beauty Lab", "")
        left[page] = [word for word in words.split() if word in LEFTOVERS]

    assert {page: words for page, words in left.items() if words} == {}


LEFTOVERS = {
    *("Overview", "Why", "Reason", "Client", "Time", "State", "Status", "Name", "Channel"),
    *("Provider", "Address", "Message", "Messages", "Workflow", "Templates", "Search", "Filters"),
    *("Save", "Close", "Delete", "Send", "Settings", "Steps", "Channels", "Category", "Kind"),
    *("Add", "History", "Created", "Updated", "Role", "Mode", "Event", "Events", "Language"),
}


def test_the_phone_changes_its_language_by_one_click_and_remembers_it(site, visit):
    name = site.add_client("Ласточкина")
    phone = phone_page.open_phone(admin_pages.as_owner(visit(), site.salon), "Ласточкина")
    expect(phone.locator("h1")).to_contain_text("Телефон")
    expect(phone.locator("#faults-title")).to_have_text("Что, если…")

    phone.click(".lang")

    expect(phone.locator("h1")).to_contain_text("The Phone")
    phone.reload()
    expect(phone.locator("#faults-title")).to_have_text("What if…")
    assert phone.get_attribute("html", "lang") == "en"
    assert name


def test_a_client_reads_her_own_language_whatever_the_page_speaks(site, visit):
    client = site.add_client("Swift", firstName="Kate", locale="en")
    phone = phone_page.open_phone(admin_pages.as_owner(visit(), site.salon), "Swift")
    phone_page.tab(phone, "telegram")

    site.trigger(client, clientName="Kate")

    expect(phone_page.message(phone, "Hello, Kate!")).to_be_visible()
