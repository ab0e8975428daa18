"""Beside a text that goes by SMS stands how many parts it has and what they cost."""

from __future__ import annotations

import pytest
from django.urls import reverse

from channels.integrations import add_integration
from notifications.models import Step
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon

TEXT = "Анна, ждём вас завтра в 15:00. Салон «Лотос», Невский проспект 1. Отменить: lotos.example"


@pytest.fixture
def salon():
    return make_salon()


def shown(salon, text=TEXT, **headers):
    url = reverse("admin:notifications_messagetemplate_preview", args=[salon.template.pk])
    typed = {"body_ru": text, "body_en": "See you tomorrow", "title_ru": "", "title_en": ""}
    return browser(salon.people["marketer"]).post(url, typed, **headers).content.decode()


def use_for(salon, *channels):
    with tenant_scope(salon.tenant.id):
        Step.objects.filter(template=salon.template).update(channels=list(channels))


def test_a_text_for_sms_tells_its_parts_in_both_languages(salon):
    use_for(salon, "telegram", "sms")

    page = shown(salon)

    assert f"As an SMS: parts 2, signs {len(TEXT)} in UCS-2." in page
    assert "As an SMS: parts 1, signs 16 in GSM-7." in page
    assert "Price" not in page


def test_the_price_is_that_of_the_account_which_is_tried_first(salon):
    use_for(salon, "sms")
    for position, price in ((1, "4,10"), (2, "0.05")):
        credentials = {"api_id": "KEY", "price_per_segment": price}
        add_integration(
            salon.tenant.id, "smsru", credentials, identifier=f"sms-{position}", position=position
        )

    page = shown(salon)

    assert "Price: 8.20." in page
    assert "Price: 4.10." in page


def test_a_text_that_is_too_long_for_sms_says_so(salon):
    use_for(salon, "sms")

    assert "This text is too long for an SMS." in shown(salon, "я" * 1601)


def test_a_text_for_other_channels_says_nothing_of_sms(salon):
    use_for(salon, "email")

    assert "SMS" not in shown(salon)


def test_a_russian_manager_reads_it_in_russian(salon):
    use_for(salon, "sms")

    page = shown(salon, headers={"accept-language": "ru"})

    assert f"Как SMS: частей 2, знаков {len(TEXT)} в UCS-2." in page
