"""WhatsApp's window is closed: the approved template goes, and without one the next channel."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.integrations import add_integration
from channels.models import Integration, WhatsAppTemplate
from channels.whatsapp import submit, sync
from notifications.models import MessageTemplate
from tenants.scope import tenant_scope
from tests.channels.meta_server import MetaServer

NOW = datetime(2026, 11, 21, tzinfo=UTC)
TEXT = "Здравствуйте, {{ clientName }}! Ждём вас {{ appointmentTime | date: '%d.%m' }} в салоне."
WHATSAPP = {"providerId": "whatsapp-business", "credentials": {"phoneNumber": "79161234567"}}
ANNA = {
    "subscriberId": "anna",
    "locale": "ru",
    "phone": "+79161234567",
    "channels": [
        {"providerId": "whatsapp-business", "credentials": {"phoneNumber": "79161234567"}}
    ],
}
VISIT = {"clientName": "Анна", "appointmentTime": "2026-12-01T15:30:00+03:00", "token": "k7"}


@pytest.fixture
def meta(settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    one = MetaServer()
    yield one
    one.close()


@pytest.fixture
def visits(reminders, meta):
    """A workflow that tries WhatsApp, then SMS, and a template that Meta is reviewing."""
    reminders.workflow("visit", ("sms", {"channels": ["whatsapp", "sms"]}))
    account = add_integration(
        reminders.salon.pk, "whatsapp_cloud", meta.credentials, identifier="wa", position=0
    )
    with tenant_scope(reminders.salon.pk):
        row = WhatsAppTemplate.objects.create(
            tenant=reminders.salon,
            integration=account,
            text_id=MessageTemplate.objects.get(key="visit-0").pk,
            name="visit",
            body=TEXT,
            buttons=[
                {"text": "Приду", "action": "confirm"},
                {"text": "Перенести", "url": "https://rosa.example/r/{{ token }}"},
            ],
        )
        Integration.objects.filter(tenant=reminders.salon, identifier="provider-chat").delete()
    reminders.template, reminders.account = row, account
    submit(reminders.salon.pk, row.pk, NOW)
    return reminders


def review(visits, meta, status):
    meta.review(visits.template.submitted_name or "visit_1", status)
    sync(visits.salon.pk, visits.account.pk, NOW)


def test_the_approved_template_goes_with_the_clients_words_in_it(visits, meta, worker, provider):
    review(visits, meta, "APPROVED")
    visits.trigger("visit", ANNA, VISIT)

    worker.drain_dry()

    (sent,) = meta.sent
    assert sent["to"] == "79161234567"
    assert sent["template"] == {
        "name": "visit_1",
        "language": {"code": "ru"},
        "components": [
            {
                "type": "body",
                "parameters": [{"type": "text", "text": "Анна"}, {"type": "text", "text": "01.12"}],
            },
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": "0",
                "parameters": [{"type": "payload", "payload": "confirm"}],
            },
            {
                "type": "button",
                "sub_type": "url",
                "index": "1",
                "parameters": [{"type": "text", "text": "k7"}],
            },
        ],
    }
    assert provider.bodies == []
    assert visits.states == [("completed", "")]


@pytest.mark.parametrize("status", ["PENDING", "REJECTED"])
def test_without_an_approved_template_the_next_channel_carries_it(
    visits, meta, worker, provider, status
):
    review(visits, meta, status)
    visits.trigger("visit", ANNA, VISIT)

    worker.drain_dry()

    assert meta.sent == []
    assert [body["kind"] for body in provider.bodies] == ["sms"]
    assert visits.states == [("completed", "")]
    assert ("failed", "window_closed") in visits.log


def test_a_template_that_meta_has_paused_gives_way_to_the_next_channel(
    visits, meta, worker, provider
):
    review(visits, meta, "APPROVED")
    meta.review("visit_1", "PAUSED")  # and nobody has told us yet
    visits.trigger("visit", ANNA, VISIT)

    worker.drain_dry()

    assert [body["kind"] for body in provider.bodies] == ["sms"]


def test_the_template_of_another_language_is_not_taken(visits, meta, worker, provider):
    review(visits, meta, "APPROVED")
    with tenant_scope(visits.salon.pk):
        WhatsAppTemplate.objects.filter(pk=visits.template.pk).update(language="en")
    visits.trigger("visit", ANNA, VISIT)

    worker.drain_dry()

    assert meta.sent == []
    assert [body["kind"] for body in provider.bodies] == ["sms"]


def test_an_empty_value_which_whatsapp_refuses_takes_the_next_channel(
    visits, meta, worker, provider
):
    review(visits, meta, "APPROVED")
    visits.trigger("visit", ANNA, {**VISIT, "token": ""})

    worker.drain_dry()

    assert meta.sent == []
    assert [body["kind"] for body in provider.bodies] == ["sms"]


def test_a_variable_that_is_missing_fails_by_its_name(visits, meta, worker):
    review(visits, meta, "APPROVED")
    visits.trigger("visit", ANNA, {key: VISIT[key] for key in ("clientName", "appointmentTime")})

    worker.drain_dry()

    (letter,) = visits.letters
    assert visits.states == [("failed", "render_failed")]
    assert "token" in letter.detail
    assert meta.sent == []
