"""Who decides what clients read, and when nothing goes out? Review, dry run and the stop switch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser import admin_pages

pytestmark = pytest.mark.browser
KEY = "review-request-message"
PASSWORD = "колокольчик-звенит"


@contextmanager
def four_eyes(owner: Page) -> Iterator[None]:
    """Have drafts reviewed for a while: other tests publish alone."""
    try:
        _set_four_eyes(owner, wanted=True)
        yield
    finally:
        _set_four_eyes(owner, wanted=False)


def _set_four_eyes(owner: Page, *, wanted: bool) -> None:
    owner.goto("/admin/tenants/tenant/")
    owner.locator("#result_list tbody a").first.click()
    owner.set_checked("#id_four_eyes", wanted)
    owner.click("[name=_save]")
    expect(owner.locator("#result_list")).to_be_visible()


def add_colleague(owner: Page) -> str:
    login = f"marina-{uuid4().hex[:8]}"
    owner.goto("/admin/tenants/member/add/")
    owner.fill("[name=login]", login)
    owner.fill("[name=name]", "Марина Зуева")
    owner.fill("[name=password]", PASSWORD)
    owner.select_option("[name=role]", "marketer")
    owner.click("[name=_save]")
    expect(owner.locator("#result_list")).to_contain_text("Марина Зуева")
    return login


def test_an_author_cannot_publish_alone_but_a_colleague_may(site, visit):
    salon = site.facts["tenants"][1]
    owner = admin_pages.as_owner(visit(), salon)
    login = add_colleague(owner)
    with four_eyes(owner):
        admin_pages.open_template(owner, KEY)
        owner.fill("[name=body_ru]", "{{ clientName }}, как вам визит?")
        owner.click("[name=_continue]")
        owner.get_by_role("button", name="Отправить сохранённый черновик на проверку").click()
        expect(owner.get_by_text("Отправлено на проверку.")).to_be_visible()
        expect(owner.get_by_text("должен кто-то другой")).to_be_visible()
        expect(owner.get_by_role("button", name="Одобрить и опубликовать")).to_have_count(0)

        colleague = admin_pages.log_in(visit(), login, PASSWORD)
        admin_pages.open_template(colleague, KEY)
        expect(colleague.get_by_text("На проверке с")).to_contain_text(salon["owner_login"])
        colleague.get_by_role("button", name="Одобрить и опубликовать").click()

        expect(colleague.get_by_text("Опубликовано: теперь клиенты получают")).to_be_visible()


def test_a_dry_run_shows_a_chosen_client_her_path_and_texts(site, visit):
    site.add_client("Галкина")
    owner = admin_pages.as_owner(visit(), site.salon)
    owner.goto("/admin/notifications/workflow/?q=appointment-reminder-24h")
    owner.locator("#result_list tbody a").first.click()

    owner.get_by_label("Имя клиента").fill("Ира")
    owner.get_by_label("Клиент", exact=True).fill("Галкина")
    owner.get_by_role("button", name="Показать путь").click()

    path = owner.locator(".kolokol-path")
    expect(path).to_contain_text("Telegram")
    expect(path.locator(".kolokol-phone-body").last).to_contain_text("Ира")
    owner.get_by_label("Имя клиента").fill("")
    owner.get_by_role("button", name="Показать путь").click()
    expect(owner.get_by_text("Заполните «clientName».")).to_be_visible()


def test_a_stop_names_who_made_it_and_who_ended_it(site, visit):
    salon = site.facts["tenants"][1]
    owner = admin_pages.as_owner(visit(), salon)
    owner.goto("/admin/notifications/stop/add/")
    owner.select_option("[name=channel]", "sms")
    owner.fill("[name=note]", "Ошибка в цене")
    owner.get_by_role("button", name="Остановить отправку").click()
    row = owner.locator("#result_list tbody tr", has_text="Ошибка в цене").first
    expect(row).to_contain_text("остановлено")
    expect(row).to_contain_text(salon["owner_login"])

    row.locator("a").first.click()
    owner.get_by_role("button", name="Возобновить отправку").click()

    expect(owner.get_by_text("Отправка продолжается.")).to_be_visible()
    expect(owner.locator("#content-main")).to_contain_text("Кем возобновлено")
    expect(owner.get_by_role("button", name="Возобновить отправку")).to_have_count(0)
