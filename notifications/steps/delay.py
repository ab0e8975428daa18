"""A delay: wait once, then go on.

settings: {"seconds"} from now, or {"until": path, "offset_s"}: a moment of the payload, so many
seconds before (negative) or after it. "working_hours": not before the place is open. One that has
passed ends the notification, or with {"late": "now"} does not wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from channels.integrations import Account
from notifications.loading import Work
from notifications.outcomes import END, TIMER_RAN, Done, Fail, Result, Skip, Wait
from notifications.steps.payload import moment_at
from notifications.steps.text import place_of
from tenants.hours import next_open


def prepare(
    works: Sequence[Work], _accounts: Mapping[UUID, Sequence[Account]], now: datetime
) -> list[Result]:
    """Wait the first time, be done the second."""
    return [Result(work.task, _outcome(work, now)) for work in works]


def _outcome(work: Work, now: datetime) -> Done | Wait | Skip | Fail:
    if work.task.flags & TIMER_RAN or work.step is None:
        return Done()
    settings, place = work.step.settings, place_of(work)
    zone = place.zone if place else work.salon.zone
    until = now + timedelta(seconds=float(settings.get("seconds", 0)))
    if "until" in settings:
        moment = moment_at(work, settings, zone)
        if moment is None:
            return Fail("no_moment", detail=settings["until"])
        until = moment
        if until <= now and settings.get("late", "skip") == "skip":
            return Skip("delay_passed", to=END)
    if settings.get("working_hours") and place:
        until = next_open(max(until, now), place.week, place.zone)
    return Wait(until, "delay", flags=TIMER_RAN) if until > now else Done()
