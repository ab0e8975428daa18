"""A split: each client goes the way of her variant, or gets its text at the next step.

settings: {"variants": [{"key", "weight", "goto" or "template"}]}; goto: a later step's key or
"stop". The delivery log keeps the choice as "variant:<key>".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from channels.integrations import Account
from notifications.definition import CONTINUE, StepDefinition
from notifications.loading import Work
from notifications.outcomes import Done, Result
from notifications.variants import pick, read_variants


def prepare(
    works: Sequence[Work], _accounts: Mapping[UUID, Sequence[Account]], _now: datetime
) -> list[Result]:
    """Choose for each client, and say it in the log."""
    return [Result(work.task, _outcome(work, work.step)) for work in works if work.step]


def _outcome(work: Work, step: StepDefinition) -> Done:
    variants = read_variants(step.settings)
    chosen = pick(variants, work.definition.identifier, step.key, work.person.id)
    return Done(reason=f"variant:{chosen.key}", to=work.definition.place(chosen.goto or CONTINUE))
