"""A demo salon whose clients have had a reminder on the Phone, and what they do about it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.told import InboundEvent
from notifications.callbacks import keep_told
from notifications.inbound_answers import PACK
from notifications.models import Escalation, LogEntry, Message, Notification
from notifications.seeding import seed
from tenants.ids import uuid7
from tenants.models import Consent
from tenants.scope import tenant_scope
from tests.factories import TenantFactory
from tests.notifications.phone_line import PhoneLine

PHONE = "+79161234567"


class ClientLine(PhoneLine):
    """A line to the salon from its clients' side."""

    def equip(self) -> None:
        """Give the salon the workflows that every salon starts with."""
        with tenant_scope(self.salon.pk):
            seed(self.salon.pk, PACK)

    def hears(self, *events: InboundEvent, account=None) -> None:
        """Let an account tell events, and apply them."""
        keep_told(self.salon.pk, account or self.row.pk, events, datetime.now(UTC))
        self.work()

    def writes(self, text: str, address: str = PHONE, **more: str) -> None:
        self.told({"type": "text", "key": str(uuid7()), "address": address, "value": text, **more})

    @property
    def notes(self) -> list[str]:
        """What is noted at each callback."""
        return [row.event.get("note", "") for row in self.received]

    @property
    def answered(self) -> list[str]:
        """Which workflows answer the client, in order."""
        with tenant_scope(self.salon.pk):
            rows = Notification.objects.order_by("id").values_list(
                "event__workflow__pack", flat=True
            )
            names = Notification.objects.order_by("id").values_list(
                "event__workflow__identifier", flat=True
            )
            return [name for pack, name in zip(rows, names, strict=True) if pack == PACK]

    @property
    def consents(self) -> list[tuple[str, str, bool, str]]:
        return [(c.purpose, c.channel, c.given, c.source) for c in self.all(Consent)]

    @property
    def cases(self) -> list[Escalation]:
        return self.all(Escalation)

    def story_of(self, message: Message) -> list[tuple[str, str]]:
        lines = [line for line in self.all(LogEntry) if line.message_id == message.pk]
        return [(line.status, line.reason) for line in lines][1:]


@pytest.fixture
def salon():
    """A demo salon, whose messages go to the Phone."""
    return TenantFactory.create(is_sandbox=True)


@pytest.fixture
def line(salon, reminders, worker, provider, settings) -> ClientLine:
    """Anna has had a reminder with two buttons."""
    settings.PHONE_URL = provider.url.rstrip("/")
    line = ClientLine(salon)
    line.equip()
    reminders.trigger()
    worker.drain_dry()
    return line
