"""Salons without an account of their own send through the platform's, and spare it together."""

from __future__ import annotations

import pytest

from channels.defaults import add_default, delete_default
from channels.integrations import add_integration
from channels.models import DefaultIntegration, Integration, SenderName
from tenants.scope import support_scope, tenant_scope
from tests.factories import TenantFactory, word
from tests.notifications.conftest import Reminders
from tests.providers.rows import ROWS
from tests.providers.world import World

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
ANNA = {"subscriberId": "anna", "phone": "+79161234567"}


@pytest.fixture
def default(provider):
    """Lend an SMS account to every salon for the length of a test."""
    row = add_default(
        "webhook", {"url": provider.url, "secret": SECRET}, identifier=word("sms"), kind="sms"
    )
    yield row
    delete_default(row.pk)


def without_sms(reminders):
    with tenant_scope(reminders.salon.pk):
        Integration.objects.filter(tenant=reminders.salon, kind="sms").delete()
    reminders.workflow("note", ("sms", {"channels": ["sms", "chat"]}))
    return reminders


def stored(row):
    with support_scope("a test"):
        return DefaultIntegration.objects.get(pk=row.pk)


def test_a_salon_without_an_account_sends_through_the_platforms(
    reminders, default, worker, provider
):
    without_sms(reminders).trigger("note", ANNA, {})

    worker.drain_dry()

    assert [body["kind"] for body in provider.bodies] == ["sms"]
    assert [message.integration_id for message in reminders.messages] == [default.pk]
    assert reminders.states == [("completed", "")]


def test_too_many_from_one_salon_lets_the_account_rest_for_all(
    reminders, default, worker, provider
):
    other = without_sms(Reminders(TenantFactory.create(), provider))
    provider.answer = lambda body: (429, {"Retry-After": "60"}, b"")
    without_sms(reminders).trigger("note", ANNA, {})
    worker.drain_dry()
    assert stored(default).frozen_until is not None

    other.trigger("note", ANNA, {})
    worker.drain_dry()

    assert len(provider.bodies) == 1
    (waiting,) = other.due
    assert waiting.due_at >= stored(default).frozen_until


def test_an_account_that_its_provider_refuses_pauses_and_the_next_channel_is_taken(
    reminders, default, worker, provider
):
    provider.answer = lambda body: (410 if body["kind"] == "sms" else 200, {}, b"{}")
    telegram = {"providerId": "telegram", "credentials": {"chatId": "42"}}
    without_sms(reminders).trigger("note", {**ANNA, "channels": [telegram]}, {})

    worker.drain_dry()

    assert [body["kind"] for body in provider.bodies] == ["sms", "chat"]
    assert stored(default).state == "paused"
    assert "provider_pause" in stored(default).state_reason


def test_an_sms_goes_under_the_name_that_is_registered_for_its_number(reminders, worker, settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    world = World()
    world.fakes["smsru"] = ROWS["smsru"].fake()
    without_sms(reminders)
    account = add_integration(
        reminders.salon.pk, "smsru", ROWS["smsru"].credentials(world.base("smsru")), identifier="s"
    )
    with tenant_scope(reminders.salon.pk):
        SenderName.objects.create(
            tenant=reminders.salon,
            integration=account,
            prefix="+7916",
            sender="ROSA-MTS",
            state="registered",
        )
    for number in ("+79161234567", "+79261234567"):
        reminders.trigger("note", {"subscriberId": number[1:], "phone": number}, {})

    worker.drain_dry()
    world.close()

    forms = [call.form() for call in world.fakes["smsru"].calls]
    assert {form["to"]: form["from"] for form in forms} == {
        "79161234567": "ROSA-MTS",
        "79261234567": "SALON",  # the account's own
    }
