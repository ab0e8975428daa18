"""What does a Novu beside Kolokol tell us, and what does it hand over?

1. The call is proven like any provider's callback: token, allow-list, signature.
2. `hear` writes a row of the external delivery log, once by the event's key; a failure of a
   critical workflow opens a case. Critical is what the account's list or the event says, and what
   is critical in a workflow of the same name here.
3. `carry` sends on what Novu has no channel for, by an ordinary trigger whose transaction is the
   message's own, so that a repetition sends nothing.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import UUID

from channels.adapters.novu import ExternalEvent, HandedOver, NovuAdapter
from channels.callback_doors import Door
from channels.told import BadSignature, Callback
from notifications.callbacks import door_of
from notifications.commands import read_command
from notifications.escalation import NewCase, open_case
from notifications.models import Cause, ExternalDelivery, Workflow
from notifications.publish import caller_here
from notifications.seeding import seed
from notifications.trigger import accept
from tenants.errors import InvalidFields, NotFound, Unauthorized
from tenants.models import Subscriber
from tenants.scope import tenant_scope

PACK, WORKFLOW = "novu", "novu-message"


def hear(account_id: UUID, token: str, callback: Callback, *, caller: str) -> bool:
    """Note what Novu tells; False when it was told before, or says nothing.

    Raises NotFound, Forbidden, Unauthorized, TooLarge. Call outside any transaction.
    """
    door, adapter = _opened(account_id, token, callback, caller)
    try:
        event = adapter.event(callback)
    except BadSignature as error:
        raise _unsigned() from error
    if event is None:
        return False
    with tenant_scope(_tenant(door)):
        return _note(_tenant(door), door.id, event)


def carry(account_id: UUID, token: str, callback: Callback, *, caller: str) -> str:
    """Send a message on for Novu; return its transaction id, the first one's when repeated.

    Raises what `hear` raises, and InvalidFields.
    """
    door, adapter = _opened(account_id, token, callback, caller)
    try:
        message = adapter.handed_over(callback)
    except BadSignature as error:
        raise _unsigned() from error
    if message is None:
        rule = "must hold subscriberId and a payload with content"
        raise InvalidFields(f"The body {rule}.", errors={"body": [rule]})
    tenant_id = _tenant(door)
    with tenant_scope(tenant_id):  # by itself: what a trigger reads must be committed
        if not Workflow.objects.filter(tenant_id=tenant_id, identifier=WORKFLOW).exists():
            seed(tenant_id, PACK)
    with tenant_scope(tenant_id):
        return _carry(tenant_id, door.id, message)


def _opened(
    account_id: UUID, token: str, callback: Callback, caller: str
) -> tuple[Door, NovuAdapter]:
    door = door_of(account_id, token, callback, caller=caller)
    if not isinstance(door.adapter, NovuAdapter) or door.tenant_id is None:
        raise NotFound("There is no such callback address.")
    return door, door.adapter


def _tenant(door: Door) -> UUID:
    assert door.tenant_id is not None  # noqa: S101 (asked when it was opened)
    return door.tenant_id


def _unsigned() -> Unauthorized:
    return Unauthorized("The signature is missing, wrong or too old.")


def _note(tenant_id: UUID, account_id: UUID, event: ExternalEvent) -> bool:
    row = ExternalDelivery(
        tenant_id=tenant_id,
        integration_id=account_id,
        key=_key(event.key),
        event=event.event,
        external_id=event.external_id[:128],
        transaction_id=event.transaction_id,
        workflow=event.workflow[:120],
        step=event.step[:120],
        channel=event.channel[:16],
        status=event.status[:32],
        subscriber_key=event.subscriber,
        provider=event.provider[:64],
        error=event.error[:300],
        at=_moment(event.moment),
        raw=event.raw,
        metadata=event.metadata,
    )
    if not _insert(row):
        return False
    if event.is_failure and _is_critical(tenant_id, event):
        open_case(_case(tenant_id, event))
    return True


def _insert(row: ExternalDelivery) -> bool:
    """Write it once; who was faster has its id."""
    ExternalDelivery.objects.bulk_create([row], ignore_conflicts=True)
    return bool(ExternalDelivery.objects.filter(pk=row.pk).exists())


def _is_critical(tenant_id: UUID, event: ExternalEvent) -> bool:
    own = Workflow.objects.filter(tenant_id=tenant_id, identifier=event.workflow, is_critical=True)
    return event.is_critical or bool(event.workflow and own.exists())


def _case(tenant_id: UUID, event: ExternalEvent) -> NewCase:
    people = Subscriber.objects.filter(tenant_id=tenant_id, mode="live")
    client = people.filter(subscriber_id=event.subscriber).values_list("pk", flat=True).first()
    reference = event.transaction_id or event.external_id or event.key
    return NewCase(
        tenant_id=tenant_id,
        cause=Cause.NOVU_FAILED,
        subscriber_id=client,
        subject=("novu", reference),
        text=" ".join(filter(None, [event.workflow, event.channel, event.error])),
    )


def _carry(tenant_id: UUID, account_id: UUID, message: HandedOver) -> str:
    transaction_id = f"novu_{_digest(f'{account_id}:{message.key}')}"
    now = datetime.now(UTC)
    body = {
        "name": WORKFLOW,
        "to": message.subscriber,
        "payload": {"text": message.text},
        "transactionId": transaction_id,
        "overrides": {"channel": message.channel},
    }
    accept(caller_here("live"), read_command(body, now), now)
    row = ExternalDelivery(
        tenant_id=tenant_id,
        integration_id=account_id,
        key=transaction_id,
        event="message.handed_over",
        transaction_id=transaction_id,
        workflow=WORKFLOW,
        channel=message.channel[:16],
        status="accepted",
        subscriber_key=message.subscriber,
        at=now,
    )
    _insert(row)
    return transaction_id


def _key(key: str) -> str:
    return key if len(key) <= 100 and key.isprintable() and key.isascii() else _digest(key)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _moment(text: str) -> datetime:
    """Read the moment that was told, else now; a zone that is missing is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
