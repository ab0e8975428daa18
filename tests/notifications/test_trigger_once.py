"""A trigger is accepted once: repeats, bulks, bad elements, and how little it asks the database."""

from __future__ import annotations

import json
import re
import tempfile
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.urls import path

from notifications.api.events import BulkView, TriggerView
from notifications.commands import read_command
from notifications.models import Event
from notifications.trigger import accept, accept_many
from tenants.errors import InvalidFields, InvalidPayload
from tenants.models import Subscriber
from tenants.scope import tenant_scope
from tenants.topics import add_members, ensure_topic
from tests.api_client import Api
from tests.factories import ApiKeyFactory
from tests.notifications.conftest import VISIT
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("seeded")

NAME = "appointment-reminder-24h"
ANNA = {"subscriberId": "anna", "phone": "+79161234567"}
urlpatterns = [
    path("v1/events/trigger", TriggerView.as_view()),
    path("v1/events/trigger/bulk", BulkView.as_view()),
]


@pytest.fixture
def api(reminders, settings):
    settings.ROOT_URLCONF = __name__
    return Api(ApiKeyFactory(tenant=reminders.salon).text)


@pytest.fixture(autouse=True)
def _clean(worker):
    """Forget the open work at the end."""


def event(number=1, **changes):
    return {
        "name": NAME,
        "to": ANNA,
        "payload": VISIT,
        "transactionId": f"visit-{number}",
        **changes,
    }


def bulk(reminders, *events):
    now, caller = datetime.now(UTC), reminders.caller
    with tenant_scope(reminders.salon.pk):
        return accept_many(caller, [read_command(one, now) for one in events], now)


def test_a_repeated_transaction_is_one_event_with_the_same_answer(reminders):
    first = reminders.trigger(transactionId="visit-1")
    second = reminders.trigger(transactionId="visit-1", payload={**VISIT, "clientName": "Вера"})

    assert first == second == "visit-1"
    assert len(reminders.all(Event)) == len(reminders.notifications) == len(reminders.due) == 1
    assert reminders.all(Event)[0].payload["clientName"] == "Анна"


def test_eight_callers_at_once_make_one_event(reminders):
    caller, now = reminders.caller, datetime.now(UTC)

    def trigger(_):
        with tenant_scope(reminders.salon.pk):
            return accept(caller, read_command(event(), now), now)

    answers = at_once(8, trigger)

    assert len(set(answers)) == 1
    assert answers[0].status == "processed"
    assert len(reminders.all(Event)) == len(reminders.notifications) == len(reminders.due) == 1


def test_a_transaction_id_is_each_modes_own(reminders):
    reminders.trigger(transactionId="visit-1")
    reminders.trigger(transactionId="visit-1", mode="test")

    assert {one.mode for one in reminders.all(Event)} == {"live", "test"}


def test_a_bulk_counts_a_repeated_transaction_once(reminders):
    answers = bulk(reminders, event(1), event(2), event(1))

    assert [a.transaction_id for a in answers] == ["visit-1", "visit-2", "visit-1"]
    assert [a.status for a in answers] == ["processed"] * 3
    assert len(reminders.all(Event)) == 2


def test_a_bulk_repeated_as_a_whole_adds_nothing(reminders):
    bulk(reminders, event(1), event(2))
    bulk(reminders, event(2), event(1), event(3))

    assert len(reminders.all(Event)) == 3


def test_a_bad_element_of_a_bulk_sinks_no_other(reminders):
    unknown_topic = event(3, to={"type": "Topic", "topicKey": "nobody"})

    answers = bulk(
        reminders, event(1), event(2, name="no-such"), unknown_topic, event(4, payload={})
    )

    assert [a.status for a in answers] == ["processed", "error", "error", "error"]
    assert "no-such" in answers[1].errors[0]
    assert "nobody" in answers[2].errors[0]
    assert len(reminders.all(Event)) == 1


def test_two_overlapping_bulks_in_opposite_order_do_not_deadlock(reminders):
    caller, now = reminders.caller, datetime.now(UTC)

    def send(index):
        numbers = range(30) if index % 2 else range(29, -1, -1)
        events = [event(n, to={"subscriberId": f"c{n}"}) for n in numbers]
        with tenant_scope(reminders.salon.pk):
            return accept_many(caller, [read_command(one, now) for one in events], now)

    at_once(8, send)

    assert len(reminders.all(Event)) == 30


def test_a_payload_against_the_schema_names_the_field_and_writes_nothing(reminders):
    with pytest.raises(InvalidPayload) as refused:
        reminders.trigger(payload={"clientName": "", "appointmentTime": "2026-12-01T15:30"})

    assert set(refused.value.errors) == {"payload.clientName", "payload.serviceName"}
    assert reminders.all(Event) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("transactionId", "с пробелом"),
        ("transactionId", "x" * 256),
        ("delay", -1),
        ("delay", "soon"),
        ("delay", 1e300),
        ("scheduledAt", "2026-12-01T10:00:00"),
        ("scheduledAt", "0001-01-01T00:00:00+14:00"),
        ("expiresAt", 7),
        ("to", []),
        ("to", None),
        ("payload", []),
        ("overrides", "high"),
        ("actor", {"type": "Topic", "topicKey": "x"}),
        ("location", "moon"),
    ],
)
def test_a_wrong_field_is_named(reminders, field, value):
    body, now, caller = event(**{field: value}), datetime.now(UTC), reminders.caller

    with pytest.raises(InvalidFields) as refused, tenant_scope(reminders.salon.pk):
        accept(caller, read_command(body, now), now)

    assert list(refused.value.errors) == [field]
    assert reminders.all(Event) == []


@pytest.mark.parametrize("where", ["payload", "to", "name", "transactionId", "overrides"])
def test_nul_is_refused_wherever_it_stands(api, reminders, where):
    poison = {
        "payload": {"payload": {**VISIT, "clientName": "a\0b"}},
        "to": {"to": {"subscriberId": "a\0b"}},
        "name": {"name": "a\0b"},
        "transactionId": {"transactionId": "a\0b"},
        "overrides": {"overrides": {"a\0": 1}},
    }[where]

    answer = api.post("/v1/events/trigger", event(**poison))

    assert answer.status_code in (400, 422)
    assert "NUL" in json.dumps(answer.json())
    assert reminders.all(Event) == []


def test_the_api_answers_201_with_the_transaction(api):
    answer = api.post("/v1/events/trigger", event())

    assert answer.status_code == 201
    assert answer.json()["data"] == {
        "acknowledged": True,
        "status": "processed",
        "transactionId": "visit-1",
    }


SENT = re.compile(r"^\S+ \S+\tF\t\d+\t(Execute|Query)\t", re.MULTILINE)


def statements(work) -> list[str]:
    """Count what libpq really sends: its own trace, whoever calls it."""
    with tempfile.TemporaryFile() as trace:
        connection.ensure_connection()
        pgconn = connection.connection.pgconn
        pgconn.trace(trace.fileno())
        try:
            work()
        finally:
            pgconn.untrace()
        trace.seek(0)
        return SENT.findall(trace.read().decode())


@pytest.mark.parametrize("to", [ANNA, [ANNA, {"subscriberId": "vera"}], "topic"])
def test_a_trigger_of_known_people_takes_at_most_three_statements(reminders, to):
    with tenant_scope(reminders.salon.pk):
        topic, _ = ensure_topic(reminders.salon.pk, "live", "all")
    bulk(reminders, event(1, to=[ANNA, "vera"]))
    with tenant_scope(reminders.salon.pk):
        add_members(topic, ["anna"])
    wanted = [ANNA, {"type": "Topic", "topicKey": "all"}] if to == "topic" else to
    caller, now = reminders.caller, datetime.now(UTC)

    with tenant_scope(reminders.salon.pk):
        command = read_command(event(2, to=wanted), now)
        sent = statements(lambda: accept(caller, command, now))

    assert 2 <= len(sent) <= 3


def test_a_trigger_of_people_who_are_only_named_takes_one_statement(reminders):
    bulk(reminders, event(1, to=[ANNA, "vera"]))
    caller, now = reminders.caller, datetime.now(UTC)

    with tenant_scope(reminders.salon.pk):
        command = read_command(event(2, to=["anna", "vera", "anna"]), now)
        sent = statements(lambda: accept(caller, command, now))

    assert len(sent) == 1
    assert len(reminders.states) == 4


def test_people_who_are_named_for_the_first_time_are_made(reminders):
    answers = bulk(
        reminders, event(1, to=["new-1", "new-2"]), event(2, to="new-2"), event(3, to="new-3")
    )

    assert {answer.status for answer in answers} == {"processed"}
    assert {person.subscriber_id for person in reminders.all(Subscriber)} >= {"new-1", "new-3"}
    assert len(reminders.states) == 4


def test_a_bulk_of_a_hundred_takes_no_more_statements_than_one(reminders):
    events = [event(n, to={"subscriberId": f"c{n}"}) for n in range(100)]
    bulk(reminders, *events)
    caller, now = reminders.caller, datetime.now(UTC)
    commands = [
        read_command({**one, "transactionId": f"again-{n}"}, now) for n, one in enumerate(events)
    ]

    with tenant_scope(reminders.salon.pk):
        sent = statements(lambda: accept_many(caller, commands, now))

    assert len(sent) <= 3
    assert len(reminders.all(Event)) == 200
