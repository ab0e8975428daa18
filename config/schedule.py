"""What runs by the clock, and who watches the clock?

Every moment that matters to a client is a due_at in PostgreSQL. The ticks below only look, and
each may be lost, late or doubled without harm.

1. Of all `manage.py schedule` processes one leads: it holds `kolokol:scheduler`, a lock with an
   owner that is also the heartbeat. The others wait; they take over when the lock ends.
2. Each lap the leader puts back ticks that are missing (a flushed Redis) and lets rq-scheduler
   queue those that are due.
3. A tick that still waits in its queue is not queued again: no pile while workers are away.
4. A Redis that is gone costs laps, nothing else.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

from redis import Redis, RedisError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq_scheduler import Scheduler

from channels.outages import Outage

log = logging.getLogger(__name__)

HEARTBEAT: Final = "kolokol:scheduler"
TTL_MS: Final = 10_000  # how long after a kill -9 somebody else takes over
LAP_S: Final = 1.0
FAILURE_TTL_S: Final = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Tick:
    """A periodic job. queue: never urgent or high, whose workers must not wait behind a tick."""

    name: str
    every: timedelta
    function: str
    queue: str = "normal"
    timeout_s: int = 60

    @property
    def job_id(self) -> str:
        """Give the one id under which the tick exists; RQ allows letters, digits, - and _."""
        return f"tick-{self.name}"


TICKS: Final = (
    Tick("sweep", timedelta(seconds=5), "notifications.tasks.sweep"),
    Tick("callbacks", timedelta(seconds=5), "notifications.callback_tasks.apply_callbacks"),
    Tick("webhooks", timedelta(seconds=5), "notifications.webhooks.tasks.deliver"),
    Tick("cases", timedelta(seconds=15), "notifications.escalation_tasks.tell", timeout_s=120),
    Tick("desks", timedelta(seconds=30), "notifications.desk_visits.tick", "low", 120),
    Tick("accounts", timedelta(minutes=1), "channels.resuming.tick"),
    Tick("callback-addresses", timedelta(minutes=1), "channels.registering.tick"),
    Tick("whatsapp-templates", timedelta(minutes=15), "channels.whatsapp.tick", "low", 600),
    Tick("mailboxes", timedelta(minutes=1), "notifications.returned_mail.tick", "low", 120),
    Tick("purge", timedelta(days=1), "notifications.retention.tick", "low", 3600),
    Tick("key-rotation", timedelta(days=1), "tenants.rotation.tick", "low"),
)


class JsonJob(Job):
    """A job that is JSON whoever reads it; rq-scheduler would open it as pickle."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["serializer"] = JSONSerializer
        super().__init__(*args, **kwargs)


class Ticker(Scheduler):  # type: ignore[misc]  # rq-scheduler has no types
    """rq-scheduler with a lock that knows its owner and queues that do not fill up."""

    job_class = JsonJob

    def __init__(self, connection: Redis, ticks: tuple[Tick, ...] = TICKS) -> None:
        name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        super().__init__(connection=connection, interval=1, name=name)
        self.ticks = ticks
        self._outage = Outage("redis", log)
        self._lead = connection.register_script(_LEAD)
        self._leave = connection.register_script(_LEAVE)

    def work(self) -> NoReturn:
        """Lap until SIGTERM or SIGINT ends the process, at once, with exit code 0."""
        signal.signal(signal.SIGTERM, _end)
        signal.signal(signal.SIGINT, _end)
        was_leading: bool | None = None
        try:
            while True:
                is_leading = self.lap()
                if is_leading != was_leading:
                    log.info("scheduler", extra={"leads": is_leading, "scheduler": self.name})
                was_leading = is_leading
                time.sleep(LAP_S)
        finally:
            self.remove_lock()

    def lap(self) -> bool:
        """Do what is due if this process leads; say whether it does. Raises nothing of Redis."""
        try:
            if not self.acquire_lock():
                return False
            self.put_back()
            self.enqueue_jobs()
        except RedisError as error:
            self._outage.lasts("ticks wait", error)
            return False
        self._outage.is_over()
        return True

    def acquire_lock(self) -> bool:
        """Take or prolong the lock."""
        return bool(self._lead(keys=[HEARTBEAT], args=[self.name, TTL_MS]))

    def remove_lock(self) -> None:
        """Let the next one lead at once; somebody else's lock stays."""
        try:
            self._leave(keys=[HEARTBEAT], args=[self.name])
        except RedisError:
            log.warning("redis is away: the lock ends by itself")

    def put_back(self) -> None:
        """Register ticks that are missing, forget those that the table no longer has."""
        known = {key.decode() for key in self.connection.zrange(self.scheduled_jobs_key, 0, -1)}
        wanted = {tick.job_id: tick for tick in self.ticks}
        for job_id in known - wanted.keys():
            if job_id.startswith("tick-"):
                self.cancel(job_id)
        for job_id, tick in wanted.items():
            if job_id not in known or not self.job_class.exists(job_id, self.connection):
                self._register(tick)

    def _register(self, tick: Tick) -> None:
        self.schedule(
            datetime.now(UTC),
            tick.function,
            interval=int(tick.every.total_seconds()),
            id=tick.job_id,
            queue_name=tick.queue,
            timeout=tick.timeout_s,
            result_ttl=-1,  # the job is its own next turn
            description=tick.name,
        )

    def enqueue_job(self, job: Any) -> None:
        """Queue a tick, unless its last turn still waits there: then only move its next turn."""
        queue = self.get_queue_for_job(job)
        if queue.get_job_position(job.id) is None:
            job.failure_ttl = FAILURE_TTL_S
            super().enqueue_job(job)
        else:
            turn = time.time() + job.meta["interval"]
            self.connection.zadd(self.scheduled_jobs_key, {job.id: turn})


def leader(connection: Redis) -> str:
    """Name the scheduler that leads now; empty when there is none."""
    name = connection.get(HEARTBEAT)
    return name.decode() if isinstance(name, bytes) else ""


def _end(signum: int, frame: Any) -> NoReturn:
    raise SystemExit(0)


_LEAD: Final = """
local owner = redis.call('get', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return 1
"""
_LEAVE: Final = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0
"""
