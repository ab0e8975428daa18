"""A delay: wait a fixed time once, then go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from channels.integrations import Account
from notifications.loading import Work
from notifications.outcomes import TIMER_RAN, Done, Result, Wait


def prepare(
    works: Sequence[Work], _accounts: Mapping[UUID, Sequence[Account]], now: datetime
) -> list[Result]:
    """Wait settings["seconds"] the first time, be done the second."""
    return [Result(work.task, _outcome(work, now)) for work in works]


def _outcome(work: Work, now: datetime) -> Done | Wait:
    if work.task.flags & TIMER_RAN or work.step is None:
        return Done()
    wait = timedelta(seconds=float(work.step.settings["seconds"]))
    return Wait(now + wait, "delay", flags=TIMER_RAN)
