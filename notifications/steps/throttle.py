"""A throttle: at most so many notifications of this workflow per client and window.

settings: {"limit", "window_s", "key": path}. Units are reserved in PostgreSQL, not checked, so two
at once are not both the last one; the window begins with its first. key: counted by its value too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from channels.integrations import Account
from notifications import limits
from notifications.definition import StepDefinition
from notifications.loading import Work
from notifications.outcomes import END, Done, Result, Skip
from notifications.steps.payload import look

REASON = "step_throttled"


def prepare(
    works: Sequence[Work], _accounts: Mapping[UUID, Sequence[Account]], now: datetime
) -> list[Result]:
    """Reserve for the whole batch; who gets nothing ends here."""
    needs = [_need(index, work, work.step, now) for index, work in enumerate(works) if work.step]
    refused = limits.reserve(needs)
    return [
        Result(work.task, Skip(REASON, to=END) if index in refused else Done())
        for index, work in enumerate(works)
    ]


def _need(index: int, work: Work, step: StepDefinition, now: datetime) -> limits.Need:
    settings = step.settings
    limit = limits.Limit(
        work.task.tenant_id,
        f"throttle:{work.definition.identifier}:{step.key}",
        work.event.mode,
        int(settings["limit"]),
        now + timedelta(seconds=float(settings["window_s"])),
        REASON,
    )
    value = look(work, settings["key"]) if "key" in settings else ""
    return limit.need(index, f"{work.person.id.hex}:{value}")
