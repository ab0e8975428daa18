"""Beside a text stands the e-mail that it becomes, laid out or as staff designed it."""

from __future__ import annotations

from html import unescape

import pytest
from django.urls import reverse

from notifications.models import MessageTemplate, Step
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon

DESIGN = (
    '<mj-section><mj-column><mj-text>Только письмо</mj-text><mj-button href="https://s.example">Да'
    "</mj-button></mj-column></mj-section>"
)


@pytest.fixture(scope="module")
def salon(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield make_salon()


def preview(salon, channels, **typed):
    with tenant_scope(salon.tenant.id):
        Step.objects.filter(template=salon.template).update(channels=channels)
    url = reverse("admin:notifications_messagetemplate_preview", args=[salon.template.pk])
    form = {"body_ru": "Ждём вас", "title_ru": "Завтра", **typed}
    return browser(salon.people["marketer"]).post(url, form).content.decode()


def test_a_text_is_shown_as_the_letter_that_it_becomes(salon):
    page = preview(salon, ["telegram", "email"])

    assert 'sandbox title="As an e-mail" srcdoc="' in page
    assert "<h1" in unescape(page)
    assert "<iframe" not in preview(salon, ["telegram", "sms"])


def test_a_designed_letter_is_shown_as_it_will_arrive(salon):
    assert "Только письмо</div>" in unescape(preview(salon, ["email"], letter_ru=DESIGN))


def test_a_letter_that_cannot_be_read_is_told_of_and_cannot_leave_its_frame(salon):
    broken = preview(salon, ["email"], letter_ru="<mj-section><mj-column>")
    hostile = preview(salon, ["email"], letter_ru='"><script>x</script><p>да')

    assert "letter: " in broken
    assert "<script>x" not in hostile
    assert "<script>x" not in unescape(hostile)


def test_a_broken_letter_is_shown_at_its_field_in_the_managers_language(salon):
    page = reverse("admin:notifications_messagetemplate_change", args=[salon.template.pk])
    form = {
        "name": "x",
        "key": salon.template.key,
        "body_ru": "Ждём вас",
        "letter_ru": "<mj-section>\n<mj-foto /></mj-section>",
        "notifications_messagetemplate_save_and_publish": "1",
    }
    client = browser(salon.people["marketer"])

    shown = client.post(page, form, headers={"accept-language": "ru"}).content.decode()

    assert "Строка 2. В MJML нет «&lt;mj-foto&gt;»." in shown
    with tenant_scope(salon.tenant.id):
        assert not MessageTemplate.objects.get(pk=salon.template.pk).letter_ru
