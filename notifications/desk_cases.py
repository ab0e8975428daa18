"""Show cases at the salon's desk: the client's conversation, why she needs a person, her words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from channels.adapters.chatwoot_api import Gone
from channels.contract import Content, Outbound
from channels.errands import carry, walk
from notifications import desk as talks
from notifications.desk_account import UNSURE, Desk
from notifications.escalation import SHOWN, page_of
from notifications.models import CaseState, Cause, Escalation, EscalationLine
from notifications.story_reasons import REASONS
from tenants.ids import floor_id
from tenants.models import Tenant
from tenants.scope import tenant_scope

Kind = EscalationLine.Kind

SLICE = 200
GIVEN_UP_AFTER: Final = timedelta(days=1)
BROUGHT: Final = (Kind.OPENED, Kind.REPEATED, Kind.WROTE, Kind.CLOSED)
URGENT: Final = frozenset({Cause.UNDELIVERABLE, Cause.NOT_CONFIRMED, Cause.NOVU_FAILED})
NOTES: Final = {
    "ru": "{cause}. Ответить до {deadline}.{subject} Обращение: {page}",
    "en": "{cause}. Answer before {deadline}.{subject} The case: {page}",
}


@dataclass(frozen=True, slots=True)
class Pending:
    """A case with lines that the desk has not seen. conversation: "" when there is none yet."""

    case: Escalation
    lines: Sequence[EscalationLine]
    conversation: str
    is_new: bool

    @property
    def is_closed(self) -> bool:
        return self.lines[-1].kind == Kind.CLOSED


def bring(desk: Desk, now: datetime) -> None:
    """Bring what is pending; the DeliveryError of one client's is tried again at the next visit."""
    for pending in _pending(desk, now):
        conversation = pending.conversation
        if not pending.is_closed and (pending.is_new or not conversation):
            conversation = _hand_over(desk, pending, now)
        if conversation or pending.is_closed:
            _show(desk, pending, conversation)


def _pending(desk: Desk, now: datetime) -> list[Pending]:
    with tenant_scope(desk.tenant_id):
        lines = EscalationLine.objects.filter(
            tenant_id=desk.tenant_id,
            id__gt=floor_id(now - GIVEN_UP_AFTER),
            kind__in=BROUGHT,
            desk_id__in=("", UNSURE),
            escalation__mode="live",
            escalation__subscriber__isnull=False,
        ).select_related("escalation__subscriber")
        of_case: defaultdict[UUID, list[EscalationLine]] = defaultdict(list)
        for line in lines.order_by("id")[:SLICE]:
            of_case[line.escalation_id].append(line)
        seen = EscalationLine.objects.filter(tenant_id=desk.tenant_id, escalation_id__in=of_case)
        known = set(seen.exclude(desk_id="").values_list("escalation_id", flat=True))
        threads = desk.threads([rows[0].escalation.subscriber_id for rows in of_case.values()])
    return [
        Pending(
            rows[0].escalation,
            rows,
            threads.get(rows[0].escalation.subscriber_id, ""),
            key not in known,
        )
        for key, rows in of_case.items()
    ]


def _hand_over(desk: Desk, pending: Pending, now: datetime) -> str:
    """Give the conversation to people; "" when the desk did not take it."""
    case = pending.case
    team = desk.adapter.credentials.get("team_id", "")
    handing = {
        "do": "escalate",
        "conversation": pending.conversation,
        "labels": ["kolokol", str(case.cause)],
        "priority": "urgent" if case.cause in URGENT else "medium",
        "note": _note(desk, case),
        "team_id": int(team) if team else None,
    }
    (sent,) = carry(desk.account, [_outbound(case.pk, case, "", handing)])
    if not desk.took(sent, pending.conversation) or sent.receipt is None:
        return ""
    with tenant_scope(desk.tenant_id):
        conversation = sent.receipt.provider_id
        client = case.subscriber_id
        assert client is not None  # noqa: S101 (chosen so)
        place = talks.Place(desk.account.id, desk.adapter.desk_inbox, conversation)
        talks.remember(desk.tenant_id, client, place, now)
    return conversation


def _show(desk: Desk, pending: Pending, conversation: str) -> None:
    """Show the lines one after the other: they are a talk."""
    for line in pending.lines:
        number = _known(desk, conversation, line.pk) if line.desk_id == UNSURE else ""
        if not number:
            desk_line = _line(desk, pending, line, conversation)
            if desk_line is None:
                _mark(desk, line, SHOWN)
                continue
            _mark(desk, line, UNSURE)
            (sent,) = carry(desk.account, [desk_line])
            if not desk.took(sent, conversation) and isinstance(sent.error, Gone):
                return
            is_hers = line.kind == Kind.WROTE
            number = sent.receipt.provider_id if sent.receipt and is_hers else SHOWN
        _mark(desk, line, number)


def _line(desk: Desk, pending: Pending, line: EscalationLine, conversation: str) -> Outbound | None:
    """Write what shows a line at the desk; None where nothing needs to."""
    case = pending.case
    if not conversation:
        return None  # it was closed before the desk heard of it
    if line.kind == Kind.CLOSED:
        if _has_open(desk, case):
            return None
        return _outbound(line.pk, case, "", {"do": "resolve", "conversation": conversation})
    if line.kind == Kind.WROTE and desk.adapter.credentials.get("mirror_inbox_id"):
        words = {"do": "mirror", "conversation": conversation, "is_from_client": True}
        return _outbound(line.pk, case, line.text, words)
    if line.kind == Kind.OPENED:
        return None  # the note of the hand-over has told it
    note = {"do": "escalate", "conversation": conversation, "note": line.text or _note(desk, case)}
    return _outbound(line.pk, case, "", note)


def _has_open(desk: Desk, case: Escalation) -> bool:
    with tenant_scope(desk.tenant_id):
        own = Q(tenant_id=desk.tenant_id, mode="live", subscriber_id=case.subscriber_id)
        return bool(Escalation.objects.filter(own).exclude(state=CaseState.CLOSED).exists())


def _outbound(key: UUID, case: Escalation, text: str, what: Mapping[str, Any]) -> Outbound:
    client = case.subscriber
    assert client is not None  # noqa: S101 (chosen so)
    name = f"{client.first_name} {client.last_name}".strip() or client.subscriber_id
    return Outbound(
        message_id=str(key),
        kind="desk",
        address=str(client.pk),
        content=Content(text),
        language="",
        category="tx",
        extra={"subscriber": str(client.pk), "name": name, "desk": what},
    )


def _note(desk: Desk, case: Escalation) -> str:
    with tenant_scope(desk.tenant_id):
        salon = Tenant.objects.get(pk=desk.tenant_id)
    cause = REASONS[case.cause][0 if salon.language == "ru" else 1]
    deadline = case.deadline_at.astimezone(ZoneInfo(salon.timezone))
    return NOTES[salon.language].format(
        cause=cause[0].upper() + cause[1:],
        deadline=f"{deadline:%d.%m %H:%M}",
        subject=f" {case.subject_type}: {case.subject_id}." if case.subject_id else "",
        page=page_of(case.pk),
    )


def _known(desk: Desk, conversation: str, key: UUID) -> str:
    return walk(desk.account, desk.adapter.numbers(conversation)).get(str(key), "")


def _mark(desk: Desk, line: EscalationLine, number: str) -> None:
    with tenant_scope(desk.tenant_id):
        rows = EscalationLine.objects.filter(tenant_id=desk.tenant_id, pk=line.pk)
        rows.update(desk_id=number)
