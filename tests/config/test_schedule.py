"""The clock: ticks are queued once, by one process, whatever happens to Redis."""

from __future__ import annotations

import contextlib
import importlib
import logging
import signal
import socket
import subprocess
import time
from datetime import timedelta

import pytest
import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue, SimpleWorker, Worker
from rq.exceptions import NoSuchJobError
from rq.serializers import JSONSerializer

from config import embedded
from config.schedule import HEARTBEAT, LAP_S, TICKS, TTL_MS, JsonJob, Tick, Ticker, leader
from tests.commands import start

SOON = Tick("soon", timedelta(seconds=1), "tenants.rotation.tick")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A Redis of its own, which tests may flush and kill."""
    data = tmp_path_factory.mktemp("clock")
    embedded.hold(data, ephemeral=True, postgres=False)
    yield data
    embedded.release(data)
    embedded.discard(data)


@pytest.fixture
def url(place):
    url = embedded.start(place, ephemeral=True, postgres=False).redis_url
    with connect(url) as server:
        server.flushall()
    return url


@pytest.fixture
def server(url):
    with connect(url) as server:
        yield server


def connect(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=5)


def ticker(server, *ticks) -> Ticker:
    return Ticker(server, ticks or (SOON,))


def queued(server) -> list[str]:
    return Queue("normal", connection=server, serializer=JSONSerializer).job_ids


def lap_when_due(clock: Ticker) -> None:
    """Lap as if the tick's next turn, which lies ahead, had come."""
    turns, now = clock.scheduled_jobs_key, time.time()
    assert clock.connection.zscore(turns, "tick-soon") > now - 1  # it keeps whole seconds
    clock.connection.zadd(turns, {"tick-soon": now - 1}, xx=True)
    assert clock.lap()


def test_every_tick_of_the_table_names_a_function_and_a_queue():
    for tick in TICKS:
        module, _, name = tick.function.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name)), tick
        assert tick.queue in settings.QUEUES


def test_no_tick_makes_urgent_work_wait():
    assert not {tick.queue for tick in TICKS} & {"urgent", "high"}


def test_a_tick_is_queued_as_json_and_runs(server):
    assert ticker(server).lap()

    worker = SimpleWorker(
        [Queue("normal", connection=server, serializer=JSONSerializer)],
        connection=server,
        serializer=JSONSerializer,
    )
    assert queued(server) == ["tick-soon"]
    worker.work(burst=True)
    job = JsonJob.fetch("tick-soon", connection=server)
    assert job.get_status() == "finished"
    assert list(job.return_value() or {}) == ["due"]


def test_ticks_do_not_pile_up_while_workers_are_away(server):
    clock = ticker(server)
    clock.lap()

    for _ in range(3):
        lap_when_due(clock)

    assert queued(server) == ["tick-soon"]


def test_a_tick_comes_back_after_it_was_taken(server):
    clock = ticker(server)
    clock.lap()
    server.lpop("rq:queue:normal")  # a worker took it and died

    lap_when_due(clock)

    assert queued(server) == ["tick-soon"]


def test_a_flushed_redis_gets_its_ticks_back(server):
    clock = ticker(server)
    clock.lap()
    server.flushall()

    assert clock.lap()
    assert queued(server) == ["tick-soon"]


def test_a_tick_that_left_the_table_is_forgotten_and_others_jobs_are_left_alone(server):
    yesterday = ticker(server, SOON, Tick("old", timedelta(days=1), "tenants.rotation.tick"))
    yesterday.lap()
    yesterday.remove_lock()
    server.zadd("rq:scheduler:scheduled_jobs", {"somebody-elses": 1e12})

    assert ticker(server).lap()

    names = server.zrange("rq:scheduler:scheduled_jobs", 0, -1)
    assert b"tick-old" not in names
    assert b"somebody-elses" in names


def test_one_leads_and_only_its_owner_ends_the_lock(server):
    first, second = ticker(server), ticker(server)

    assert first.lap()
    assert not second.lap()
    second.remove_lock()
    assert leader(server) == first.name
    first.remove_lock()
    assert second.lap()
    assert 0 < server.pttl(HEARTBEAT) <= 10_000


def test_a_redis_that_is_away_costs_laps_and_one_sentence(caplog):
    caplog.set_level(logging.WARNING, "config.schedule")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        clock = ticker(connect(f"redis://127.0.0.1:{taken.getsockname()[1]}/0"))

        assert [clock.lap() for _ in range(3)] == [False] * 3
    assert [record.getMessage() for record in caplog.records] == ["redis is away: ticks wait"]


def wait_for(what, within_s: float = 60.0):
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if found := what():
                return found
        except (redis.RedisError, NoSuchJobError):
            pass
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def finish(*processes: subprocess.Popen[str] | None) -> None:
    for process in filter(None, processes):
        process.kill()
        process.communicate()


def test_the_command_survives_a_killed_redis_hands_over_and_ends_at_once(place, url):
    first, second = start("schedule", REDIS_URL=url), None
    server = connect(url)
    try:
        name = wait_for(lambda: leader(server))
        assert f":{first.pid}:" in name
        wait_for(lambda: "tick-sweep" in queued(server))
        second = start("schedule", REDIS_URL=url)
        with contextlib.suppress(redis.RedisError):
            server.execute_command("SHUTDOWN", "NOSAVE", "NOW", "FORCE")
        time.sleep(1.5)
        assert first.poll() is None
        embedded.restart_if_dead(place, postgres=False)
        wait_for(lambda: leader(server) and "tick-sweep" in queued(server))
        lead = first if f":{first.pid}:" in leader(server) else second
        other = second if lead is first else first

        began = time.monotonic()
        lead.send_signal(signal.SIGTERM)
        assert lead.wait(30) == 0
        assert time.monotonic() - began < 20.0
        wait_for(lambda: f":{other.pid}:" in leader(server))
        other.kill()
        left_ms = server.pttl(HEARTBEAT)
        time.sleep(LAP_S + 0.2)
        assert 0 < server.pttl(HEARTBEAT) < left_ms <= TTL_MS  # nobody prolongs it: it ends
    finally:
        finish(first, second)
        server.close()


def state(server, tick: str) -> str:
    return JsonJob.fetch(f"tick-{tick}", connection=server).get_status().value


def test_workers_run_the_ticks_and_are_back_on_the_list_after_a_flush(server, url):
    clock = Ticker(server)
    worker = start("rqworker", "normal", "low", "--skip-checks", REDIS_URL=url, DRAIN_S="1")
    try:
        assert clock.lap()
        for tick in TICKS:
            assert wait_for(lambda tick=tick: state(server, tick.name) == "finished"), tick
        server.flushall()
        assert clock.lap()
        wait_for(lambda: state(server, "sweep") == "finished")
        listed = wait_for(lambda: Worker.all(connection=server, serializer=JSONSerializer))
        assert listed[0].queue_names() == ["normal", "low"]
    finally:
        finish(worker)
