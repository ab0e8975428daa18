"""A provider calls: prove that it is the provider, keep what it tells, answer at once.

1. `receive` finds the account, compares the token, and lets the adapter verify the raw bytes.
2. Every event is kept once by its key (`notifications.keeping`); a repetition changes nothing.
3. A job (`notifications.callback_tasks`) applies what was kept: `notifications.tracking` moves
   messages, `notifications.inbound` hears the client. What came to an account that the platform
   lends to salons is brought home to the right one first (`notifications.lent`).
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

from channels import callback_doors
from channels.callback_doors import Door
from channels.callback_needs import answered
from channels.faults import FAULTS
from channels.told import (
    AccountEvent,
    BadSignature,
    Callback,
    InboundEvent,
    Reply,
    StatusEvent,
    Told,
)
from notifications import shared_addresses
from notifications.keeping import Kept, keep
from tenants.errors import Forbidden, NotFound, TooLarge, Unauthorized
from tenants.ids import uuid7

log = logging.getLogger(__name__)

MOST_BYTES = 1024 * 1024  # a thousand events of SendGrid are more than half of it
LONGEST_KEY = 200
LONGEST_VALUE = 4096

_TYPES: dict[str, type[Told]] = {
    "status": StatusEvent,
    "inbound": InboundEvent,
    "account": AccountEvent,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}


E = TypeVar("E", bound=Told, covariant=True)


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """A kept callback on its way to being applied. attempt: how often it was tried in vain."""

    id: UUID
    integration_id: UUID
    event: E
    attempt: int = 0


OfMessage = Received[StatusEvent] | Received[InboundEvent]


def of_kind(received: Sequence[Received[Told]], kind: type[E]) -> list[Received[E]]:
    """Pick the events of one kind, in order."""
    return [
        Received(one.id, one.integration_id, one.event, one.attempt)
        for one in received
        if isinstance(one.event, kind)
    ]


@dataclass(frozen=True, slots=True)
class Taken:
    """How many events of a call were new, and the answer in the provider's form."""

    kept: int
    reply: Reply


def receive(
    account_id: UUID,
    token: str,
    callback: Callback,
    *,
    caller: str = "",
    now: datetime | None = None,
) -> Taken:
    """Keep what a provider tells.

    Raises NotFound for an unknown account or token, Forbidden for an address that is not on its
    list, Unauthorized for a wrong signature, TooLarge, and Unavailable when the provider must be
    asked and cannot be. caller: IP address, "" if unknown.
    now: when the events are due; the clock's when it is not given.
    """
    door = door_of(account_id, token, callback, caller=caller)
    try:
        greeting, told = answered(callback, partial(_hear, door))
    except BadSignature as error:
        raise Unauthorized("The callback's signature is missing or wrong.") from error
    moment = now or datetime.now(UTC)
    shares = shared_addresses.split(door, callback, told)
    kept = sum(keep_told(one.tenant_id, one.id, events, moment) for one, events in shares)
    return Taken(kept, greeting or door.adapter.taken)


def door_of(account_id: UUID, token: str, callback: Callback, *, caller: str) -> Door:
    """Find the account that is called; raises NotFound, Forbidden, TooLarge."""
    if len(callback.body) > MOST_BYTES:
        raise TooLarge("The body is larger than 1 MB.")
    door = callback_doors.find(account_id)
    if door is None or not door.opens_to(token):
        raise NotFound("There is no such callback address.")
    if not door.lets_in(caller):
        raise Forbidden("This address is not on the list of those that may call back.")
    return door


def keep_told(tenant_id: UUID | None, account_id: UUID, told: Sequence[Told], now: datetime) -> int:
    """Keep events in the order in which they were told; give how many were new.

    tenant_id: None for an account that the platform lends.
    """
    written = [json.dumps(_storable(event)) for event in told]
    ids = sorted(uuid7() for _ in told)
    return keep(
        [
            Kept(tenant_id, account_id, _key(event, text), text, now, key, _NAMES[type(event)])
            for event, text, key in zip(told, written, ids, strict=True)
        ]
    )


def read_event(kept: dict[str, Any]) -> Told:
    """Turn a kept event back into what the adapter gave."""
    kind = _TYPES[kept["type"]]
    given = {name: kept[name] for name in kind.__slots__ if name in kept}
    return kind(**given)


def _hear(door: Door, callback: Callback) -> tuple[Reply | None, Sequence[Told]]:
    greeting = door.adapter.greet(callback)
    return greeting, [] if greeting else _read(door, callback)


def _read(door: Door, callback: Callback) -> Sequence[Told]:
    """Let the adapter verify and translate.

    A body that it cannot read is logged and dropped: answering with an error would make the
    provider send it again and hold back all that comes after it.
    """
    try:
        return door.adapter.read_callback(callback)
    except FAULTS as error:
        extra = {"integration": str(door.id), "error": type(error).__name__}
        log.error("a callback could not be read", extra=extra)
        return ()


def _storable(event: Told) -> dict[str, str]:
    """Drop what PostgreSQL refuses in JSON: NUL and halves of surrogate pairs."""
    values = {
        name: value.replace("\0", "").encode("utf-8", "replace").decode()[:LONGEST_VALUE]
        for name in event.__slots__
        if (value := getattr(event, name))
    }
    return {"type": _NAMES[type(event)], **values}


def _key(event: Told, written: str) -> str:
    """Give the provider's key, or a digest where it has none or a very long one."""
    if event.key and len(event.key) <= LONGEST_KEY and "\0" not in event.key:
        return event.key
    return hashlib.sha256(written.encode()).hexdigest()
