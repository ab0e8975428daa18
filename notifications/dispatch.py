"""Wake workers, and find what nobody woke them for.

PostgreSQL holds what is due; a wake-up only hurries. Losing one costs at most the second until
somebody looks by himself; doubling one costs an empty look.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from queue import SimpleQueue

import redis
from django.conf import settings
from django.db import transaction

from channels.outages import Outage
from notifications.models import QUEUES
from notifications.sql import claiming as sql
from tenants import rows
from tenants.scope import platform_scope

log = logging.getLogger(__name__)
outage = Outage("redis", log)  # for all who ask server() for something

Errand = Callable[[], None]

FLAG_TTL_MS = 2_000  # a flag whose wake-up died with its worker must not silence the next
PAUSE_S = 0.005  # a call costs a fifth of a trigger; this much later no worker is late


@lru_cache(maxsize=1)
def server() -> redis.Redis:
    """Give this process's Redis client."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def wake(queues: Iterable[int]) -> None:
    """Tell the workers of these queues that something may be due; never raises."""
    try:
        for queue in set(queues):
            name = QUEUES[queue]
            if server().set(f"kolokol:woken:{name}", 1, nx=True, px=FLAG_TTL_MS):
                server().lpush(f"kolokol:wake:{name}", 1)
            outage.is_over()
    except redis.RedisError as error:
        outage.lasts("work starts at the next look", error)


def wake_on_commit(queues: Iterable[int]) -> None:
    """Wake once the rows are committed; no request waits for Redis."""
    wanted = set(queues)
    transaction.on_commit(lambda: wake_soon(wanted))


def wake_soon(queues: Iterable[int]) -> None:
    """Wake without waiting for Redis; the rows are committed."""
    _caller.ask({_waking(queue) for queue in queues})


@lru_cache(maxsize=8)
def _waking(queue: int) -> Errand:
    return partial(wake, (queue,))


class Caller:
    """A thread that runs errands to Redis: those who ask within a pause share one."""

    def __init__(self, pause_s: float) -> None:
        self.pause_s = pause_s
        self.asked: SimpleQueue[Errand] = SimpleQueue()
        self.thread = threading.Thread()  # never started: not alive

    def ask(self, errands: Iterable[Errand]) -> None:
        """Have errands run soon; they must not raise."""
        for errand in errands:
            self.asked.put(errand)
        if not self.thread.is_alive():  # the first call of this process, also after a fork
            self.thread = threading.Thread(target=self._serve, name="waker", daemon=True)
            self.thread.start()

    def _serve(self) -> None:
        while True:
            wanted = {self.asked.get()}
            while not self.asked.empty():
                wanted.add(self.asked.get())
            for errand in wanted:
                errand()
            time.sleep(self.pause_s)


_caller = Caller(PAUSE_S)


def clear_flags(queues: Sequence[str]) -> None:
    """Let the next wake-up through; call before looking, never after."""
    with contextlib.suppress(redis.RedisError):
        server().delete(*(f"kolokol:woken:{name}" for name in queues))


def wait(queues: Sequence[str], timeout_s: float) -> bool:
    """Wait for a wake-up of one of these queues; False when the time is over or Redis is away."""
    if timeout_s <= 0:
        return False
    keys = [f"kolokol:wake:{name}" for name in queues]
    return server().brpop(keys, timeout=timeout_s) is not None


@dataclass(frozen=True, slots=True)
class Swept:
    """What the sweep found. queues: numbers that have work. next_due: the next later line."""

    freed: int
    promoted: int
    queues: tuple[int, ...]
    next_due: datetime | None


def sweep() -> Swept:
    """Free expired leases, make later lines ready whose time has come, wake whoever has work."""
    with platform_scope("the sweep reads ids of all tenants"):
        freed, promoted, queues, next_due = rows.fetch(sql.SWEEP)[0]
    if freed:
        log.warning("freed lines of expired leases", extra={"lines": freed})
    wake(queues)
    return Swept(freed, promoted, tuple(queues), next_due)
