"""Who triggers at the same moment shares a transaction, and nobody pays for another."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import DataError, OperationalError, connection
from django.urls import path

from notifications import jointly as jointly_module
from notifications.api.events import TriggerView
from notifications.commands import read_command
from notifications.jointly import accept_jointly, desk
from notifications.models import EventKey
from tenants import known
from tenants.ids import uuid7
from tenants.models import ApiKey
from tenants.scope import tenant_scope
from tests.factories import TenantFactory
from tests.isolation.planting import superuser
from tests.notifications.conftest import Reminders
from tests.notifications.known_caller import Caller
from tests.threads import at_once

FAILING_COMMIT = """
create function fail_commit() returns trigger language plpgsql as $$
begin
  raise exception 'the disk is full' using errcode = '53100';
end $$;
create constraint trigger failing after insert on notifications_eventkey
  deferrable initially deferred for each row execute function fail_commit();
"""
urlpatterns = [path("v1/events/trigger", TriggerView.as_view())]


@pytest.fixture
def caller(reminders, worker, settings) -> Caller:
    settings.ROOT_URLCONF = __name__
    return Caller(reminders)


def test_salons_that_call_at_once_each_write_their_own(caller, provider):
    other = Caller(Reminders(TenantFactory(), provider))
    callers = [caller, other] * 4

    at_once(8, lambda index: [callers[index].trigger(f"{index}-{n}") for n in range(5)])

    for place, one in enumerate((caller, other)):
        numbers = range(place, 8, 2)
        wanted = {"first", *(f"{index}-{n}" for index in numbers for n in range(5))}
        assert set(one.accepted) == wanted
        assert len(one.reminders.due) == len(wanted)


def test_one_transaction_id_called_by_many_at_once_is_one_event(caller):
    answers = at_once(8, lambda _: caller.trigger("second").json())

    assert answers == [answers[0]] * 8
    assert caller.accepted == ["first", "second"]


def test_a_transaction_that_another_holds_is_waited_for_by_its_caller_only(caller):
    def call(transaction):
        try:
            return caller.trigger(transaction).status_code
        finally:
            connection.close()  # this thread's own

    with ThreadPoolExecutor(2) as pool:
        with tenant_scope(caller.reminders.salon.pk):
            EventKey.objects.create(
                tenant=caller.reminders.salon, mode="live", transaction_id="held", event_id=uuid7()
            )
            held = pool.submit(call, "held")
            wait_for(lambda: desk.is_serving)
            assert pool.submit(call, "free").result(timeout=10) == 201
            assert not held.done()
        assert held.result(timeout=10) == 201

    assert caller.accepted == ["first", "free"]


def test_what_the_database_refuses_costs_nobody_else_his_event(caller):
    """One brings what no column takes; eight come at once."""
    names = ["x" * 256 if index == 3 else f"event-{index}" for index in range(8)]

    who, now = known.find(caller.key.text, time.monotonic()), datetime.now(UTC)

    plain = read_command({"name": "hello", "to": "anna"}, now)

    def call(index):
        try:
            return accept_jointly(who, replace(plain, transaction_id=names[index]), now).status
        except DataError:
            return "refused"

    answers = at_once(8, call)

    assert answers == ["refused" if index == 3 else "processed" for index in range(8)]
    assert sorted(caller.accepted) == sorted(["first", *(n for n in names if len(n) < 256)])


def test_a_commit_that_the_database_refuses_is_told(caller):
    with superuser() as one:
        one.execute(FAILING_COMMIT)
        try:
            answer = caller.trigger("second")
        finally:
            one.execute("drop function fail_commit() cascade")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert caller.trigger("third").status_code == 201
    assert caller.accepted == ["first", "third"]


def test_what_the_database_logs_of_a_failure_holds_no_word_of_a_client(caller):
    """PostgreSQL logs the text of what failed; a session's last text shows what it would be."""
    pid = connection.connection.info.backend_pid

    caller.trigger("second", payload={"clientName": "Ярослава"})

    with superuser() as one:
        (text,) = one.execute("select query from pg_stat_activity where pid = %s", [pid]).fetchone()
    assert "insert into notifications_event" in text
    assert "Ярослава" not in text


def test_a_connection_lost_after_the_commit_does_not_double_the_event(caller, monkeypatch):
    """The second try finds what the first has written, although the key is revoked by now."""
    really, answers = jointly_module.fetch_at_once, []

    def lose_first(*args, **named):
        answers.append(really(*args, **named))
        if len(answers) == 1:
            caller.change(ApiKey, revoked_at=datetime.now(UTC))
            lose_connection()
            raise OperationalError("the server closed the connection")
        return answers[-1]

    monkeypatch.setattr(jointly_module, "fetch_at_once", lose_first)

    assert caller.trigger().status_code == 201
    assert len(answers) == len(caller.accepted) == 2


def test_a_lost_connection_is_replaced_without_a_word(caller):
    lose_connection()

    assert caller.trigger("second").status_code == 201
    assert caller.accepted == ["first", "second"]


def lose_connection() -> None:
    with superuser() as one:
        one.execute("select pg_terminate_backend(%s)", [connection.connection.info.backend_pid])


def wait_for(question) -> None:
    deadline = time.monotonic() + 30
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.005)
