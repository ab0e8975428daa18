"""Notifying from Django code: the same rules as over HTTP, inside the caller's transaction."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils.translation import gettext_lazy

from notifications.models import Event, MessageTemplate
from notifications.publish import publish_batch, publish_notification
from tenants.errors import InvalidFields, InvalidPayload, PlatformError
from tenants.scope import OutsideScope, tenant_scope
from tests.factories import AddressFactory, SubscriberFactory
from tests.notifications.conftest import VISIT

pytestmark = pytest.mark.usefixtures("seeded")

REMINDER = "appointment-reminder-24h"


@pytest.fixture
def anna(reminders):
    """A client with a telephone."""
    person = SubscriberFactory(tenant=reminders.salon, subscriber_id="anna")
    return AddressFactory(subscriber=person).subscriber


def test_a_notification_reaches_the_client(reminders, anna, worker, provider):
    with tenant_scope(reminders.salon.pk):
        accepted = publish_notification("anna", REMINDER, VISIT)

    worker.drain_dry()

    assert accepted.status == "processed"
    assert len(provider.bodies) == 1


def test_nothing_is_sent_when_the_callers_own_work_fails(reminders, anna, worker, provider):
    def work():
        with tenant_scope(reminders.salon.pk):
            publish_notification("anna", REMINDER, VISIT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    worker.drain_dry()

    assert (provider.bodies, reminders.notifications) == ([], [])


def test_outside_a_scope_it_refuses():
    with pytest.raises(OutsideScope):
        publish_notification("anna", REMINDER, VISIT)


def test_priority_delay_and_action_are_taken(reminders, anna):
    with tenant_scope(reminders.salon.pk):
        publish_notification(
            "anna",
            REMINDER,
            VISIT,
            priority="low",
            delay=timedelta(hours=1),
            action_url="https://salon.example/x",
            action_text="Открыть",
        )

    (event,) = reminders.all(Event)
    assert event.queue == 3
    assert event.due_at - datetime.now(UTC) > timedelta(minutes=59)
    assert event.payload["actionUrl"] == "https://salon.example/x"
    assert event.payload["actionText"] == "Открыть"


def test_a_template_stands_for_its_only_workflow(reminders, anna):
    with tenant_scope(reminders.salon.pk):
        template = MessageTemplate.objects.get(key=f"{REMINDER}-message")
        publish_notification("anna", template.key, VISIT)

    assert [event.workflow_id is not None for event in reminders.all(Event)] == [True]


def test_an_unknown_name_and_a_wrong_payload_change_nothing(reminders, anna):
    with tenant_scope(reminders.salon.pk):
        with pytest.raises(InvalidFields):
            publish_notification("anna", "no-such-thing", VISIT)
        with pytest.raises(InvalidPayload):
            publish_notification("anna", REMINDER, {"clientName": "Анна"})

    assert reminders.all(Event) == []


def test_the_same_transaction_id_is_one_notification(reminders, anna):
    with tenant_scope(reminders.salon.pk):
        for _ in range(2):
            publish_notification("anna", REMINDER, VISIT, transaction_id="visit-7")

    assert len(reminders.notifications) == 1


def test_a_batch_tells_everybody_once(reminders):
    people = [f"client-{number}" for number in range(150)]

    with tenant_scope(reminders.salon.pk):
        accepted = publish_batch([*people, people[0]], REMINDER, VISIT)

    assert len(accepted) == 2
    assert len(reminders.notifications) == 150


def test_a_batch_is_all_or_nothing(reminders):
    people = [f"client-{number}" for number in range(150)]

    with tenant_scope(reminders.salon.pk), pytest.raises(InvalidPayload):
        publish_batch(people, REMINDER, {})

    assert reminders.notifications == []


def test_a_batch_for_nobody_is_nothing(reminders):
    with tenant_scope(reminders.salon.pk):
        assert publish_batch([], REMINDER, VISIT) == []


def test_values_of_django_become_what_json_has(reminders, anna):
    values = {"sum": Decimal("4200.50"), "day": date(2026, 12, 1), "words": gettext_lazy("Add")}

    with tenant_scope(reminders.salon.pk):
        publish_notification("anna", REMINDER, {**VISIT, **values})

    (event,) = reminders.all(Event)
    assert (event.payload["sum"], event.payload["day"]) == ("4200.50", "2026-12-01")


@pytest.mark.parametrize(
    ("value", "field"),
    [(object(), "variables"), ("a\0b", "payload.extra"), ("\ud800", "payload.extra")],
)
def test_what_json_cannot_hold_is_refused_by_name(reminders, anna, value, field):
    with tenant_scope(reminders.salon.pk), pytest.raises(PlatformError) as refused:
        publish_notification("anna", REMINDER, {**VISIT, "extra": value})

    assert list(refused.value.errors) == [field]
    assert reminders.all(Event) == []


def test_a_batch_with_one_wrong_name_far_behind_accepts_nobody(reminders):
    people = [*(f"client-{number}" for number in range(120)), ""]

    with tenant_scope(reminders.salon.pk), pytest.raises(InvalidFields):
        publish_batch(people, REMINDER, VISIT)

    assert reminders.notifications == []
