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
from notifications.inbound_people import Heard
from notifications.tracking import Tracked, find

__all__ = ["apply", "recall"]

recall = inbound_texts.recall

Found = Mapping[UUID, Tracked]

NO_ACCOUNT: Final = "no_account"


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
    presses = [one for one in received if one.event.kind == "button"]
    settled = {
        one.id: _apply_one(tenant_id, one, found.get(one.id))
        for one in received
        if one.event.kind != "button"
    }
    return settled | _press(tenant_id, presses, found)


def _apply_one(tenant_id: UUID, received: Received[InboundEvent], message: Tracked | None) -> str:
    """Apply one event; who is behind it is asked anew, an event before may have changed that."""
    heard = inbound_people.of(tenant_id, [received]).get(received.id)
    if heard is None:
        return NO_ACCOUNT
    inbound_addresses.come_alive(tenant_id, [heard])
    kind = heard.event.kind
    if kind == "text":
        return inbound_texts.hear(tenant_id, heard, message)
    if kind in _TOLD:
        inbound_texts.tell(message, _TOLD[kind])
    handle = _HANDLERS.get(kind)
    return (handle(tenant_id, heard) or "") if handle else ""


def _press(
    tenant_id: UUID, presses: Sequence[Received[InboundEvent]], found: Found
) -> dict[UUID, str]:
    heard = inbound_people.of(tenant_id, presses)
    inbound_addresses.come_alive(tenant_id, list(heard.values()))
    notes = {one.id: NO_ACCOUNT for one in presses if one.id not in heard}
    notes |= {key: "" for key, one in heard.items() if not _names_message(one.event)}
    known = [(one, found[key]) for key, one in heard.items() if key in found]
    notes |= inbound_presses.answer(tenant_id, known)
    shown = [key for key, one in heard.items() if one.event.reply_token and key in notes]
    acknowledging.ask_on_commit(tenant_id, shown)
    return notes


def _names_message(event: InboundEvent) -> bool:
    return bool(event.message_id or event.provider_id)


def _start(tenant_id: UUID, heard: Heard) -> str:
    """Redeem the link's token; without one, she may want marketing again."""
    if heard.event.value:
        return inbound_linking.by_token(tenant_id, heard, heard.event.value)
    inbound_wishes.start(tenant_id, heard)
    return "" if heard.owners else inbound_linking.unknown(heard)


#: Kind of event -> reason of its line in the story of the message that she last got.
_TOLD: Final[Mapping[str, str]] = {
    "blocked": "blocked",
    "unblocked": "unblocked",
    "opt_out": "stop_word",
    "opt_in": "start_word",
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
