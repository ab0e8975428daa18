"""What may people do with a case: take it, answer the client, close it.

Each step is compare-and-set under the case's lock and leaves a line with the person's name. What
must leave the house (the answer, a word for the desk) is done by a job after the commit.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from notifications import escalation_wake
from notifications.models import CaseState, Escalation, EscalationLine
from tenants.errors import InvalidFields, NotFound

Kind = EscalationLine.Kind
LONGEST: Final = 4096  # of an answer: what the narrowest messenger takes


def find(tenant_id: UUID, mode: str, case_id: UUID) -> Escalation:
    """Find a salon's case; raises NotFound. Call inside the tenant's scope, as all verbs here."""
    rows = Escalation.objects.filter(tenant_id=tenant_id, mode=mode, pk=case_id)
    row: Escalation | None = rows.select_related("subscriber").first()
    if row is None:
        raise NotFound("There is no such case.")
    return row


def take(row: Escalation, who: str, now: datetime) -> Escalation:
    """Say who looks after the case; raises InvalidFields when somebody else does, or it is closed.

    Taking one's own case again changes nothing.
    """
    case = _locked(row)
    if case.taken_by == who[:150]:
        return case
    if case.taken_by:
        raise _refused("state", f"the case was taken by {case.taken_by}")
    case.taken_by, case.taken_at = who[:150], now
    if case.state == CaseState.OPEN:
        case.state = CaseState.TAKEN
    _save(case, now, "taken_by", "taken_at")
    _line(case, Kind.TAKEN, now, who=who)
    return case


def answer(row: Escalation, text: str, who: str, now: datetime, *, desk_id: str = "") -> Escalation:
    """Write to the client; the words leave by the engine, by the way she wrote last.

    desk_id: of the message, when it was written at the desk. Raises InvalidFields.
    """
    case = _locked(row)
    words = text.strip()
    if case.subscriber_id is None:
        raise _refused("text", "nobody knows who the client is")
    if not words or len(words) > LONGEST:
        raise _refused("text", f"text must have 1 to {LONGEST} characters")
    case.state, case.answered_at = CaseState.ANSWERED, now
    case.taken_by, case.taken_at = case.taken_by or who[:150], case.taken_at or now
    _save(case, now, "answered_at", "taken_by", "taken_at")
    _line(case, Kind.ANSWERED, now, who=who, text=words, desk_id=desk_id)
    return case


def close(row: Escalation, who: str, now: datetime, *, desk_id: str = "") -> Escalation:
    """End the case; closing a closed one changes nothing.

    desk_id: of the conversation, when it was closed at the desk.
    """
    case = _locked(row, may_be_closed=True)
    if case.state == CaseState.CLOSED:
        return case
    case.state, case.closed_by, case.closed_at = CaseState.CLOSED, who[:150], now
    _save(case, now, "closed_by", "closed_at")
    _line(case, Kind.CLOSED, now, who=who, desk_id=desk_id)
    return case


def _locked(row: Escalation, *, may_be_closed: bool = False) -> Escalation:
    case: Escalation = Escalation.objects.select_for_update().get(pk=row.pk)
    if case.state == CaseState.CLOSED and not may_be_closed:
        raise _refused("state", "the case is closed")
    return case


def _save(case: Escalation, now: datetime, *fields: str) -> None:
    case.changed_at = now
    case.save(update_fields=["state", "changed_at", *fields])


def _line(
    case: Escalation, kind: Kind, now: datetime, *, who: str, text: str = "", desk_id: str = ""
) -> None:
    EscalationLine.objects.create(
        tenant_id=case.tenant_id,
        escalation=case,
        kind=kind,
        text=text,
        who=who[:150],
        desk_id=desk_id,
        at=now,
    )
    transaction.on_commit(escalation_wake.ask_for_job)


def _refused(field: str, sentence: str) -> InvalidFields:
    return InvalidFields(f"{sentence[0].upper()}{sentence[1:]}.", errors={field: [sentence]})
