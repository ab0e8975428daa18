"""A provider calls: prove that it is the provider, keep what it tells, answer at once.

1. `receive` finds the integration, compares the token, and lets the adapter verify the raw bytes.
2. Every event is kept once by its key; a repetition changes nothing.
3. On commit a job is asked for (`notifications.callback_tasks`), which applies what was kept:
   `notifications.tracking` moves messages, `notifications.inbound` hears the client.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import django_rq
import redis
from django.db import transaction

from channels.accounts import open_adapter
from channels.faults import FAULTS
from channels.models import Integration
from channels.told import AccountEvent, BadSignature, Callback, InboundEvent, StatusEvent, Told
from notifications import dispatch
from notifications.sql import callbacks as sql
from tenants import rows
from tenants.errors import NotFound, TooLarge, Unauthorized
from tenants.ids import uuid7
from tenants.scope import tenant_scope

log = logging.getLogger(__name__)

MOST_BYTES = 512 * 1024
LONGEST_KEY = 200
LONGEST_VALUE = 4096
FLAG = "kolokol:woken:callbacks"
JOB_TIMEOUT_S = 60

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


def receive(
    integration_id: UUID, token: str, callback: Callback, now: datetime | None = None
) -> int:
    """Keep what a provider tells; return how many of its events were new.

    Raises NotFound for an unknown integration or token, Unauthorized for a wrong signature,
    TooLarge. now: when the events are due; the clock's when it is not given.
    """
    if len(callback.body) > MOST_BYTES:
        raise TooLarge("The body is larger than 512 KB.")
    tenant_id = rows.fetch("select kolokol_integration_tenant(%s)", [integration_id])[0][0]
    if tenant_id is None:
        raise _unknown()
    with tenant_scope(tenant_id):
        integration = _integration(tenant_id, integration_id, token)
        kept = _keep(integration, _read(integration, callback), now or datetime.now(UTC))
        if kept:
            transaction.on_commit(ask_for_job)
    return kept


def ask_for_job() -> None:
    """Ask for one job that applies what is kept; losing or doubling it is harmless."""
    try:
        if dispatch.server().set(FLAG, 1, nx=True, px=dispatch.FLAG_TTL_MS):
            django_rq.get_queue("high").enqueue(
                "notifications.callback_tasks.apply_callbacks",
                job_timeout=JOB_TIMEOUT_S,
                result_ttl=JOB_TIMEOUT_S,
            )
    except redis.RedisError:
        log.warning("redis is away: callbacks wait for the next tick")


def read_event(kept: dict[str, Any]) -> Told:
    """Turn a kept event back into what the adapter gave."""
    kind = _TYPES[kept["type"]]
    given = {name: kept[name] for name in kind.__slots__ if name in kept}
    return kind(**given)


def _unknown() -> NotFound:
    return NotFound("There is no such callback address.")


def _integration(tenant_id: UUID, integration_id: UUID, token: str) -> Integration:
    row: Integration | None = Integration.objects.filter(
        tenant_id=tenant_id, pk=integration_id
    ).first()
    if row is None or not hmac.compare_digest(row.callback_token.encode(), token.encode()):
        raise _unknown()
    return row


def _read(integration: Integration, callback: Callback) -> Sequence[Told]:
    """Let the adapter verify and translate.

    A body that it cannot read is logged and dropped: answering with an error would make the
    provider send it again and hold back all that comes after it.
    """
    try:
        adapter = open_adapter(integration.pk, integration.provider, integration.credentials)
        return adapter.read_callback(callback)
    except BadSignature as error:
        raise Unauthorized("The callback's signature is missing or wrong.") from error
    except FAULTS as error:
        log.error(
            "a callback could not be read",
            extra={"integration": str(integration.pk), "error": type(error).__name__},
        )
        return ()


def _keep(integration: Integration, events: Sequence[Told], now: datetime) -> int:
    if not events:
        return 0
    written = [json.dumps(_storable(event)) for event in events]
    arguments = {
        "tenant": integration.tenant_id,
        "integration": integration.pk,
        "now": now,
        "ids": sorted(uuid7() for _ in events),  # in the order in which they were told
        "keys": [_key(event, text) for event, text in zip(events, written, strict=True)],
        "events": written,
    }
    return len(rows.fetch(sql.KEEP, arguments))


def _storable(event: Told) -> dict[str, str]:
    """Drop what PostgreSQL refuses in JSON: NUL and halves of surrogate pairs."""
    values = {
        name: value.replace("\0", "").encode("utf-8", "replace").decode()[:LONGEST_VALUE]
        for name, value in asdict(event).items()
        if value
    }
    return {"type": _NAMES[type(event)], **values}


def _key(event: Told, written: str) -> str:
    """Give the provider's key, or a digest where it has none or a very long one."""
    if event.key and len(event.key) <= LONGEST_KEY and "\0" not in event.key:
        return event.key
    return hashlib.sha256(written.encode()).hexdigest()
