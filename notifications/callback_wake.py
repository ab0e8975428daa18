"""Who applies what was kept? Jobs: one for what people do, one for what providers report.

A client who has pressed a button waits for her answer; reports wait for nobody, and a worker that
has clients' messages to send must not be held by a flood of them. So people's deeds go to the
worker for what is urgent, reports to the one for the bulk, some together.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import django_rq
import redis

from notifications import dispatch

JOB_TIMEOUT_S = 60


@dataclass(frozen=True)
class Work:
    """What one job applies. kinds: of events. pause_s: for which asking processes gather."""

    name: str
    kinds: tuple[str, ...]
    queue: str
    pause_s: float

    @property
    def flag(self) -> str:
        """Name the key in Redis that says that the job is asked for."""
        return f"kolokol:woken:callbacks:{self.name}"

    def ask(self) -> None:
        """Ask for one job; losing or doubling it is harmless."""
        try:
            if dispatch.server().set(self.flag, 1, nx=True, px=dispatch.FLAG_TTL_MS):
                django_rq.get_queue(self.queue).enqueue(
                    "notifications.callback_tasks.apply_callbacks",
                    list(self.kinds),
                    job_timeout=JOB_TIMEOUT_S,
                    result_ttl=JOB_TIMEOUT_S,
                )
        except redis.RedisError as error:
            dispatch.outage.lasts("callbacks wait for the next tick", error)


DEEDS = Work("deeds", ("inbound",), "high", 0.005)
REPORTS = Work("reports", ("status", "account"), "normal", 0.5)
WORKS = (DEEDS, REPORTS)
KINDS = tuple(kind for work in WORKS for kind in work.kinds)

_callers = {work: dispatch.Caller(work.pause_s) for work in WORKS}


def ask_for_jobs(kinds: Iterable[str]) -> None:
    """Have jobs asked for that apply events of these kinds; nobody waits for Redis."""
    wanted = set(kinds)
    for work, caller in _callers.items():
        if wanted.intersection(work.kinds):
            caller.ask([work.ask])


def clear_flags(kinds: Sequence[str]) -> None:
    """Let the next asking through; call before looking, never after."""
    flags = [work.flag for work in WORKS if set(kinds).intersection(work.kinds)]
    with contextlib.suppress(redis.RedisError):
        dispatch.server().delete(*flags)
