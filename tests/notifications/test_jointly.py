"""A key that was here a moment ago triggers without a look at it: whatever changed is seen anyway.

Each first call lets the key in and loads the workflow; what follows goes jointly.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import path

from notifications.api.events import TriggerView
from notifications.jointly import accept_jointly
from notifications.models import Event, Workflow
from tenants import known
from tenants.models import ApiKey, Subscriber
from tenants.scope import tenant_scope
from tests.isolation.planting import superuser
from tests.notifications.known_caller import Caller
from tests.notifications.statements import statements

urlpatterns = [path("v1/events/trigger", TriggerView.as_view())]


@pytest.fixture
def caller(reminders, worker, settings) -> Caller:
    settings.ROOT_URLCONF = __name__
    return Caller(reminders)


@pytest.fixture
def jointly(monkeypatch) -> list[str]:
    """Tell which transactions were accepted jointly."""
    taken: list[str] = []

    def take(who, command, now):
        answer = accept_jointly(who, command, now)
        taken.append(command.transaction_id)
        return answer

    monkeypatch.setattr("notifications.api.events.accept_jointly", take)
    return taken


def test_a_known_key_is_answered_jointly_with_the_same_words(caller, jointly):
    first, second = caller.trigger("first"), caller.trigger("second", payload={"clientName": "Я"})

    assert jointly == ["first", "second"]
    assert first.json()["data"] == {
        "acknowledged": True,
        "status": "processed",
        "transactionId": "first",
    }
    assert second.json()["data"]["transactionId"] == "second"
    assert caller.accepted == ["first", "second"]
    written = caller.reminders.all(Event)[1]
    assert (written.payload, written.recipients, written.queue) == (
        {"clientName": "Я"},
        ["anna"],
        2,
    )
    assert len(caller.reminders.due) == len(caller.reminders.notifications) == 2


def test_a_known_key_triggers_by_one_way_to_the_database(caller):
    with statements() as sent:
        assert caller.trigger("second").status_code == 201

    assert len(sent) == 1


def test_what_was_scheduled_waits_and_ends_as_the_call_says(caller, jointly):
    at, end = (datetime.now(UTC).replace(microsecond=0) + timedelta(days=n) for n in (1, 2))

    caller.trigger("later", scheduledAt=at.isoformat(), expiresAt=end.isoformat())

    assert jointly == ["later"]
    event = caller.reminders.all(Event)[1]
    assert (event.due_at, event.expires_at) == (at, end)
    assert [line.due_at for line in caller.reminders.due][1] == at


@pytest.mark.parametrize(
    ("values", "status", "message"),
    [
        ({"revoked_at": datetime.now(UTC)}, 401, "This API key was revoked."),
        ({"expires_at": datetime(2026, 1, 1, tzinfo=UTC)}, 401, "This API key has expired."),
        ({"scopes": ["topics:read"]}, 403, "This API key lacks the scope events:write."),
    ],
)
def test_a_key_that_changed_since_is_refused_at_once(caller, values, status, message):
    caller.change(ApiKey, **values)

    answer = caller.trigger("second")

    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert caller.accepted == ["first"]


def test_a_key_that_lost_its_salon_or_mode_writes_nothing_there(caller):
    caller.change(ApiKey, mode="test")
    caller.trigger("second")
    with superuser() as one:
        one.execute("delete from tenants_apikey where id = %s", [caller.key.pk])

    assert caller.trigger("third").status_code == 401
    assert [event.mode for event in caller.reminders.all(Event)] == ["live", "test"]


def test_a_salon_suspended_since_is_refused_at_once(caller):
    caller.reminders.set_salon(state="suspended", state_reason="not paid")

    answer = caller.trigger("second")

    assert (answer.status_code, answer.json()["message"]) == (
        403,
        "The salon is suspended: not paid.",
    )
    assert caller.accepted == ["first"]


def test_a_workflow_switched_off_since_accepts_nothing(caller):
    caller.change(Workflow, is_active=False)

    answer = caller.trigger("second")

    assert answer.json()["data"]["status"] == "trigger_not_active"
    assert caller.accepted == ["first"]


def test_what_is_answered_without_writing_is_answered_to_a_good_key_only(caller):
    caller.change(Workflow, is_active=False)
    caller.trigger("second")
    caller.change(ApiKey, revoked_at=datetime.now(UTC))

    assert caller.trigger("third").status_code == 401


def test_a_workflow_published_since_is_the_one_that_runs(caller, jointly):
    caller.reminders.change_workflow("hello", priority="urgent")

    assert caller.trigger("second").status_code == 201
    assert caller.trigger("third").status_code == 201

    assert [event.queue for event in caller.reminders.all(Event)] == [2, 0, 0]
    assert jointly == ["third"]


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "bella"},
        {"to": {"subscriberId": "anna", "firstName": "Bella"}},
        {"to": {"subscriberId": "anna", "phone": "+79160000000"}},
        {"to": ["anna", "bella"]},
        {"actor": "bella"},
    ],
)
def test_who_is_new_described_or_not_alone_goes_the_longer_way(caller, jointly, changes):
    assert caller.trigger("second", **changes).status_code == 201

    assert jointly == []
    anna, *others = caller.reminders.all(Subscriber)
    assert others or anna.first_name or caller.reminders.addresses  # what was new is known now


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "no-such"},
        {"to": []},
        {"payload": {"clientName": 7}},
        {"transactionId": "two words"},
        {"tenant": "another-salon"},
        {"headers": {"Content_Type": "text/plain"}},
    ],
)
def test_a_known_key_is_refused_in_the_same_words(caller, changes):
    def refusal():
        answer = caller.trigger(**changes)
        said = answer.json()
        assert answer.status_code >= 400
        said.pop("timestamp")
        return answer.status_code, said, {name.lower() for name in answer.headers}

    known.forget()
    first = refusal()
    caller.trigger("first")  # now it is known

    assert refusal() == first
    assert caller.accepted == ["first"]


def test_an_idempotency_key_gives_its_first_answer_again(caller):
    answers = [caller.trigger(headers={"Idempotency_Key": "k-1"}).json() for _ in range(2)]

    assert answers[0] == answers[1]
    assert len(caller.accepted) == 2


def test_after_a_minute_a_key_is_looked_at_again(caller, jointly, monkeypatch):
    monkeypatch.setattr(known, "KEPT_S", 0.0)
    caller.change(ApiKey, last_used_at=datetime(2026, 1, 1, tzinfo=UTC))
    known.forget()

    for number in range(2):
        assert caller.trigger(f"again-{number}").status_code == 201

    assert jointly == []
    with tenant_scope(caller.reminders.salon.pk):
        assert ApiKey.objects.get(pk=caller.key.pk).last_used_at > datetime(2026, 1, 1, tzinfo=UTC)
