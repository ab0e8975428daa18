"""Who hurries when a case was opened? A job; losing or doubling it is harmless, a tick follows."""

from __future__ import annotations

import django_rq
import redis

from notifications import dispatch

FLAG = "kolokol:woken:cases"
JOB_TIMEOUT_S = 120


def ask_for_job() -> None:
    """Ask for one job that tells staff and the desk."""
    try:
        if dispatch.server().set(FLAG, 1, nx=True, px=dispatch.FLAG_TTL_MS):
            django_rq.get_queue("normal").enqueue(
                "notifications.escalation_tasks.tell",
                job_timeout=JOB_TIMEOUT_S,
                result_ttl=JOB_TIMEOUT_S,
            )
    except redis.RedisError as error:
        dispatch.outage.lasts("cases wait for the next tick", error)
