"""A wait for the client's answer: it ends at once when she presses, else at its time.

settings: {"timeout_s"} or {"until": path, "offset_s"}; "actions": which answers count (all);
"on_reply" and "on_timeout": "stop", "continue" or a later step's key.
A press locks the notification first, and so does this step: whoever comes second sees the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from channels.integrations import Account
from notifications.definition import CONTINUE, STOP, StepDefinition
from notifications.loading import Work
from notifications.outcomes import TIMER_RAN, Done, Fail, Result, Wait
from notifications.steps.earlier import Earlier, earlier_locked
from notifications.steps.payload import moment_at
from notifications.steps.text import place_of


def prepare(
    works: Sequence[Work], _accounts: Mapping[UUID, Sequence[Account]], now: datetime
) -> list[Result]:
    """Look for answers under the lock."""
    known = earlier_locked(works)
    return [
        Result(work.task, _outcome(work, work.step, known[work.task.notification_id], now))
        for work in works
        if work.step
    ]


def counts(settings: Mapping[str, object], action: str) -> bool:
    """Tell whether an answer is one that a step waits for."""
    actions = settings.get("actions")
    return not isinstance(actions, list) or action in actions


def _outcome(
    work: Work, step: StepDefinition, known: Mapping[str, Earlier], now: datetime
) -> Done | Wait | Fail:
    given = [answer for one in known.values() for answer in one.answers]
    answer = next((one for one in given if counts(step.settings, one)), None)
    if answer is not None:
        to = work.definition.place(step.settings.get("on_reply", STOP))
        return Done(reason=f"replied:{answer}", to=to)
    until = None if work.task.flags & TIMER_RAN else _until(work, step.settings, now)
    if isinstance(until, Fail):
        return until
    if until is not None and until > now:
        return Wait(work.task.in_time(until), "reply_awaited", flags=TIMER_RAN)
    return Done(
        reason="no_reply", to=work.definition.place(step.settings.get("on_timeout", CONTINUE))
    )


def _until(work: Work, settings: Mapping[str, Any], now: datetime) -> datetime | Fail:
    if "timeout_s" in settings:
        return now + timedelta(seconds=float(settings["timeout_s"]))
    place = place_of(work)
    moment = moment_at(work, settings, place.zone if place else work.salon.zone)
    return moment or Fail("no_moment", detail=settings["until"])
