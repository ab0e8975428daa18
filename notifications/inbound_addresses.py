"""What does an event say of the address itself: blocked, back, moved, another name, open window?

A value that several clients share (a mother and a daughter) is one place: its owners share its
fate. Somebody who said no stays suppressed, whatever the provider tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from notifications.escalation import NewCase, open_case
from notifications.inbound_linking import TAKEN
from notifications.inbound_people import Heard, Owner
from notifications.models import Cause
from notifications.sql import inbound as sql
from notifications.tracking_places import spellings
from tenants import rows
from tenants.addressing import Refused, normalise
from tenants.audience import set_address
from tenants.events import ADDRESS_CHANGED, SubscriberNews, tell
from tenants.models import Address

#: What she does herself proves that the address lives, and opens the messenger's window.
ALIVE: Final = frozenset({"button", "text", "start", "contact"})
#: Free text for 24 hours after the client wrote: Meta's rule for WhatsApp and Instagram.
WINDOWS: Final[Mapping[str, timedelta]] = {
    "whatsapp": timedelta(hours=24),
    "instagram": timedelta(hours=24),
}


def come_alive(tenant_id: UUID, heard: Sequence[Heard]) -> None:
    """Give dead addresses back from which somebody wrote, and note until when they are open."""
    own = [(one, owner) for one in heard if one.event.kind in ALIVE for owner in one.owners]
    dead = [owner for _, owner in own if owner.state == "inactive"]
    if dead:
        _set(tenant_id, dead, before="inactive", state="active")
    until = {
        owner.address: one.at + WINDOWS[owner.kind] for one, owner in own if owner.kind in WINDOWS
    }
    if until:
        keys = sorted(until)
        rows.run(sql.OPEN_WINDOW, [keys, [until[key] for key in keys], tenant_id])


def block(tenant_id: UUID, heard: Heard) -> None:
    """Switch the address off: she blocked the salon."""
    _set(tenant_id, heard.owners, before="active", state="inactive", reason="blocked")


def unblock(tenant_id: UUID, heard: Heard) -> None:
    """Switch it on again; what she agreed to does not come back with it."""
    _set(tenant_id, heard.owners, before="inactive", state="active")


def move(tenant_id: UUID, heard: Heard) -> str:
    """Write to her new address from now on; the old one stays, as history. Give a note or ""."""
    notes = [_move(tenant_id, heard, owner) for owner in heard.owners]
    return next(filter(None, notes), "")


def alias(tenant_id: UUID, heard: Heard) -> str:
    """Keep another address of the same person beside the one that is known."""
    notes = [_add(tenant_id, heard, owner) for owner in heard.owners]
    return next(filter(None, notes), "")


def _move(tenant_id: UUID, heard: Heard, owner: Owner) -> str:
    note = _add(tenant_id, heard, owner)
    if not note:
        _set(tenant_id, [owner], before=owner.state, state="inactive", reason="moved")
    return note


def _add(tenant_id: UUID, heard: Heard, owner: Owner) -> str:
    """Add the event's value to the owner's addresses, unless it is somebody else's."""
    value = _written(owner.kind, heard.event.value)
    if not value or value == owner.value:
        return "no_address"
    shared = {one.subscriber for one in heard.owners}
    others = Address.objects.filter(tenant_id=tenant_id, kind=owner.kind, value=value)
    others = others.filter(subscriber__mode=owner.mode).exclude(subscriber_id__in=shared)
    taken = others.select_related("subscriber").first()
    if taken is None:
        if set_address(tenant_id, owner.subscriber, owner.kind, value):
            news = SubscriberNews(owner.subscriber, owner.kind, "active")
            tell(tenant_id, [(ADDRESS_CHANGED, news)])
        return ""
    case = NewCase(
        tenant_id=tenant_id,
        cause=Cause.ADDRESS_TAKEN,
        mode=owner.mode,
        subscriber_id=owner.subscriber,
        subject=("subscriber", taken.subscriber.subscriber_id),
        channel=owner.kind,
    )
    open_case(case, heard.at)
    return TAKEN


def _written(kind: str, address: str) -> str:
    """Write an address in its one form; WhatsApp's own ids have none."""
    for text in sorted(spellings(kind, address), key=len, reverse=True):
        try:
            return normalise(kind, text)
        except Refused:
            continue
    return address


def _set(
    tenant_id: UUID, owners: Sequence[Owner], *, before: str, state: str, reason: str = ""
) -> None:
    arguments = {
        "tenant": tenant_id,
        "ids": sorted({owner.address for owner in owners}),
        "before": before,
        "state": state,
        "reason": reason,
    }
    changed = rows.fetch(sql.SET_STATE, arguments)
    news = [SubscriberNews(who, kind, _told(state, reason), reason) for who, kind in changed]
    tell(tenant_id, [(ADDRESS_CHANGED, one) for one in news])


def _told(state: str, reason: str) -> str:
    return "moved" if reason == "moved" else state
