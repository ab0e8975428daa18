"""A case for people: when it opens, that it opens once, and that staff hear of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from notifications.cases import answer, close, find, take
from notifications.escalation import NewCase, client_wrote, open_case
from notifications.escalation_tasks import ensure_scenarios, tell
from notifications.models import Cause, Escalation, EscalationLine, Workflow
from tenants.errors import InvalidFields
from tenants.scope import tenant_scope
from tests.factories import AddressFactory, SubscriberFactory
from tests.threads import at_once

NOW = datetime.now(UTC)
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
    assert set(lines(salon)) == {("wrote", "Можно позже?"), ("wrote", "Алло")}


@pytest.mark.parametrize("cause", list(Cause))
def test_test_traffic_opens_no_live_case(salon, cause):
    with tenant_scope(salon.pk):
        open_case(NewCase(tenant_id=salon.pk, cause=cause, mode="test"))

    assert cases(salon, mode="live") == []
    assert len(cases(salon, mode="test")) == 1


def staff_member(salon, **fields):
    person = SubscriberFactory.create(tenant=salon, kind="staff", **fields)
    AddressFactory.create(subscriber=person, kind="email", value="maria@rose.example")
    return person


def test_staff_are_told_once_who_needs_them_and_why(reminders, provider, worker):
    salon = reminders.salon
    staff_member(salon, language="ru")
    client = SubscriberFactory.create(tenant=salon, first_name="Анна")
    with tenant_scope(salon.pk):
        client_wrote(salon.pk, client.pk, "Можно перенести?", channel="sms")

    tell()
    tell()
    worker.drain_dry()

    (message,) = reminders.messages
    assert message.body.startswith("Анна: клиент написал.\nМожно перенести?\nОтветьте до ")
    assert message.body.endswith(f"/admin/notifications/escalation/{cases(salon)[0].pk}/change/")


def test_an_answer_goes_where_the_client_wrote_last_and_once(reminders, worker):
    salon = reminders.salon
    client = SubscriberFactory.create(tenant=salon)
    AddressFactory.create(subscriber=client)
    AddressFactory.create(subscriber=client, kind="email", value="anna@mail.example")
    with tenant_scope(salon.pk):
        key = client_wrote(salon.pk, client.pk, "Где вы?", channel="email")
        answer(find(salon.pk, "live", key), "На Мира, 1", "Мария", NOW)

    tell()
    tell()
    worker.drain_dry()

    assert [(one.channel, one.body) for one in reminders.messages] == [("email", "На Мира, 1")]
    assert (cases(salon)[0].state, cases(salon)[0].taken_by) == ("answered", "Мария")


def test_a_client_who_writes_again_opens_her_answered_case_anew(salon):
    client = SubscriberFactory.create(tenant=salon)
    with tenant_scope(salon.pk):
        key = client_wrote(salon.pk, client.pk, "Где вы?")
        answer(find(salon.pk, "live", key), "На Мира, 1", "Мария", NOW)
        Escalation.objects.update(told_at=NOW)

        client_wrote(salon.pk, client.pk, "А парковка?")

    (case,) = cases(salon)
    assert (case.state, case.told_at, case.repeats) == ("open", None, 1)


def test_an_answer_that_the_salon_cannot_send_comes_back_to_staff(reminders, worker):
    salon = reminders.salon
    client = SubscriberFactory.create(tenant=salon)
    with tenant_scope(salon.pk):
        ensure_scenarios(salon.pk)
        Workflow.objects.filter(identifier="staff-answer").update(is_active=False)
        key = client_wrote(salon.pk, client.pk, "Где вы?")
        answer(find(salon.pk, "live", key), "На Мира, 1", "Мария", NOW)

    tell()

    assert cases(salon)[0].state == "open"


def test_people_take_turns(salon):
    with tenant_scope(salon.pk):
        key = open_case(NewCase(tenant_id=salon.pk, cause=Cause.MANUAL))
        case = find(salon.pk, "live", key)

        take(case, "Мария", NOW)
        take(case, "Мария", NOW)
        with pytest.raises(InvalidFields, match="taken by Мария"):
            take(case, "Ольга", NOW)
        with pytest.raises(InvalidFields, match="who the client is"):
            answer(case, "?", "Ольга", NOW)
        close(case, "Ольга", NOW)
        close(case, "Мария", NOW)
        with pytest.raises(InvalidFields, match="closed"):
            take(case, "Мария", NOW)

    (case,) = cases(salon)
    assert (case.state, case.taken_by, case.closed_by) == ("closed", "Мария", "Ольга")
    assert lines(salon) == [("opened", ""), ("taken", ""), ("closed", "")]


def test_what_happens_after_the_end_opens_another_case(salon):
    with tenant_scope(salon.pk):
        first = open_case(NewCase(tenant_id=salon.pk, cause=Cause.MANUAL))
        close(find(salon.pk, "live", first), "Ольга", NOW)

        second = open_case(NewCase(tenant_id=salon.pk, cause=Cause.MANUAL))

    assert first != second


def test_what_happens_four_times_at_once_to_a_stranger_is_one_case(salon):
    def happen(_: int) -> None:
        with tenant_scope(salon.pk):
            client_wrote(salon.pk, None, "Алло", subject=("stranger", "x"))

    at_once(4, happen)

    (case,) = cases(salon)
    assert case.repeats == 3
    assert len(lines(salon)) == 4
