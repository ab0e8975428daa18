"""A text for WhatsApp is written, submitted and looked after on one screen."""

from __future__ import annotations

import pytest
from django.urls import reverse

from channels.integrations import add_integration
from channels.models import WhatsAppTemplate
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon
from tests.channels.meta_server import MetaServer

PAGE = "admin:channels_whatsapptemplate_{}"
SUBMIT = {"channels_whatsapptemplate_save_and_submit": "1"}


@pytest.fixture(scope="module")
def salon(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield make_salon()


@pytest.fixture
def meta(settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    one = MetaServer()
    yield one
    one.close()


@pytest.fixture
def account(salon, meta):
    row = add_integration(
        salon.tenant.id, "whatsapp_cloud", meta.credentials, identifier=f"wa{id(meta)}"
    )
    yield row
    with tenant_scope(salon.tenant.id):
        row.delete()


def form(account, salon, **changed):
    return {
        "integration": str(account.pk),
        "text_id": str(salon.template.pk),
        "name": "visit",
        "language": "ru",
        "category": "utility",
        "header": "",
        "body": "Здравствуйте, {{ clientName }}! Ждём вас.",
        "footer": "",
        "buttons": "[]",
        "examples": '{"clientName": "Анна"}',
    } | changed


def the_one(salon):
    with tenant_scope(salon.tenant.id):
        return WhatsAppTemplate.objects.get()


def test_a_text_goes_to_review_and_its_approval_is_shown(salon, meta, account):
    client = browser(salon.people["marketer"])

    made = client.post(reverse(PAGE.format("add")), form(account, salon) | SUBMIT)
    assert made.status_code == 302, made.context["errors"]
    assert the_one(salon).state == "pending"
    meta.review("visit_1", "APPROVED")
    client.post(reverse(PAGE.format("sync")))

    shown = client.get(reverse(PAGE.format("change"), args=[the_one(salon).pk]))
    assert (the_one(salon).approved_name, the_one(salon).text_id) == (
        "visit_1",
        salon.template.pk,
    )
    assert "Здравствуйте, {{1}}! Ждём вас." in shown.content.decode()


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "must not begin or end with a variable"),
        ("ru", "не должен начинаться или заканчиваться переменной"),
    ],
)
def test_what_whatsapp_would_refuse_is_told_beside_the_field(
    salon, meta, account, language, sentence
):
    client = browser(salon.people["owner"])
    client.cookies["django_language"] = language

    shown = client.post(reverse(PAGE.format("add")), form(account, salon, body="{{ clientName }}"))

    assert list(shown.context["adminform"].form.errors) == ["body"]
    assert sentence in shown.content.decode()


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Marketing, though service messages need it"),
        ("ru", "Реклама, хотя нужна для сервисных сообщений"),
    ],
)
def test_a_text_that_whatsapp_counts_as_marketing_is_marked_where_service_messages_need_it(
    salon, meta, account, language, sentence
):
    client = browser(salon.people["owner"])
    client.cookies["django_language"] = language
    client.post(reverse(PAGE.format("add")), form(account, salon))
    assert sentence not in client.get(reverse(PAGE.format("changelist"))).content.decode()

    with tenant_scope(salon.tenant.id):
        WhatsAppTemplate.objects.update(category="marketing")

    assert sentence in client.get(reverse(PAGE.format("changelist"))).content.decode()


def test_a_refusal_of_whatsapp_is_told_and_the_draft_stays(salon, meta, account):
    client = browser(salon.people["owner"])
    meta.refusal = {"error": {"code": 100, "error_user_msg": "This name is taken."}}

    shown = client.post(reverse(PAGE.format("add")), form(account, salon) | SUBMIT, follow=True)

    assert "This name is taken." in shown.content.decode()
    assert the_one(salon).state == "draft"


def test_who_may_only_read_cannot_ask_whatsapp(salon, meta, account):
    client = browser(salon.people["analyst"])

    client.post(reverse(PAGE.format("sync")))

    with tenant_scope(salon.tenant.id):
        assert not WhatsAppTemplate.objects.filter(synced_at__isnull=False).exists()
