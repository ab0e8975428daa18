"""Beside a text stands what is left of it on channels that cannot show all of it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from notifications.models import Step
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon

TYPED = {
    "title_ru": "",
    "body_ru": "Ждём вас",
    "buttons_ru-0-text": "На карте",
    "buttons_ru-0-url": "https://s.example/map",
    "title_en": "",
    "body_en": "See you " * 600,
}


@pytest.fixture
def salon():
    return make_salon()


def shown(salon, channels, **headers):
    with tenant_scope(salon.tenant.id):
        Step.objects.filter(template=salon.template).update(channels=channels)
    url = reverse("admin:notifications_messagetemplate_preview", args=[salon.template.pk])
    return browser(salon.people["marketer"]).post(url, TYPED, **headers).content.decode()


def test_a_link_that_is_no_button_there_is_shown_as_a_line(salon):
    page = shown(salon, ["telegram", "whatsapp", "sms"])

    assert "WhatsApp, SMS" in page
    assert "Ждём вас\n\nНа карте: https://s.example/map" in page


def test_a_text_that_fits_nowhere_is_told_of_in_the_managers_language(salon):
    page = shown(salon, ["telegram", "vk"], headers={"accept-language": "ru"})

    assert "Telegram, ВКонтакте" in page
    assert "Туда не отправить" in page


def test_channels_that_show_everything_are_not_repeated(salon):
    assert "Telegram" not in shown(salon, ["email"])
