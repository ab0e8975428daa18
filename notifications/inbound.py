"""What clients do on their side: press, answer, write, block, come back, move, open a link.

1. `recall` finds the message that an event is about, before anything is locked.
2. `apply` runs each event by its kind, in the order in which they were told; presses and words that
   stand for one share `inbound_presses`.
3. After the commit a job shows the client that her press has arrived (`acknowledging`).
Who she is says the address alone: see `inbound_people`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

from channels.told import InboundEvent
from notifications import (
    acknowledging,
    inbound_addresses,
    inbound_linking,
    inbound_people,
    inbound_presses,
    inbound_texts,
    inbound_wishes,
)
from notifications.callbacks import Received
from notifications.inbound_linking import UNKNOWN_CHAT
from notifications.inbound_people import Heard
from notifications.tracking import Tracked, find

__all__ = ["apply", "recall"]

recall = inbound_texts.recall

Found = Mapping[UUID, Tracked]


def apply(
    tenant_id: UUID, received: Sequence[Received[InboundEvent]], found: Found | None = None
) -> dict[UUID, str]:
    """Apply inbound events; return what is settled, by the callback's id, with a note or "".

    Call inside the tenant's scope. found: what `tracking.find` gave for them, when it was called
    already. A press whose message is not there yet is not settled.
    """
    if not received:
        return {}
    found = find(tenant_id, received) if found is None else found
    heard = inbound_people.of(tenant_id, received)
    inbound_addresses.come_alive(tenant_id, list(heard.values()))
    settled: dict[UUID, str] = {}
    for one in received:
        if one.id not in heard:
            settled[one.id] = "no_account"
        elif one.event.kind != "button":
            settled[one.id] = _apply_one(tenant_id, heard[one.id], found.get(one.id))
    presses = [heard[one.id] for one in received if one.id in heard and one.event.kind == "button"]
    return settled | _press(tenant_id, presses, found)


def _press(tenant_id: UUID, presses: Sequence[Heard], found: Found) -> dict[UUID, str]:
    known = [(one, found[one.id]) for one in presses if one.id in found]
    lost = [one for one in presses if not (one.event.message_id or one.event.provider_id)]
    notes = {one.id: "" for one in lost} | inbound_presses.answer(tenant_id, known)
    acknowledging.ask_on_commit(tenant_id, [one.id for one in presses if one.event.reply_token])
    return notes


def _apply_one(tenant_id: UUID, heard: Heard, message: Tracked | None) -> str:
    kind = heard.event.kind
    if kind == "text":
        return inbound_texts.hear(tenant_id, heard, message)
    if kind in _TOLD:
        inbound_texts.tell(tenant_id, message, *_TOLD[kind])
    handle = _HANDLERS.get(kind)
    return (handle(tenant_id, heard) or "") if handle else ""


def _start(tenant_id: UUID, heard: Heard) -> str:
    """Redeem the link's token; without one, she may want marketing again."""
    if heard.event.value:
        return inbound_linking.by_token(tenant_id, heard, heard.event.value)
    inbound_wishes.start(tenant_id, heard)
    return "" if heard.owners else UNKNOWN_CHAT


#: Kind of event -> (reason, status) of its line in the story of the message that she last got.
_TOLD: Final[Mapping[str, tuple[str, str]]] = {
    "blocked": ("blocked", "replied"),
    "unblocked": ("unblocked", "replied"),
    "opt_out": ("stop_word", "replied"),
    "opt_in": ("start_word", "replied"),
}
_HANDLERS: Final[Mapping[str, Callable[[UUID, Heard], str | None]]] = {
    "start": _start,
    "contact": inbound_linking.by_phone,
    "opt_out": inbound_wishes.opt_out,
    "opt_in": inbound_wishes.start,
    "blocked": inbound_addresses.block,
    "unblocked": inbound_addresses.unblock,
    "moved": inbound_addresses.move,
    "alias": inbound_addresses.alias,
}
