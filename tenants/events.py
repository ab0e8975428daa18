"""What do upper rooms hear of subscribers? This room tells; who listens says so at the start.

A listener runs in the scope and the transaction of the change. `notifications.events` is the one
that hands it on to subscribed code and to salons' webhooks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

CREATED, UPDATED = "subscriber.created", "subscriber.updated"
LINKED, UNSUBSCRIBED = "subscriber.linked", "subscriber.unsubscribed"
ADDRESS_CHANGED = "subscriber.address_changed"


@dataclass(frozen=True, slots=True)
class SubscriberNews:
    """What happened to one subscriber: no name, no number. subscriber: our id.

    channel: kind of the address. state: of the address now: "active", "inactive", "suppressed",
    "removed" or "moved". reason: why, in one of our words.
    """

    subscriber: UUID
    channel: str = ""
    state: str = ""
    reason: str = ""


Told = tuple[str, SubscriberNews]
Listener = Callable[[UUID, Sequence[Told]], None]

_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Let a listener hear of every change of subscribers; twice is once."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(tenant_id: UUID, told: Sequence[Told]) -> None:
    """Tell what has just been written; call where it is written. Nothing told costs nothing."""
    if told:
        for listener in tuple(_listeners):
            listener(tenant_id, told)
