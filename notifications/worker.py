"""The RQ worker that drains: resident, one process, no fork per job.

`manage.py rqworker urgent high` runs it, `rq info` and the dashboard show it. Whenever its queues
are empty it gives itself a drain job, so a lost job costs nothing and nobody has to restore it.
"""

from __future__ import annotations

import gc
import logging
import sys
import time
from typing import Any

import redis
from django.conf import settings
from rq import SimpleWorker, worker_registration
from rq.serializers import JSONSerializer
from rq.timeouts import UnixSignalDeathPenalty

from channels.outages import Outage
from notifications import tasks
from notifications.traces import trace_of
from notifications.webhooks import tasks as webhooks

log = logging.getLogger(__name__)

RESULT_TTL_S = 900  # finished drains stay for whoever asks what a worker does; 6 KB of Redis each
FAILURE_TTL_S = 7 * 86_400
LOOK_S = 2.0  # for a Redis that is away
GRACE_S = 300  # a drain ends by itself; only a hung one meets the job's own bound


class Overdue(BaseException):
    """A job ran past its bound; no `except Exception` may swallow it."""


class DeathPenalty(UnixSignalDeathPenalty):
    """Ends a job by an exception that channel code cannot catch by accident."""

    def handle_death_penalty(self, signum: int, frame: Any) -> None:
        """Stop the job."""
        raise Overdue(f"the job ran longer than {self._timeout} s")


class DrainWorker(SimpleWorker):
    """A worker that keeps itself busy with drain jobs of its own queues."""

    death_penalty_class = DeathPenalty
    max_connection_wait_time = 2.0  # RQ's own minute would leave a Redis that is back alone

    def __init__(self, queues: Any, *, connection: redis.Redis, **kwargs: Any) -> None:
        self._outage = Outage("redis", log)
        self._await(connection)
        kwargs["serializer"] = JSONSerializer  # rqworker does not look at the queue's own
        super().__init__(queues, connection=connection, **kwargs)
        gc.freeze()  # what is loaded now stays; a batch makes thousands of short-lived values
        gc.set_threshold(50_000, 20, 50)

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> Any:
        """Give a waiting job (a tick, a request), else a drain job of our own."""
        self._await(self.connection)
        self._register_again()
        if not any(queue.count for queue in self.queues):
            self.queues[0].enqueue(
                "notifications.tasks.drain",
                [queue.name for queue in self.queues],
                settings.DRAIN_S,
                job_timeout=settings.DRAIN_S + GRACE_S,
                result_ttl=RESULT_TTL_S,
                failure_ttl=FAILURE_TTL_S,
            )
        return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)

    def _await(self, connection: redis.Redis) -> None:
        """Return when Redis answers: RQ's own worker would end, and end again when it is new."""
        while True:
            try:
                connection.ping()
                break
            except redis.RedisError as error:
                self._outage.lasts("no job is taken", error)
                tasks.finish()  # else its leases might end first
                time.sleep(LOOK_S)
        self._outage.is_over()

    def _register_again(self) -> None:
        """Come back on the list of workers after a flush: heartbeats alone do not do that."""
        if not self.connection.sismember(self.redis_workers_keys, self.key):
            self.connection.hset(self.key, mapping=self.serialize())
            worker_registration.register(self)

    def work(self, *args: Any, **kwargs: Any) -> bool:
        """Serve until the end; nothing that was sent stays unwritten."""
        try:
            return bool(super().work(*args, **kwargs))
        finally:
            tasks.finish()
            webhooks.finish()

    def handle_job_failure(
        self, job: Any, queue: Any, started_job_registry: Any = None, exc_string: str = ""
    ) -> None:
        """Keep in Redis, for a week, where a job failed; never its error's words."""
        error = sys.exc_info()[1]
        trace = trace_of(error) if error else exc_string
        super().handle_job_failure(job, queue, started_job_registry, trace)

    def handle_warm_shutdown_request(self) -> None:
        """Let the running drain finish what is in flight, then stop."""
        tasks.stop_requested.set()
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]  # RQ's own

    def set_shutdown_requested_date(self) -> None:
        """Leave that note of RQ's out: it is written inside the signal.

        A Redis that is away would break whatever the signal meets; the row that was being prepared
        was taken for poison, and its message was lost.
        """
