"""A worker whose Redis is away waits for it, and says so, instead of dying again and again."""

from __future__ import annotations

import logging
import signal

import pytest
import redis
from django.conf import settings
from rq import Queue
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from notifications import tasks, worker
from tests.factories import word
from tests.notifications.conftest import run_until

SAID = ["redis is away: no job is taken", "redis is back"]


class Late(redis.Redis):
    """A Redis that answers only when it was asked some times."""

    silent = 3
    is_away = False

    def execute_command(self, *words, **rest):
        """Answer, or be away."""
        if self.is_away:
            raise redis.ConnectionError("nobody listens")
        return super().execute_command(*words, **rest)

    def ping(self, **rest):
        """Answer, or be away."""
        if self.silent:
            self.silent -= 1
            raise redis.ConnectionError("nobody listens")
        return super().ping(**rest)


@pytest.fixture
def late(monkeypatch, caplog):
    monkeypatch.setattr(worker, "LOOK_S", 0.01)
    caplog.set_level(logging.WARNING, "notifications.worker")
    with Late.from_url(settings.REDIS_URL) as server:
        yield server


@pytest.fixture
def drains(late):
    # of its own: what other tests left in a queue may be the name of a job that is gone
    queue = Queue(word("low"), connection=late, serializer=JSONSerializer)
    drains = worker.DrainWorker([queue], connection=late, name=word("worker"))
    drains.register_birth()
    yield drains
    drains.register_death()


def test_it_begins_when_redis_answers(late, drains, caplog):
    assert late.silent == 0
    assert [record.getMessage() for record in caplog.get_records("setup")] == SAID


def test_it_takes_jobs_again_when_redis_is_back(drains, late, caplog):
    caplog.clear()
    late.silent = 3

    job, _queue = drains.dequeue_job_and_maintain_ttl(timeout=1)

    job.delete()
    assert [record.getMessage() for record in caplog.records] == SAID


@pytest.fixture
def stopping(drains):
    """A worker that hears SIGTERM as it does in the middle of a job."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    drains.set_state(WorkerStatus.BUSY)
    signal.signal(signal.SIGTERM, drains.request_stop)
    yield drains
    for number, handler in before.items():
        signal.signal(number, handler)
    tasks.stop_requested.clear()


def test_a_stop_breaks_nothing_that_runs_while_redis_is_away(stopping, late):
    late.is_away = True

    signal.raise_signal(signal.SIGTERM)  # what it raised would be raised here

    late.is_away = False
    assert tasks.stop_requested.is_set()
    assert stopping._stop_requested


def test_what_is_in_flight_when_redis_goes_is_written_before_it_is_back(
    drains, late, reminders, worker, provider, monkeypatch
):
    monkeypatch.setattr(tasks, "_residents", [worker])
    provider.delay_s = 0.3
    reminders.promo()
    reminders.trigger("promo", {"subscriberId": "anna", "phone": "+79161234567"})
    run_until(worker, lambda: worker.flying)
    late.silent = 1

    job, _queue = drains.dequeue_job_and_maintain_ttl(timeout=1)

    job.delete()
    assert [message.state for message in reminders.messages] == ["sent"]
