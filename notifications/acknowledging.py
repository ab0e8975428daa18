"""How does a client see that her press has arrived? A job asks the provider to show it.

It runs after the commit and outside any transaction; losing it is harmless, because the answer is
kept already: she sees the buttons a little longer. The queue carries ids only.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import django_rq
import redis
from django.conf import settings
from django.db import transaction

from channels import callback_doors
from channels.contract import Adapter
from channels.errors import DeliveryError
from channels.faults import FAULTS
from channels.guard import AddressGuard
from channels.routing import routed
from channels.told import InboundEvent
from channels.transport import call
from notifications import dispatch, inbound_people
from notifications.callbacks import Received, read_event
from notifications.inbound_presses import FOREIGN
from notifications.models import ReceivedCallback
from tenants.ids import created_at
from tenants.scope import tenant_scope

log = logging.getLogger(__name__)

#: A press that was answered later shows as failed on her side already.
WORTH_IT: Final = timedelta(minutes=5)
JOB_TIMEOUT_S: Final = 60
#: Note of the callback -> what she is shown.
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "": {"ru": "Спасибо, ваш ответ получен.", "en": "Thank you, we have your answer."},
    FOREIGN: {
        "ru": "Это сообщение для другого клиента, ответить на него нельзя.",
        "en": "This message is for another client and cannot be answered here.",
    },
}


def ask_on_commit(tenant_id: UUID, callbacks: Sequence[UUID]) -> None:
    """Ask for the job once the answers are committed."""
    if callbacks:
        transaction.on_commit(lambda: _enqueue(tenant_id, callbacks))


def acknowledge(tenant_id: str, callbacks: list[str]) -> int:
    """Show clients that their presses arrived; return how many (a job)."""
    since = datetime.now(UTC) - WORTH_IT
    fresh = [key for key in map(UUID, callbacks) if created_at(key) > since]
    return sum(_show(account, told, text) for account, told, text in _read(UUID(tenant_id), fresh))


def _enqueue(tenant_id: UUID, callbacks: Sequence[UUID]) -> None:
    try:
        django_rq.get_queue("high").enqueue(
            "notifications.acknowledging.acknowledge",
            str(tenant_id),
            [str(key) for key in callbacks],
            job_timeout=JOB_TIMEOUT_S,
            result_ttl=0,
        )
    except redis.RedisError as error:
        dispatch.outage.lasts("presses are not acknowledged", error)


def _read(tenant_id: UUID, keys: Sequence[UUID]) -> list[tuple[UUID, InboundEvent, str]]:
    """Read what is to be shown; the transaction ends before anybody is called."""
    with tenant_scope(tenant_id):
        rows = ReceivedCallback.objects.filter(
            tenant_id=tenant_id, pk__in=keys, applied_at__isnull=False
        )
        notes = {row.pk: str(row.event.get("note", "")) for row in rows}
        told = [
            Received(row.pk, row.integration_id, event)
            for row in rows
            if isinstance(event := read_event(row.event), InboundEvent)
        ]
        heard = inbound_people.of(tenant_id, told)
    return [
        (one.integration_id, one.event, _words(notes[one.id], heard[one.id]))
        for one in told
        if one.id in heard and notes[one.id] in WORDS
    ]


def _words(note: str, heard: inbound_people.Heard) -> str:
    spoken = next((owner.language for owner in heard.owners), "") or heard.event.language[:2]
    return WORDS[note].get(spoken, WORDS[note]["ru"])


def _show(account: UUID, event: InboundEvent, text: str) -> int:
    door = callback_doors.find(account)
    if door is None:
        return 0
    try:
        _call(door.adapter, event, text)
    except (DeliveryError, *FAULTS) as error:
        extra = {"integration": str(account), "error": type(error).__name__}
        log.warning("a press could not be acknowledged", extra=extra)
        return 0
    return 1


def _call(adapter: Adapter, event: InboundEvent, text: str) -> None:
    guard = AddressGuard(tuple(settings.ALLOWED_PRIVATE_TARGETS))
    for request in adapter.acknowledge(event, text):
        call(routed(request, adapter.credentials), guard)
