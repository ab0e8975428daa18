"""How does a salon look after people? It answers who writes, and leaves alone who asks for it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.browser import admin_pages, phone_page

pytestmark = pytest.mark.browser


def test_a_clients_own_words_are_taken_answered_and_closed(site, visit):
    name = f"Птица-{uuid4().hex[:6]}"
    client = site.add_client(name)
    owner = admin_pages.as_owner(visit(), site.salon)
    phone = phone_page.open_phone(owner.context.new_page(), name)
    phone_page.tab(phone, "telegram")
    site.wait_for(site.trigger(client), "sent to Telegram")

    phone.fill("#reply-text", "А можно на час позже?")
    phone.press("#reply-text", "Enter")
    case = owner.locator("#result_list tbody tr", has_text=name)
    for _ in range(40):
        owner.goto("/admin/notifications/escalation/")
        if case.count():
            break
        owner.wait_for_timeout(250)
    expect(case).to_contain_text("Клиент написал")
    case.locator("a").first.click()
    expect(owner.locator(".kolokol-story")).to_contain_text("А можно на час позже?")
    owner.get_by_role("button", name="Взять").click()
    case.locator("a").first.click()
    expect(owner.get_by_role("button", name="Взять")).to_have_count(0)
    owner.fill("[name=answer]", "Да, ждём вас в 16:00")
    owner.get_by_role("button", name="Отправить ответ").click()
    expect(phone_page.message(phone, "ждём вас в 16:00")).to_be_visible()
    case.locator("a").first.click()
    owner.get_by_role("button", name="Закрыть обращение").click()

    expect(case).to_contain_text("Закрыто")
    expect(case).to_contain_text(site.salon["owner_login"])


def test_nobody_writes_to_a_banned_address_until_the_ban_is_lifted(site, visit):
    number = f"+7901{uuid4().int % 10**7:07d}"
    client = site.add_client("Тихая", phone=number, email=None, channels={})
    owner = admin_pages.as_owner(visit(), site.salon)
    owner.goto("/admin/tenants/suppression/add/")
    owner.select_option("[name=kind]", "phone")
    owner.fill("[name=value]", number)
    owner.get_by_role("button", name="Сохранить").click()
    expect(owner.locator(".field-note")).to_contain_text("Обязательное поле")
    owner.fill("[name=note]", "просила не писать")
    owner.get_by_role("button", name="Сохранить").click()
    line = owner.locator("#result_list tbody tr", has_text="просила не писать").first
    expect(line).to_contain_text("не пишем")
    site.wait_for(site.trigger(client), "asked not to be written to")

    line.locator("a").first.click()
    owner.fill("[name=why_lifted]", "снова ждёт напоминаний")
    owner.get_by_role("button", name="Снять запрет").click()

    expect(line).to_contain_text("снят")
    site.wait_for(site.trigger(client), "delivered by SMS")
