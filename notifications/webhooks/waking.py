"""Ask for somebody to send what is due; while somebody sends, nobody else is asked.

Losing an ask costs until the next tick, doubling it costs an empty look.
"""

from __future__ import annotations

import contextlib

import django_rq
import redis

from notifications import dispatch

FLAG = "kolokol:woken:webhooks"
JOB_TIMEOUT_S = 60


def ask_for_job() -> None:
    """Ask for a job, unless one was asked for or somebody is at work."""
    try:
        if dispatch.server().set(FLAG, 1, nx=True, px=dispatch.FLAG_TTL_MS):
            django_rq.get_queue("normal").enqueue(
                "notifications.webhooks.tasks.deliver",
                job_timeout=JOB_TIMEOUT_S,
                result_ttl=JOB_TIMEOUT_S,
            )
    except redis.RedisError as error:
        dispatch.outage.lasts("webhooks wait for the next tick", error)


def hold() -> None:
    """Say that somebody is at work for the next moments."""
    with contextlib.suppress(redis.RedisError):
        dispatch.server().set(FLAG, 1, px=dispatch.FLAG_TTL_MS)


def release() -> None:
    """Let the next ask through; call before looking, never after."""
    with contextlib.suppress(redis.RedisError):
        dispatch.server().delete(FLAG)
