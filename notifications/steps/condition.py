"""A condition: go on, jump ahead, or end here.

settings: {"if": expression, "else": "skip" or a later step's key}. The expression is Liquid's, as
in a text's `{% if %}`, over payload, subscriber and steps.<key>.state, .reason, .answer, .channel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from channels.integrations import Account
from notifications.conditions import STEPS, asks_of_steps, holds
from notifications.definition import STOP, StepDefinition
from notifications.liquid.faults import RenderError
from notifications.loading import Work
from notifications.outcomes import Done, Fail, Result, Skip
from notifications.steps.earlier import Earlier, earlier
from notifications.steps.text import values_for

NOT_MET = "condition_not_met"


def prepare(
    works: Sequence[Work], _accounts: Mapping[UUID, Sequence[Account]], now: datetime
) -> list[Result]:
    """Decide each; one query where some condition asks what became of earlier steps."""
    asking = [work for work in works if work.step and asks_of_steps(work.step.settings["if"])]
    known = earlier(asking)
    return [
        Result(work.task, _outcome(work, work.step, known.get(work.task.notification_id, {}), now))
        for work in works
        if work.step
    ]


def _outcome(
    work: Work, step: StepDefinition, known: Mapping[str, Earlier], now: datetime
) -> Done | Skip | Fail:
    values, locale = values_for(work, now)
    values[STEPS] = {key: one.words for key, one in known.items()}
    try:
        if holds(step.settings["if"], values, locale):
            return Done()
    except RenderError as error:
        return Fail("condition_failed", detail=error.message)
    otherwise = step.settings.get("else", "skip")
    if otherwise == "skip":
        return Skip(NOT_MET, to=work.definition.place(STOP))
    return Done(reason=NOT_MET, to=work.definition.place(otherwise))
