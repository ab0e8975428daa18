"""A worker whose Redis is away waits for it, and says so, instead of dying again and again."""

from __future__ import annotations

import logging

import pytest
import redis
from django.conf import settings
from rq import Queue
from rq.serializers import JSONSerializer

from notifications import worker
from tests.factories import word

SAID = ["redis is away: no job is taken", "redis is back"]


class Late(redis.Redis):
    """A Redis that answers only when it was asked some times."""

    silent = 3

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
