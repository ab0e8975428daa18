"""What agents do at the salon's desk: write to a client, end her conversation.

An agent's words become an answer in the client's open case, or in one of their own, and leave by
the engine like every answer (`notifications.escalation_tasks`), once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from channels.told import InboundEvent
from notifications import cases
from notifications.callbacks import Received
from notifications.desk_account import UNSURE
from notifications.escalation import NewCase, open_case
from notifications.models import CaseState, Cause, DeskThread, Escalation, EscalationLine
from notifications.sql import desk as sql
from tenants import rows
from tenants.addressing import Refused, normalise
from tenants.ids import created_at, floor_id

#: Kinds of inbound events that come from a desk, not from a client.
KINDS: Final = frozenset({"agent", "conversation"})
RESOLVED = "resolved"
WRITTEN_WITHIN = timedelta(days=2)  # longer than what we show there may be old

Event = Received[InboundEvent]


@dataclass(frozen=True, slots=True)
class Place:
    """Where at the desk a client is talked to."""

    integration_id: UUID
    inbox: str
    conversation: str

    @classmethod
    def of(cls, one: Event) -> Place:
        """Read where something happened."""
        inbox, _, conversation = one.event.reply_token.partition(":")
        return cls(one.integration_id, inbox, conversation)


def apply(tenant_id: UUID, received: Sequence[Event], now: datetime) -> dict[UUID, str]:
    """Apply what happened at the desk; return what is settled, by the callback's id, with a note.

    Call inside the tenant's scope. What may be our own is not settled while we are writing there.
    """
    settled: dict[UUID, str] = {}
    for one in received:
        note = (_agent if one.event.kind == "agent" else _conversation)(tenant_id, one, now)
        if note is not None:
            settled[one.id] = note
    return settled


def remember(tenant_id: UUID, client: UUID, place: Place, now: datetime) -> None:
    """Note in which conversation a client is talked to, so that what we send is shown there."""
    own = DeskThread.objects.filter(tenant_id=tenant_id, integration_id=place.integration_id)
    of_others = own.filter(conversation=place.conversation).exclude(subscriber_id=client)
    of_others.delete()  # the contacts were merged
    DeskThread.objects.update_or_create(
        tenant_id=tenant_id,
        integration_id=place.integration_id,
        subscriber_id=client,
        defaults={"inbox": place.inbox, "conversation": place.conversation, "used_at": now},
    )


def _agent(tenant_id: UUID, one: Event, now: datetime) -> str | None:
    number = one.event.key.rpartition(":")[2]
    client = _client(tenant_id, one.event.address)
    if client is None:
        return "unknown_client"
    written = _written(tenant_id, client, number, now)
    if number in written:
        return "echo"
    if written:
        return None
    remember(tenant_id, client, Place.of(one), now)
    case = _case(tenant_id, one, client, now)
    cases.answer(case, one.event.value, one.event.name, now, desk_id=number)
    return ""


def _written(tenant_id: UUID, client: UUID, number: str, now: datetime) -> set[str]:
    """Tell whether we wrote this message there, or are writing: old servers drop our marks."""
    wanted = [number, UNSURE]
    lines = EscalationLine.objects.filter(
        tenant_id=tenant_id, escalation__subscriber_id=client, desk_id__in=wanted
    )
    floor = floor_id(now - WRITTEN_WITHIN)
    found = rows.fetch(sql.WRITTEN, [tenant_id, client, floor, wanted])
    return set(lines.values_list("desk_id", flat=True)) | {row[0] for row in found}


def _conversation(tenant_id: UUID, one: Event, now: datetime) -> str:
    """End the cases of a resolved conversation, unless something happened in them since."""
    if one.event.value != RESOLVED:
        return ""
    place = Place.of(one)
    threads = DeskThread.objects.filter(
        tenant_id=tenant_id,
        integration_id=place.integration_id,
        conversation=place.conversation,
    )
    found = Escalation.objects.filter(
        tenant_id=tenant_id,
        mode="live",
        subscriber_id__in=threads.values("subscriber_id"),
        changed_at__lte=_happened_at(one),
    ).exclude(state=CaseState.CLOSED)
    for case in found.order_by("pk"):
        cases.close(case, "Chatwoot", now, desk_id=f"c{place.conversation}")
    return ""


def _happened_at(one: Event) -> datetime:
    """Tell when a conversation came into its state: when it was told, or when it last moved."""
    seen_at = one.event.raw
    return datetime.fromtimestamp(float(seen_at), UTC) if seen_at else created_at(one.id)


def _client(tenant_id: UUID, address: str) -> UUID | None:
    try:
        key = UUID(address)
    except ValueError:
        key = None
    try:
        phone = normalise("phone", address) if key is None and address else None
    except Refused:
        phone = None
    found = rows.fetch(sql.CLIENT, {"tenant": tenant_id, "key": key, "phone": phone})
    return found[0][0] if found else None


def _case(tenant_id: UUID, one: Event, client: UUID, now: datetime) -> Escalation:
    """Find the case that the agent answers, or open one for a talk that the salon began."""
    own = Escalation.objects.filter(tenant_id=tenant_id, mode="live", subscriber_id=client)
    case: Escalation | None = own.exclude(state=CaseState.CLOSED).order_by("-changed_at").first()
    if case is not None:
        return case
    subject = ("conversation", Place.of(one).conversation)
    new = NewCase(
        tenant_id=tenant_id,
        cause=Cause.MANUAL,
        subscriber_id=client,
        subject=subject,
        is_told=True,
    )
    return cases.find(tenant_id, "live", open_case(new, now))
