"""The database restarts, Redis is gone: what was accepted is sent, what was sent is written."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import connection

from notifications import dispatch, engine
from notifications.commands import read_command
from notifications.engine import Drain
from notifications.trigger import accept
from tenants.scope import tenant_scope
from tests.isolation.planting import superuser
from tests.notifications.conftest import end_lease, look, run_until

ANNA = {"subscriberId": "anna", "phone": "+79161234567"}


@pytest.fixture
def codes(reminders, worker):
    reminders.workflow("code", "sms")
    reminders.promo()
    return reminders


def cut_after_arrival(provider, backend, count=1):
    """Cut the worker's connection once the provider has this many messages, as a restart would."""

    def cut():
        deadline = time.monotonic() + 10
        while len(provider.bodies) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        with superuser() as one:
            one.execute("select pg_terminate_backend(%s)", [backend])

    thread = threading.Thread(target=cut)
    thread.start()
    return thread


def completed(codes) -> int:
    """Count over a connection that nobody cuts."""
    done = "select count(*) from notifications_notification where tenant_id = %s and state = %s"
    return look(done, [codes.salon.pk, "completed"])[0][0]


def backend_pid() -> int:
    connection.ensure_connection()
    return connection.connection.info.backend_pid


@pytest.mark.parametrize("name", ["code", "promo"])
def test_a_restart_between_send_and_settle_loses_no_result_and_sends_nothing_twice(
    codes, worker, provider, name
):
    provider.delay_s = 0.3
    for number in range(20):
        codes.trigger(name, {"subscriberId": f"c{number}", "phone": f"+791600000{number:02}"})
    cutter = cut_after_arrival(provider, backend_pid())

    run_until(worker, lambda: not cutter.is_alive() and completed(codes) == 20)
    connection.close()  # the cut may have come after the worker's last query

    assert set(provider.ids.values()) == {1}
    assert len(provider.bodies) == 20
    assert codes.states == [("completed", "")] * 20
    assert {m.state for m in codes.messages} == {"sent"}
    assert codes.due == []


def test_a_database_that_is_away_is_told_of_once_and_when_it_is_back(worker, monkeypatch, caplog):
    caplog.set_level(logging.WARNING, "notifications.engine")

    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        away.setitem(connection.settings_dict, "PORT", "1")
        connection.close()
        for _ in range(3):
            worker.run(0.01)
    worker.run(0.01)

    said = [record.getMessage() for record in caplog.records]
    kept = "the database is away: what was sent is kept and written later"
    assert said == [kept, "the database is back"]


def test_a_worker_outlives_a_database_that_goes_while_a_connection_opens(codes, worker, provider):
    """Django leaves it without autocommit then, and takes it for one inside a transaction."""
    codes.trigger("code", ANNA)
    with superuser() as one:
        one.execute("select pg_terminate_backend(%s)", [backend_pid()])
    connection.autocommit = False

    run_until(worker, lambda: provider.bodies)
    worker.finish()

    assert codes.states == [("completed", "")]


def test_a_worker_outlives_cuts_at_any_moment(codes, worker, provider):
    for number in range(60):
        codes.trigger("code", {"subscriberId": f"c{number}", "phone": f"+791600000{number:02}"})
    over = threading.Event()

    def cut_often():
        while not over.wait(0.11):
            with superuser() as one:
                one.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = %s",
                    ["cut me"],
                )

    connection.close()
    before = connection.settings_dict["OPTIONS"].get("application_name")
    connection.settings_dict["OPTIONS"]["application_name"] = "cut me"
    cutter = threading.Thread(target=cut_often)
    cutter.start()
    try:
        worker.run(1.0)
    finally:
        over.set()
        cutter.join()
        connection.close()
        if before is None:
            del connection.settings_dict["OPTIONS"]["application_name"]
    end_lease()
    # not at once: an account whose answers were not fetched for long seems to stall
    run_until(worker, lambda: completed(codes) == 60)

    assert codes.states == [("completed", "")] * 60
    assert len(provider.ids) == 60


@pytest.fixture
def no_redis(settings):
    """Point everything at a Redis that is not there."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    dispatch.server.cache_clear()
    yield
    dispatch.server.cache_clear()


def test_without_redis_a_trigger_is_accepted_and_sent_by_looking(
    codes, no_redis, gateway, provider
):
    caller, now = codes.caller, datetime.now(UTC)
    body = {"name": "code", "to": ANNA, "transactionId": "no-redis"}
    with tenant_scope(codes.salon.pk):
        assert accept(caller, read_command(body, now), now).status == "processed"

    drain = Drain(("urgent", "high", "normal", "low"), gateway, "test")
    run_until(drain, lambda: completed(codes) == 1)

    assert len(provider.bodies) == 1
    assert codes.states == [("completed", "")]


def test_a_wake_up_without_redis_raises_nothing_and_is_quick(no_redis):
    started = time.monotonic()

    dispatch.wake([0, 1, 2, 3])
    dispatch.clear_flags(["urgent"])
    dispatch.sweep()

    assert time.monotonic() - started < 4


def test_a_wake_up_ends_the_wait_at_once(codes, worker, provider, monkeypatch):
    monkeypatch.setattr(engine, "LOOK_S", 30.0)
    worker.last_look = time.monotonic()
    timer = threading.Timer(0.15, lambda: (codes.trigger("code", ANNA), connection.close()))
    timer.start()
    started = time.monotonic()

    arrived = []
    provider.answer = lambda body: (arrived.append(time.monotonic()), (200, {}, b"{}"))[1]
    run_until(worker, lambda: arrived)
    timer.join()

    assert arrived
    assert arrived[0] - started < 15
