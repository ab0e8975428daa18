"""The entry points of the queues: a few lines each."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import django_rq
import redis
from django.conf import settings

from channels.gateway import Gateway
from notifications import dispatch
from notifications.engine import Counts, Drain

stop_requested = threading.Event()
_residents: list[Drain] = []


def drain(queues: list[str], seconds: float) -> dict[str, Any]:
    """Deliver what is due on these queues for so long; returns counts."""
    work = resident(tuple(queues))
    work.counts = Counts()
    counts = work.run(seconds)
    if stop_requested.is_set():
        finish()
    return asdict(counts)


def finish() -> None:
    """Write down what is still in flight: this process is about to end."""
    for work in _residents:
        work.finish()


@lru_cache(maxsize=4)
def resident(queues: tuple[str, ...]) -> Drain:
    """Keep one drain per process: messages in flight outlive the job that sent them."""
    worker = f"{socket.gethostname()}:{os.getpid()}"[:64]
    work = Drain(queues, gateway(), worker, should_stop=_is_wanted(queues))
    _residents.append(work)
    return work


@lru_cache(maxsize=1)
def gateway() -> Gateway:
    """Keep one gateway per process: its connections are what makes a send cheap."""
    return Gateway(slots=settings.SENDING_SLOTS)


def _is_wanted(queues: Sequence[str]) -> Callable[[], bool]:
    """Make the question "should I stop": on SIGTERM, or when another RQ job waits."""
    waiting = [_queue(name) for name in queues]

    def ask() -> bool:
        if stop_requested.is_set():
            return True
        try:
            return any(queue.count for queue in waiting)
        except redis.RedisError:
            return False

    return ask


@lru_cache(maxsize=8)
def _queue(name: str) -> Any:
    return django_rq.get_queue(name)  # opens a Redis client each time it is called


def sweep() -> dict[str, int]:
    """Free what dead workers hold and wake whoever has work (a tick)."""
    swept = dispatch.sweep()
    return {"freed": swept.freed, "promoted": swept.promoted}
