"""A salon with workflows, a provider that takes its messages, and a worker in this process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import connection

from channels.gateway import Gateway
from channels.guard import AddressGuard
from channels.integrations import add_integration
from notifications.commands import read_command
from notifications.engine import Drain
from notifications.models import Due, LogEntry, Message, Notification, Workflow
from notifications.publishing import publish_workflow
from notifications.seeding import seed
from notifications.trigger import accept
from tenants.auth import Caller
from tenants.ids import uuid7
from tenants.models import Tenant
from tenants.owner import as_owner
from tenants.scope import tenant_scope
from tests.provider import Provider

QUEUES = ("urgent", "high", "normal", "low")
VISIT = {
    "clientName": "Анна",
    "appointmentTime": "2026-12-01T15:30:00+03:00",
    "serviceName": "Стрижка",
    "staffName": "Мария",
    "salonName": "Роза",
    "confirmUrl": "https://salon.example/c/1",
    "rescheduleUrl": "https://salon.example/r/1",
}
PROMO = {
    "clientName": "Анна",
    "lastVisit": "2026-08-01",
    "promoCode": "BACK10",
    "promoDiscount": "10",
}


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider that takes everything at once."""
    one = Provider()
    yield one
    one.close()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A worker's door that may reach loopback."""
    one = Gateway(guard=AddressGuard(("127.0.0.1",)))
    yield one
    one.close()


@pytest.fixture
def worker(gateway) -> Iterator[Drain]:
    """A drain over all queues; at the end of the test the open work of all tests is forgotten."""
    yield Drain(QUEUES, gateway, "test")
    forget_open_work()


def forget_open_work() -> None:
    """Leave nothing for the next test to send."""
    with as_owner(), connection.cursor() as cursor:
        for table in ("due", "chunk", "fanout", "batch"):
            cursor.execute(f"delete from notifications_{table}")  # noqa: S608 (literals above)


@pytest.fixture
def reminders(salon, provider) -> Reminders:
    """A salon that is ready to remind its clients over this provider."""
    return Reminders(salon, provider)


class Reminders:
    """Acts for one salon: triggers, reads back."""

    def __init__(self, salon: Tenant, provider: Provider) -> None:
        self.salon = salon
        with tenant_scope(salon.pk):
            seed(salon.pk)
        for kind in ("chat", "sms", "email"):
            self.connect(kind, provider)

    def connect(self, kind: str, provider: Provider) -> None:
        add_integration(
            self.salon.pk,
            "webhook",
            {"url": provider.url, "secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="},
            identifier=f"provider-{kind}",
            kind=kind,
        )

    @property
    def caller(self) -> Caller:
        with tenant_scope(self.salon.pk):
            version = Tenant.objects.get(pk=self.salon.pk).config_version
        return Caller(self.salon.pk, uuid7(), "live", (), self.salon.slug, version, False)

    def trigger(self, name="appointment-reminder-24h", to=None, payload=None, **fields):
        """Trigger as the API would; returns the transaction id."""
        person = {"subscriberId": "anna", "phone": "+79161234567", "locale": "ru"}
        body = {"name": name, "to": to or person, "payload": payload or VISIT, **fields}
        now = datetime.now(UTC)
        caller = self.caller
        with tenant_scope(self.salon.pk):
            return accept(caller, read_command(body, now), now).transaction_id

    def change_workflow(self, name: str, **values) -> None:
        """Edit and publish."""
        with tenant_scope(self.salon.pk):
            workflow = Workflow.objects.get(identifier=name)
            for field, value in values.items():
                setattr(workflow, field, value)
            workflow.save()
            publish_workflow(workflow)

    def all(self, model):
        with tenant_scope(self.salon.pk):
            return list(model.objects.filter(tenant_id=self.salon.pk).order_by("id"))

    @property
    def messages(self) -> list[Message]:
        return self.all(Message)

    @property
    def notifications(self) -> list[Notification]:
        return self.all(Notification)

    @property
    def log(self) -> list[tuple[str, str]]:
        return [(line.status, line.reason) for line in self.all(LogEntry)]

    @property
    def due(self) -> list[Due]:
        return self.all(Due)
