"""Show at the salon's desk what other channels carried to clients who have a conversation there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from channels.adapters.chatwoot_api import Gone
from channels.contract import Content, Outbound
from channels.errands import carry, walk
from channels.errors import Permanent
from notifications.desk_account import UNSURE, Desk
from notifications.escalation import SHOWN
from notifications.sql import desk as sql
from notifications.tracking import write_extra
from tenants import rows
from tenants.ids import floor_id
from tenants.scope import tenant_scope

SLICE = 200
SHOWN_WITHIN: Final = timedelta(days=1)  # a desk that was away for longer gets no old messages


@dataclass(frozen=True, slots=True)
class Shown:
    """A message that the desk has not got, or perhaps has (is_unsure)."""

    id: UUID
    conversation: str
    client: UUID
    title: str
    body: str
    is_unsure: bool


def bring(desk: Desk, now: datetime) -> None:
    """Bring what is not there yet, each once."""
    found = _pending(desk, now)
    there = _there(desk, [one for one in found if one.is_unsure])
    fresh = [one for one in found if str(one.id) not in there]
    _mark(desk, {one.id: there.get(str(one.id), UNSURE) for one in found})
    numbers: dict[UUID, str] = {}
    for one, sent in zip(fresh, carry(desk.account, [*map(_outbound, fresh)]), strict=True):
        if sent.receipt is not None:
            numbers[one.id] = sent.receipt.provider_id
        elif isinstance(sent.error, Permanent):
            numbers[one.id] = SHOWN  # it will not be taken another time either
        elif isinstance(sent.error, Gone):
            desk.forget(one.conversation)
    _mark(desk, numbers)


def _pending(desk: Desk, now: datetime) -> list[Shown]:
    arguments = {
        "tenant": desk.tenant_id,
        "integration": desk.account.id,
        "inbox": desk.adapter.credentials["mirror_inbox_id"],
        "floor": floor_id(now - SHOWN_WITHIN),
        "most": SLICE,
    }
    with tenant_scope(desk.tenant_id):
        found = rows.fetch(sql.TO_MIRROR, arguments)
    return [Shown(*row) for row in found]


def _there(desk: Desk, unsure: list[Shown]) -> Mapping[str, str]:
    """Look up what may have been written by a visit that came to no end."""
    found: dict[str, str] = {}
    for conversation in dict.fromkeys(one.conversation for one in unsure):
        found |= walk(desk.account, desk.adapter.numbers(conversation))
    return found


def _outbound(one: Shown) -> Outbound:
    return Outbound(
        message_id=str(one.id),
        kind="desk",
        address=str(one.client),
        content=Content(one.body, title=one.title),
        language="",
        category="tx",
        extra={"desk": {"do": "mirror", "conversation": one.conversation}},
    )


def _mark(desk: Desk, numbers: Mapping[UUID, str]) -> None:
    if numbers:
        with tenant_scope(desk.tenant_id):
            changes = {key: {"desk": number} for key, number in numbers.items()}
            write_extra(desk.tenant_id, changes)
