"""Do workers and the scheduler live? Asked in Redis, where they leave their heartbeats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import redis
from django.conf import settings
from rq import Worker
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker

from config.schedule import leader

# A worker beats when it takes a job; a drain of 30 s may need as long again to land its sends.
SILENT: Final = timedelta(seconds=120)


def connect() -> redis.Redis:
    """Give a client that does not wait long."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2)


def workers(now: datetime) -> list[str]:
    """Name every queue that nobody serves."""
    with connect() as server:
        found = Worker.all(connection=server, serializer=JSONSerializer)
    served = {name for one in found if _is_alive(one, now) for name in one.queue_names()}
    return [
        f"No worker serves the queue {name}: start 'manage.py rqworker {name}'."
        for name in settings.QUEUES
        if name not in served
    ]


def scheduler(now: datetime) -> list[str]:
    """Say when nobody watches the clock."""
    with connect() as server:
        if leader(server):
            return []
    return ["No scheduler runs: start 'manage.py schedule' (exactly one leads, more may wait)."]


def _is_alive(worker: BaseWorker, now: datetime) -> bool:
    beat = worker.last_heartbeat
    if beat is None:
        return False
    beat = beat if beat.tzinfo else beat.replace(tzinfo=UTC)
    return now - beat < SILENT
