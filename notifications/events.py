"""Who hears of what happened? Subscribed code by name, and salons' webhooks; no signals.

`notifications.news` has the table of events. A handler runs inside the scope and the transaction
that wrote the change, so what it writes commits with it, or not at all: the scope is the tenant's,
or that of a batch of tenants (then its queries name tenant_id, as all do). It makes no network
calls; one that fails makes the whole callback, or batch, be tried again later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from notifications.news import (
    ANSWERED,
    BOUNCED,
    DELIVERED,
    FAILED,
    NAMES,
    OF_STATUS,
    READ,
    SENT,
    SKIPPED,
    AnyNews,
    AppointmentNews,
    News,
    Told,
)
from notifications.webhooks import outbox
from tenants.events import ADDRESS_CHANGED, SubscriberNews
from tenants.events import Told as ToldOfSubscriber

__all__ = [
    "ADDRESS_CHANGED",
    "ANSWERED",
    "BOUNCED",
    "DELIVERED",
    "FAILED",
    "NAMES",
    "OF_STATUS",
    "READ",
    "SENT",
    "SKIPPED",
    "AppointmentNews",
    "Handler",
    "News",
    "SubscriberNews",
    "Told",
    "hear_of_subscribers",
    "publish",
    "publish_all",
    "subscribe",
    "subscribed",
    "unsubscribe",
]

#: Called with the tenant's id and the news: News of message.*, tenants.events.SubscriberNews of
#: subscriber.*, AppointmentNews of appointment.*.
Handler = Callable[[UUID, Any], None]

_handlers: dict[str, list[Handler]] = {name: [] for name in NAMES}


def subscribe(name: str, handler: Handler) -> None:
    """Let a handler hear of every event of this name; twice is once. Raises KeyError."""
    if handler not in _handlers[name]:
        _handlers[name].append(handler)


def unsubscribe(name: str, handler: Handler) -> None:
    """Forget a handler."""
    if handler in _handlers[name]:
        _handlers[name].remove(handler)


def subscribed() -> frozenset[str]:
    """Name the events that some code of this process hears of."""
    return frozenset(name for name, handlers in _handlers.items() if handlers)


def publish(name: str, tenant_id: UUID, news: AnyNews) -> None:
    """Tell of one event; see publish_all."""
    publish_all([Told(tenant_id, name, news)])


def publish_all(told: Sequence[Told]) -> None:
    """Tell all handlers, in the order in which they came, then the salons' webhooks.

    Webhooks cost one statement for all, two more when some endpoint wants an event.
    """
    for one in told:
        for handler in tuple(_handlers[one.name]):
            handler(one.tenant_id, one.news)
    outbox.write(told)


def hear_of_subscribers(tenant_id: UUID, told: Sequence[ToldOfSubscriber]) -> None:
    """Hand on what the room of tenants tells (a listener of tenants.events)."""
    publish_all([Told(tenant_id, name, news) for name, news in told])
