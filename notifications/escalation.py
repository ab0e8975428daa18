"""When does a client need a person? A case is opened here, and nowhere else.

The life of a case:
1. `open_case` writes it, or adds to the one that is open for the same client, cause and subject.
2. On commit a job is asked for (`notifications.escalation_tasks`): staff hear of it through their
   own channels, the salon's desk gets it with the client's conversation.
3. People take, answer and close it (`notifications.cases`), here or at the desk.
Test traffic opens cases of test mode only: no key and no desk of the live salon sees them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from notifications import escalation_wake
from notifications.gate_table import is_told
from notifications.models import Cause, EscalationLine
from notifications.sql import escalating as sql
from tenants import rows
from tenants.ids import uuid7

Kind = EscalationLine.Kind

#: How soon somebody should look: what did not arrive is about a visit that is near.
WITHIN: Final = {
    Cause.UNDELIVERABLE: timedelta(minutes=30),
    Cause.NOVU_FAILED: timedelta(minutes=30),
    Cause.CLIENT_WROTE: timedelta(hours=1),
    Cause.NOT_CONFIRMED: timedelta(hours=2),
    Cause.ADDRESS_TAKEN: timedelta(days=1),
    Cause.WEBHOOK_OFF: timedelta(days=1),
    Cause.MANUAL: timedelta(days=1),
}
LONGEST_TEXT: Final = 4096
SHOWN: Final = "-"  # stands at the desk without a message of its own
#: What a workflow's own steps keep back.
DECIDED: Final = frozenset({"condition_not_met", "step_throttled", "delay_passed", "variant"})
#: Chosen silence: nobody works there, or somebody called it off. For gates see gate_table.
NOT_FAILURES: Final = frozenset({"salon_suspended", "salon_closed", "canceled"})

_Identity = tuple[UUID, str, str, UUID | None, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """What happened. subscriber_id: ours, None when nobody knows the client.

    subject: type and id of a neutral reference. text: what the client wrote, or the provider's
    word. channel: kind of the address where she wrote. deadline_at: None for the cause's own.
    step: of the workflow, for the notification's story. is_told: staff opened it themselves.
    is_at_desk: the desk has these words.
    """

    tenant_id: UUID
    cause: Cause
    mode: str = "live"
    subscriber_id: UUID | None = None
    subject: tuple[str, str] = ("", "")
    notification_id: UUID | None = None
    message_id: UUID | None = None
    channel: str = ""
    text: str = ""
    deadline_at: datetime | None = None
    step: int = 0
    is_told: bool = False
    is_at_desk: bool = False

    @property
    def identity(self) -> _Identity:
        """Give what at most one open case has."""
        kind, key = self.subject
        return (self.tenant_id, self.mode, self.cause, self.subscriber_id, kind[:32], key[:255])


def open_case(case: NewCase, now: datetime | None = None) -> UUID:
    """Open a case or add to the open one; return its id. Call inside the tenant's scope."""
    return open_cases([case], now)[0]


def open_cases(cases: Sequence[NewCase], now: datetime | None = None) -> list[UUID]:
    """Do it for many, of one tenant's scope or a batch's; return the ids in their order."""
    if not cases:
        return []
    now = now or datetime.now(UTC)
    first = {case.identity: case for case in reversed(cases)}
    counts = Counter(case.identity for case in cases)
    opened = {row[1:7]: (row[0], row[7]) for row in _write(first, counts, now)}
    _write_lines(cases, opened, now)
    _write_log([case for case in cases if case.notification_id])
    transaction.on_commit(escalation_wake.ask_for_job)
    return [opened[case.identity][0] for case in cases]


def client_wrote(  # noqa: PLR0913 (what is known of one incoming text)
    tenant_id: UUID,
    subscriber_id: UUID | None,
    text: str,
    *,
    mode: str = "live",
    channel: str = "",
    subject: tuple[str, str] = ("", ""),
    message_id: UUID | None = None,
    is_at_desk: bool = False,
    now: datetime | None = None,
) -> UUID:
    """Put a client's own words before a person; all of them go into one open case.

    Call inside the tenant's scope. channel: kind of the address that she wrote from. subject: of a
    stranger, what tells him from other strangers. message_id: of ours that she answers.
    is_at_desk: she wrote through the desk's own inbox, so her words stand there.
    """
    case = NewCase(
        tenant_id=tenant_id,
        cause=Cause.CLIENT_WROTE,
        mode=mode,
        subscriber_id=subscriber_id,
        subject=subject,
        message_id=message_id,
        channel=channel,
        text=text,
        is_at_desk=is_at_desk,
    )
    return open_case(case, now)


def is_missed(state: str, reason: str) -> bool:
    """Tell whether a notification that ended so should have reached its client.

    What a step of its own workflow has decided to keep back is no failure.
    """
    if state == "skipped":
        return reason.partition(":")[0] not in DECIDED
    return state == "failed"


def undeliverable(failed: Sequence[tuple[UUID, UUID]], now: datetime | None = None) -> list[UUID]:
    """Open cases for those of the notifications that are critical and ended undelivered.

    failed: (notification, tenant). Call inside the scope of their tenants, after they were closed.
    """
    if not failed:
        return []
    found = rows.fetch(sql.CRITICAL, [[key for key, _ in failed], [one for _, one in failed]])
    missed = [row for row in found if row[4] not in NOT_FAILURES and is_told(row[4])]
    return open_cases([_undelivered(row) for row in missed], now)


def page_of(case_id: UUID) -> str:
    """Give the address of a case's page."""
    return f"{settings.PUBLIC_URL}/admin/notifications/escalation/{case_id}/change/"


def _undelivered(row: rows.Row) -> NewCase:
    key, tenant_id, mode, subscriber_id, reason, transaction_id, visit, step = row
    subject = ("appointment", visit) if visit else ("transaction", transaction_id)
    return NewCase(
        tenant_id=tenant_id,
        cause=Cause.UNDELIVERABLE,
        mode=mode,
        subscriber_id=subscriber_id,
        subject=subject,
        notification_id=key,
        text=reason,
        step=step,
    )


def _write(
    first: dict[_Identity, NewCase], counts: Mapping[_Identity, int], now: datetime
) -> list[rows.Row]:
    # sorted: two writers of the same cases must lock them in one order
    cases = [first[key] for key in sorted(first, key=lambda identity: tuple(map(str, identity)))]
    identities = [case.identity for case in cases]
    arguments = {
        "now": now,
        "ids": [uuid7() for _ in cases],
        "tenants": [one[0] for one in identities],
        "modes": [one[1] for one in identities],
        "causes": [str(one[2]) for one in identities],
        "subscribers": [one[3] for one in identities],
        "subject_types": [one[4] for one in identities],
        "subject_ids": [one[5] for one in identities],
        "notifications": [case.notification_id for case in cases],
        "messages": [case.message_id for case in cases],
        "channels": [case.channel[:16] for case in cases],
        "repeats": [counts[identity] - 1 for identity in identities],
        "told": [now if case.is_told else None for case in cases],
        "deadlines": [case.deadline_at or now + WITHIN[case.cause] for case in cases],
    }
    return rows.fetch(sql.OPEN, arguments)


def _write_lines(
    cases: Sequence[NewCase], opened: dict[tuple[object, ...], tuple[UUID, bool]], now: datetime
) -> None:
    fresh = {key for key, is_new in opened.values() if is_new}
    kinds: list[str] = []
    for case in cases:
        key = opened[case.identity][0]
        kinds.append(_kind(case, is_first=key in fresh))
        fresh.discard(key)
    arguments = {
        "now": now,
        "ids": sorted(uuid7() for _ in cases),
        "tenants": [case.tenant_id for case in cases],
        "cases": [opened[case.identity][0] for case in cases],
        "kinds": kinds,
        "texts": [_storable(case.text) for case in cases],
        "desk_ids": [SHOWN if case.is_at_desk else "" for case in cases],
    }
    rows.run(sql.LINES, arguments)


def _kind(case: NewCase, *, is_first: bool) -> str:
    if case.cause == Cause.CLIENT_WROTE:
        return Kind.WROTE.value
    return Kind.OPENED.value if is_first else Kind.REPEATED.value


def _write_log(cases: Sequence[NewCase]) -> None:
    if cases:
        arguments = {
            "tenants": [case.tenant_id for case in cases],
            "notifications": [case.notification_id for case in cases],
            "steps": [case.step for case in cases],
            "causes": [str(case.cause) for case in cases],
        }
        rows.run(sql.LOG, arguments)


def _storable(text: str) -> str:
    """Drop what PostgreSQL refuses: NUL and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:LONGEST_TEXT]
