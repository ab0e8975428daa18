"""The salon's own software is told: a webhook is made, tried, looked at and sent again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import admin_pages
from tests.browser.installation import eventually
from tests.notifications.receiver import Receiver

pytestmark = pytest.mark.browser


@pytest.fixture
def receiver():
    one = Receiver()
    yield one
    one.close()


def test_a_webhook_is_tried_its_answer_read_and_the_event_sent_again(site, visit, receiver):
    owner = admin_pages.as_owner(visit(), site.facts["tenants"][1])
    owner.goto("/admin/notifications/webhookendpoint/add/")
    owner.fill("[name=url]", receiver.url)
    owner.fill("[name=description]", "Касса")
    owner.click("[name=_save]")
    secret = re.search(r"whsec_[\w+/=]+", owner.get_by_text("whsec_").inner_text())[0]
    owner.locator("#result_list tbody tr", has_text="Касса").locator("a").first.click()

    owner.get_by_role("button", name="Сохранить и отправить пробное событие").click()
    owner.get_by_role("link", name="Посмотреть ответ").click()
    [first] = eventually(lambda: list(receiver.calls), bool, timeout_s=15)
    assert first.verified(secret)["type"] == "webhook.test"
    owner.reload()
    expect(owner.locator("#content-main")).to_contain_text("Доставлено")
    expect(owner.locator(".kolokol-json")).to_contain_text("webhook.test")
    owner.get_by_role("button", name="Отправить ещё раз").click()

    _, second = eventually(lambda: list(receiver.calls), lambda all: len(all) > 1, timeout_s=15)
    assert (second.id, second.body) == (first.id, first.body)
    owner.goto("/admin/notifications/webhookendpoint/")
    owner.locator("#result_list tbody tr", has_text="Касса").locator("a").first.click()
    owner.get_by_role("link", name="Что отправлено").click()
    expect(owner.locator("#result_list tbody tr")).to_have_count(1)
