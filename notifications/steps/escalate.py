"""Hand the client to the salon's staff: a case is opened, and the workflow goes on.

settings: {"deadline_s", "text"}: how soon somebody should look, and what they should know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from channels.integrations import Account
from notifications.definition import StepDefinition
from notifications.escalation import NewCase, open_cases
from notifications.loading import Work
from notifications.models import Cause
from notifications.outcomes import Done, Result


def prepare(
    works: Sequence[Work], _accounts: Mapping[UUID, Sequence[Account]], now: datetime
) -> list[Result]:
    """Open the cases of a batch."""
    open_cases([_case(work, work.step, now) for work in works if work.step], now)
    return [Result(work.task, Done()) for work in works]


def _case(work: Work, step: StepDefinition, now: datetime) -> NewCase:
    visit, transaction_id = work.event.payload.get("appointmentId"), work.event.transaction_id
    within = step.settings.get("deadline_s")
    return NewCase(
        tenant_id=work.task.tenant_id,
        cause=Cause.MANUAL,
        mode=work.event.mode,
        subscriber_id=work.person.id,
        subject=("appointment", str(visit)) if visit else ("transaction", transaction_id),
        notification_id=work.task.notification_id,
        text=step.settings.get("text", ""),
        deadline_at=now + timedelta(seconds=float(within)) if within else None,
        step=work.task.step,
    )
