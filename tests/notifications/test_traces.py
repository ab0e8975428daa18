"""What RQ keeps of a failed job says where it failed, and nothing about anybody."""

from __future__ import annotations

import django_rq
import pytest
from django.db import IntegrityError
from rq.job import Job

from notifications.dispatch import server
from notifications.traces import trace_of
from notifications.worker import DrainWorker
from tests.factories import word

ANNA = "Анна +79161234567"


def write() -> None:
    raise ValueError(f"Failing row contains ({ANNA}).")


def fail(key: str) -> None:
    """Fail as a job does whose statement quotes a client's row."""
    try:
        write()
    except ValueError as error:
        raise IntegrityError(f"DETAIL: {ANNA}") from error


@pytest.fixture
def failed() -> Job:
    queue = django_rq.get_queue("low")
    job = queue.enqueue(fail, word("id"), failure_ttl=60)
    worker = DrainWorker([queue], connection=server(), name=word("worker"))
    worker.perform_job(job, queue)
    return job


def test_a_failed_job_is_kept_without_the_words_of_its_error(failed):
    trace = failed.latest_result().exc_string

    assert failed.get_status(refresh=True) == "failed"
    assert "Анна" not in trace
    assert "9161234567" not in trace
    assert [trace.index(part) for part in ("in write", "ValueError", "in fail", "IntegrityError")]
    assert trace.index("ValueError") < trace.index("IntegrityError")


def test_errors_that_are_hidden_stay_hidden():
    try:
        try:
            write()
        except ValueError:
            raise KeyError(ANNA) from None
    except KeyError as error:
        trace = trace_of(error)

    assert trace.endswith("KeyError")
    assert "ValueError" not in trace
