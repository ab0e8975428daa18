"""What clients do on their side: press a button, block the salon, come back.

A press counts only when it comes from an address of the very client who was written to: a
forwarded message must not confirm somebody else's visit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from channels.registry import ADAPTERS
from channels.told import InboundEvent
from notifications import events
from notifications.callbacks import Received
from notifications.sql import callbacks as sql
from notifications.tracking import Line, Tracked, find, write_extra, write_log
from tenants import rows
from tenants.addressing import Refused, normalise
from tenants.answers import iso
from tenants.ids import created_at

PHONE = "sandbox"
#: kind of event -> the address's state before, after, and the reason.
ADDRESS_CHANGES: Mapping[str, tuple[str, str, str]] = {
    "blocked": ("active", "inactive", "blocked"),
    "unblocked": ("inactive", "active", ""),
}


def apply(
    tenant_id: UUID,
    received: Sequence[Received[InboundEvent]],
    found: Mapping[UUID, Tracked] | None = None,
) -> dict[UUID, str]:
    """Apply inbound events; return what is settled, by the callback's id, with a note or "".

    Call inside the tenant's scope. found: what `tracking.find` gave for them, when it was called
    already. A press whose message is not there yet is not settled.
    """
    presses = [one for one in received if one.event.kind == "button" and _is_addressed(one)]
    waiting = {one.id for one in presses}
    settled = {one.id: "" for one in received if one.id not in waiting}
    settled |= _answer(tenant_id, presses, find(tenant_id, presses) if found is None else found)
    # after notifications, as the engine locks them
    _change_addresses(tenant_id, [one for one in received if one.event.kind in ADDRESS_CHANGES])
    return settled


def _is_addressed(one: Received[InboundEvent]) -> bool:
    return bool(one.event.message_id or one.event.provider_id)


def _answer(
    tenant_id: UUID, presses: Sequence[Received[InboundEvent]], found: Mapping[UUID, Tracked]
) -> dict[UUID, str]:
    own = _addresses(tenant_id, [found[one.id] for one in presses if one.id in found])
    notes: dict[UUID, str] = {}
    lines: list[Line] = []
    for one in presses:
        message = found.get(one.id)
        if message is None:
            continue
        is_hers = _is_hers(message, one.event, own[message.subscriber_id])
        notes[one.id] = "" if is_hers else "foreign_address"
        if is_hers:
            lines += _record(message, one)
    _write(tenant_id, lines)
    return notes


def _record(message: Tracked, one: Received[InboundEvent]) -> list[Line]:
    """Note the press unless it repeats the answer that stands, or an older one comes late."""
    at = iso(created_at(one.id))
    before = (message.extra or {}).get("answer") or {}
    if before.get("action") == one.event.value or before.get("at", "") > at:
        return []
    answer = {"action": one.event.value, "at": at}
    message.extra = {**(message.extra or {}), "answer": answer}
    return [Line(message, "answered", one.event.value)]


def _write(tenant_id: UUID, lines: Sequence[Line]) -> None:
    if not lines:
        return
    write_extra(
        tenant_id,
        {line.message.id: {"answer": (line.message.extra or {})["answer"]} for line in lines},
    )
    write_log(tenant_id, lines)
    events.publish_all(
        [
            events.Told(tenant_id, events.ANSWERED, line.message.news(action=line.reason))
            for line in lines
        ]
    )


def _is_hers(message: Tracked, event: Any, own: Iterable[tuple[str, str]]) -> bool:
    kind = message.channel
    return any(mine == kind and value in _spellings(kind, event.address) for mine, value in own)


def _spellings(kind: str, address: str) -> set[str]:
    """Give the address as the provider writes it and as we keep it."""
    try:
        return {address, normalise(kind, address)}
    except Refused:
        return {address}


def _addresses(
    tenant_id: UUID, messages: Iterable[Tracked]
) -> defaultdict[UUID, list[tuple[str, str]]]:
    own: defaultdict[UUID, list[tuple[str, str]]] = defaultdict(list)
    people = sorted({message.subscriber_id for message in messages})
    if people:
        for subscriber, kind, value in rows.fetch(sql.ADDRESSES_OF, [tenant_id, people]):
            own[subscriber].append((kind, value))
    return own


def _change_addresses(tenant_id: UUID, received: Sequence[Received[InboundEvent]]) -> None:
    if not received:
        return
    ids = list({one.integration_id for one in received})
    known = {row[0]: row[1:] for row in rows.fetch(sql.INTEGRATIONS, [tenant_id, ids])}
    for one in received:
        provider, is_demo = known.get(one.integration_id, ("", False))
        if provider not in ADAPTERS:
            continue
        before, state, reason = ADDRESS_CHANGES[one.event.kind]
        arguments = {
            "tenant": tenant_id,
            "value": one.event.address,
            "kinds": list(ADAPTERS[provider].address_kinds),
            "modes": _modes(provider, is_demo=is_demo),
            "before": before,
            "state": state,
            "reason": reason,
        }
        rows.run(sql.SET_ADDRESSES, arguments)


def _modes(provider: str, *, is_demo: bool) -> list[str]:
    """Say whose addresses a provider may speak of: the Phone plays the clients of test mode."""
    if provider != PHONE:
        return ["live"]
    return ["test", "live"] if is_demo else ["test"]
