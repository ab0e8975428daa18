"""A demo salon's line to the Phone and back: what it was sent, and what it reports, signed."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from channels.adapters.sandbox import FROM_PHONE, SIGNATURE, sign
from channels.integrations import ensure_phone
from channels.secrets import decrypt
from channels.told import Callback
from notifications import callback_tasks
from notifications.callbacks import receive
from notifications.models import LogEntry, Message, ReceivedCallback
from tenants.ids import uuid7
from tenants.models import Address
from tenants.scope import tenant_scope


class PhoneLine:
    """Everything a provider would do to us."""

    def __init__(self, salon) -> None:
        self.salon = salon
        self.transaction_id = ""
        self.row = ensure_phone(salon.pk)
        self.secret = decrypt(self.row.credentials)["secret"]

    def callback(self, *events, secret: str = "") -> Callback:
        body = json.dumps({"events": events}).encode()
        signature = sign(secret or self.secret, FROM_PHONE, body, now=time.time())
        return Callback(body, {SIGNATURE: signature})

    def report(self, *events) -> int:
        return receive(self.row.pk, self.row.callback_token, self.callback(*events)).kept

    def told(self, *events) -> None:
        """Report, and let the job apply it."""
        self.report(*events)
        self.work()

    def work(self, ahead: timedelta = timedelta(0)) -> None:
        """Apply what is open for this salon, as the job does, `ahead` of the clock."""
        with tenant_scope(self.salon.pk):
            ids = [row.pk for row in self.received if row.applied_at is None]
        callback_tasks._apply({self.salon.pk: ids}, datetime.now(UTC) + ahead)

    def all(self, model) -> list[Any]:
        with tenant_scope(self.salon.pk):
            return list(model.objects.filter(tenant_id=self.salon.pk).order_by("id"))

    @property
    def received(self) -> list[ReceivedCallback]:
        return self.all(ReceivedCallback)

    @property
    def sent(self) -> Message:
        """The one message that has left."""
        found: list[Message] = [m for m in self.all(Message) if m.channel != "in_app"]
        (message,) = found
        return message

    @property
    def log(self) -> list[tuple[str, str]]:
        """What the log says of it, after it was sent."""
        lines = [line for line in self.all(LogEntry) if line.message_id == self.sent.pk]
        return [(line.status, line.reason) for line in lines][1:]

    def address(self) -> Address:
        found: list[Address] = self.all(Address)
        (address,) = found
        return address


def status(state: str, message: Message | UUID | str, key: str = "") -> dict[str, str]:
    """What the Phone says of a message."""
    message_id = str(getattr(message, "pk", message))
    return {"type": state, "key": key or str(uuid7()), "message_id": message_id}


def press(message: Message | UUID, action: str, address: str, key: str = "") -> dict[str, str]:
    """What the Phone says of a pressed button."""
    return status("button", message, key) | {"address": address, "value": action}
