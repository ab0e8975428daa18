"""What do upper rooms hear of messages? A registry of handlers by name; no signals.

A handler runs inside the tenant's scope and the transaction that wrote the change, so what it
writes commits with it, or not at all. It makes no network calls; one that fails makes the whole
callback be tried again later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

DELIVERED, READ = "message.delivered", "message.read"
FAILED, ANSWERED = "message.failed", "message.answered"
NAMES = (DELIVERED, READ, FAILED, ANSWERED)


@dataclass(frozen=True, slots=True)
class News:
    """What happened to one message. subscriber: our id. action: of the button, when answered.

    state: the message's new state; "failed" and "bounced" both come as message.failed.
    """

    message: UUID
    notification: UUID
    event: UUID
    subscriber: UUID
    mode: str
    state: str
    reason: str = ""
    action: str = ""


Handler = Callable[[UUID, News], None]

_handlers: dict[str, list[Handler]] = {name: [] for name in NAMES}


def subscribe(name: str, handler: Handler) -> None:
    """Let a handler hear of every event of this name; twice is once. Raises KeyError."""
    if handler not in _handlers[name]:
        _handlers[name].append(handler)


def unsubscribe(name: str, handler: Handler) -> None:
    """Forget a handler."""
    if handler in _handlers[name]:
        _handlers[name].remove(handler)


def publish(name: str, tenant_id: UUID, news: News) -> None:
    """Tell all handlers, in the order in which they came."""
    for handler in tuple(_handlers[name]):
        handler(tenant_id, news)
