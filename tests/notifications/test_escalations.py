"""A case for people: when it opens, that it opens once, and that staff hear of it."""

from __future__ import annotations

import pytest

from notifications.escalation import NewCase, client_wrote, open_case
from notifications.models import Cause, Escalation, EscalationLine
from tenants.scope import tenant_scope
from tests.factories import SubscriberFactory

NO_ADDRESS = {"subscriberId": "anna", "locale": "ru"}


def cases(salon, **which):
    with tenant_scope(salon.pk):
        return list(Escalation.objects.filter(**which).order_by("pk"))


def lines(salon):
    with tenant_scope(salon.pk):
        rows = EscalationLine.objects.order_by("pk")
        return [(line.kind, line.text) for line in rows]


def test_a_critical_message_that_cannot_be_delivered_opens_a_case(reminders, worker):
    transaction_id = reminders.trigger("appointment-reminder-1h", NO_ADDRESS)

    worker.drain_dry()

    (case,) = cases(reminders.salon)
    assert (case.cause, case.state, case.mode) == ("undeliverable", "open", "live")
    assert (case.subject_type, case.subject_id) == ("transaction", transaction_id)
    assert case.notification_id == reminders.notifications[0].pk
    assert ("escalated", "undeliverable") in reminders.log
    assert lines(reminders.salon) == [("opened", "no_address")]


def test_an_ordinary_message_that_fails_opens_none(reminders, worker):
    reminders.trigger("appointment-reminder-24h", NO_ADDRESS)

    worker.drain_dry()

    assert cases(reminders.salon) == []


def test_what_happens_again_adds_to_the_open_case(salon):
    client = SubscriberFactory.create(tenant=salon)
    with tenant_scope(salon.pk):
        first = client_wrote(salon.pk, client.pk, "Можно позже?", channel="vk")
        second = client_wrote(salon.pk, client.pk, "Алло", channel="telegram")

    (case,) = cases(salon)
    assert first == second == case.pk
    assert (case.repeats, case.channel) == (1, "telegram")
    assert lines(salon) == [("wrote", "Можно позже?"), ("wrote", "Алло")]


@pytest.mark.parametrize("cause", list(Cause))
def test_test_traffic_opens_no_live_case(salon, cause):
    with tenant_scope(salon.pk):
        open_case(NewCase(tenant_id=salon.pk, cause=cause, mode="test"))

    assert cases(salon, mode="live") == []
    assert len(cases(salon, mode="test")) == 1
