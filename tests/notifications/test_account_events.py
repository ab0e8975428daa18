"""What WhatsApp tells of a text takes effect on the next message, if the text is ours."""

from __future__ import annotations

import hmac
import json
import logging
from datetime import UTC, datetime

import pytest

from channels.integrations import add_integration
from channels.models import Integration, WhatsAppTemplate
from channels.told import Callback
from channels.whatsapp import submit
from config.checkup_work import whatsapp_templates
from notifications import callback_tasks
from notifications.callbacks import receive
from notifications.models import MessageTemplate, ReceivedCallback
from tenants.scope import tenant_scope
from tests.channels.meta_server import MetaServer

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ANNA = {
    "subscriberId": "anna",
    "locale": "ru",
    "phone": "+79161234567",
    "channels": [
        {"providerId": "whatsapp-business", "credentials": {"phoneNumber": "79161234567"}}
    ],
}


@pytest.fixture
def visits(reminders, settings):
    """A service message by WhatsApp, then SMS; its template was handed in as visit_1."""
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    reminders.meta = MetaServer()
    reminders.workflow("visit", ("sms", {"channels": ["whatsapp", "sms"]}))
    reminders.account = connect(reminders, "wa")
    with tenant_scope(reminders.salon.pk):
        row = WhatsAppTemplate.objects.create(
            tenant=reminders.salon,
            integration=reminders.account,
            text_id=MessageTemplate.objects.get(key="visit-0").pk,
            name="visit",
            body="Ждём вас.",
        )
        Integration.objects.filter(tenant=reminders.salon, identifier="provider-chat").delete()
    submit(reminders.salon.pk, row.pk, NOW)
    yield reminders
    reminders.meta.close()


def connect(reminders, identifier):
    credentials = reminders.meta.credentials | {"app_secret": "app-secret"}
    return add_integration(reminders.salon.pk, "whatsapp_cloud", credentials, identifier=identifier)


FIELDS = {
    "template_state": ("message_template_status_update", "event"),
    "template_category": ("template_category_update", "new_category"),
    "warning": ("phone_number_quality_update", "event"),
}


def told(visits, kind, value, *, name="visit_1", language="ru", reason="NONE", account=None):
    """Let Meta call us, and the job apply it; return its note."""
    field, word = FIELDS[kind]
    about = {"message_template_name": name, "message_template_language": language}
    change = {"field": field, "value": about | {word: value, "reason": reason}}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"changes": [change]}]})
    account = account or visits.account
    signature = hmac.new(b"app-secret", body.encode(), "sha256").hexdigest()
    headers = {"x-hub-signature-256": f"sha256={signature}"}
    receive(account.pk, account.callback_token, Callback(body.encode(), headers))
    row = visits.all(ReceivedCallback)[-1]
    callback_tasks._apply({visits.salon.pk: [row.pk]}, datetime.now(UTC))
    row = visits.all(ReceivedCallback)[-1]
    assert row.applied_at is not None
    return row.event.get("note", "")


def template(visits) -> WhatsAppTemplate:
    return visits.all(WhatsAppTemplate)[0]


def send(visits, worker, provider) -> str:
    """Send one message; say which way it took."""
    visits.trigger("visit", ANNA, {})
    worker.drain_dry()
    return "whatsapp" if visits.meta.sent else provider.bodies[-1]["kind"]


def test_an_approval_lets_the_next_message_go(visits, worker, provider):
    visits.meta.review("visit_1", "APPROVED")

    assert told(visits, "template_state", "APPROVED") == ""
    assert (template(visits).state, template(visits).is_running) == ("approved", True)
    assert send(visits, worker, provider) == "whatsapp"


@pytest.mark.parametrize("value", ["PAUSED", "PENDING_DELETION"])
def test_what_whatsapp_takes_away_goes_no_more(visits, worker, provider, value):
    told(visits, "template_state", "APPROVED")

    told(visits, "template_state", value, reason="PROMOTIONAL")

    assert (template(visits).is_running, template(visits).reason) == (False, "PROMOTIONAL")
    assert send(visits, worker, provider) == "sms"


@pytest.mark.parametrize(
    "changed", [{"name": "strange"}, {"language": "en_US"}, {"account": "another"}]
)
def test_a_text_that_is_none_of_ours_is_ignored(visits, changed):
    if "account" in changed:
        changed = {"account": connect(visits, "another")}
    note = told(visits, "template_state", "APPROVED", **changed)

    assert note == ("" if "language" in changed else "unknown_template")
    assert template(visits).state == "pending"


def test_a_state_that_we_do_not_know_changes_nothing(visits):
    told(visits, "template_state", "APPROVED")

    told(visits, "template_state", "FLAGGED")

    assert (template(visits).state, template(visits).is_running) == ("approved", True)


def test_a_service_text_that_becomes_marketing_raises_an_alarm(visits, caplog):
    told(visits, "template_state", "APPROVED")
    assert template(visits).category == "utility"

    with caplog.at_level(logging.WARNING):
        told(visits, "template_category", "MARKETING")

    assert (template(visits).category, template(visits).is_running) == ("marketing", True)
    assert "moved a template" in caplog.text
    alarms = [one for one in whatsapp_templates(NOW) if visits.salon.slug in one]
    assert len(alarms) == 1
    assert "the transactional workflow visit uses it" in alarms[0]


def test_a_category_of_no_meaning_here_is_not_taken(visits):
    told(visits, "template_category", "CAROUSEL_OF_THE_YEAR")

    assert template(visits).category == "utility"


def test_a_warning_stands_in_the_log_and_changes_nothing(visits, caplog):
    with caplog.at_level(logging.WARNING):
        assert told(visits, "warning", "FLAGGED") == "warning"

    assert "a provider warns of an account" in caplog.text
    assert template(visits).state == "pending"
