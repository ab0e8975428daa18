"""A salon with workflows, a provider that takes its messages, and a worker in this process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property

import pytest

from channels.gateway import Gateway
from channels.guard import AddressGuard
from channels.integrations import add_integration
from notifications.commands import read_command
from notifications.definition import SILENT_KINDS
from notifications.engine import Drain
from notifications.models import (
    DeadLetter,
    Due,
    LogEntry,
    Message,
    MessageTemplate,
    Notification,
    Step,
    Workflow,
)
from notifications.packs import load_pack
from notifications.publishing import publish_workflow
from notifications.seeding import Copies, Published, seed
from notifications.trigger import accept, cancel
from tenants import rows
from tenants.auth import Caller
from tenants.ids import uuid7
from tenants.models import Address, Tenant
from tenants.scope import tenant_scope
from tests.factories import agree
from tests.isolation.planting import forget_open_work, superuser
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


def run_until(worker: Drain, question: Callable[[], object], seconds: float = 20.0) -> None:
    """Let the worker work until the question is answered yes, however slow the machine is."""
    deadline = time.monotonic() + seconds
    while not question() and time.monotonic() < deadline:
        worker.run(0.1)


def change(statement: str, params=()) -> int:
    """Run one statement behind the engine's back; return how many rows it touched."""
    with superuser() as one:
        return one.execute(statement, params).rowcount


def end_lease() -> None:
    """Let every worker have died: its lease is over. A batch's row keeps its messages' ids."""
    change("update notifications_batch set lease_until = now() - interval '1 second'")


def look(statement: str, params=()):
    """Read behind the engine's back."""
    with superuser() as one:
        return one.execute(statement, params).fetchall()


@pytest.fixture
def reminders(salon, provider) -> Reminders:
    """A salon that is ready to remind its clients over this provider, with no work but its own."""
    forget_open_work()  # of tests that had no worker
    return Reminders(salon, provider)


@pytest.fixture
def seeded(reminders) -> Reminders:
    """The same salon with the scenarios that every new one has; a trigger brings its own."""
    assert reminders.seeded
    return reminders


NO_QUIET = {"quiet": ["00:00", "00:00"]}
SEEDED = {workflow.identifier: workflow for workflow in load_pack("salon").workflows}


class Reminders:
    """Acts for one salon: triggers, reads back.

    is_agreed: its clients want its advertising. gateway: of who sends for it, if a test says so.
    """

    is_agreed = True
    gateway: Gateway | None = None

    def __init__(self, salon: Tenant, provider: Provider) -> None:
        self.salon, self.provider = salon, provider
        self.provided: set[str] = set()
        self.limit(same_text_minutes=0)  # tests trigger the same twice
        for kind in ("chat", "sms", "email"):
            self.connect(kind, provider)

    @cached_property
    def seeded(self) -> int:
        """Seed the salon as every new one is; few tests need it all."""
        with tenant_scope(self.salon.pk):
            return seed(self.salon.pk)

    def connect(self, kind: str, provider: Provider, identifier: str = "") -> None:
        add_integration(
            self.salon.pk,
            "webhook",
            {"url": provider.url, "secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="},
            identifier=identifier or f"provider-{kind}",
            kind=kind,
        )

    @property
    def caller(self) -> Caller:
        return self.caller_of("live")

    def caller_of(self, mode) -> Caller:
        with tenant_scope(self.salon.pk):
            return self._caller(mode)

    def _caller(self, mode) -> Caller:
        """Know the caller, in an open scope."""
        [(version,)] = rows.fetch(
            "select config_version from tenants_tenant where id = %s", [self.salon.pk]
        )
        return Caller(self.salon.pk, uuid7(), mode, (), self.salon.slug, version, False)

    def trigger(
        self, name="appointment-reminder-24h", to=None, payload=None, *, mode="live", **fields
    ):
        """Trigger as the API would; returns the transaction id. to="all": a broadcast."""
        person = {"subscriberId": "anna", "phone": "+79161234567", "locale": "ru"}
        body = {"name": name, "to": to or person, "payload": payload or VISIT, **fields}
        now = datetime.now(UTC)
        if name in SEEDED and name not in self.provided:
            self._provide(name)
        with tenant_scope(self.salon.pk):
            command = read_command(body, now, is_broadcast=to == "all")
            transaction_id = accept(self._caller(mode), command, now).transaction_id
            is_mk = rows.fetch(
                "select 1 from notifications_workflow where identifier = %s and category = 'mk'",
                [name],
            )
        if is_mk and self.is_agreed:
            agree(self.salon.pk)
        return transaction_id

    def _provide(self, name) -> None:
        """Give the salon one of the scenarios that every new one has; all would cost much."""
        self.provided.add(name)
        with tenant_scope(self.salon.pk):
            if Workflow.objects.filter(identifier=name).exists():
                return
            taken = set(MessageTemplate.objects.values_list("key", flat=True))
            published = Published()
            Copies(self.salon, load_pack("salon"), taken, published).add(SEEDED[name])
            published.write()

    def cancel(self, transaction_id: str) -> bool:
        caller = self.caller
        with tenant_scope(self.salon.pk):
            return cancel(caller, transaction_id)

    def workflow(self, name: str, *steps, body="Привет, {{ clientName }}", **fields) -> None:
        """Add a published workflow; steps: kinds, or (kind, fields); channels have `body`."""
        workflow = Workflow(
            tenant=self.salon,
            identifier=name,
            name_ru=name,
            payload_schema={
                "type": "object",
                "properties": {"clientName": {"type": "string", "default": "Анна"}},
            },
            **fields,
        )
        made = [self._step(workflow, position, step, body) for position, step in enumerate(steps)]
        published = Published()
        for template in (step.template for step in made if step.template):
            published.add_template(template)
        published.add_workflow(workflow, made)
        with tenant_scope(self.salon.pk):
            published.write()

    def _step(self, workflow, position, step, body) -> Step:
        kind, fields = step if isinstance(step, tuple) else (step, {})
        texts = {"body": body, **fields}
        template = None
        if kind not in SILENT_KINDS:
            template = MessageTemplate(
                tenant=self.salon,
                key=f"{workflow.identifier}-{position}",
                name=workflow.identifier,
                body_ru=texts["body"],
                title_ru=texts.get("title", ""),
            )
        return Step(
            tenant=self.salon,
            workflow=workflow,
            key=f"step-{position}",
            position=position,
            kind=kind,
            template=template,
            **{name: value for name, value in fields.items() if name not in ("body", "title")},
        )

    def promo(self, name="promo", *channels, **fields) -> None:
        """Publish marketing of one step that may go at night."""
        self.limit(**NO_QUIET)
        steps = [("sms", {"channels": list(channels or ("sms",))})]
        self.workflow(name, *steps, category="mk", priority="low", **fields)

    def limit(self, **limits) -> None:
        """Set limits of the salon, beside those that it has."""
        with tenant_scope(self.salon.pk):
            rows.run(
                "update tenants_tenant set limits = limits || %s::jsonb where id = %s",
                [json.dumps(limits), self.salon.pk],
            )

    def set_salon(self, **fields) -> None:
        with tenant_scope(self.salon.pk):
            Tenant.objects.filter(pk=self.salon.pk).update(**fields)

    def hurry(self) -> int:
        """Let everything that waits be due now."""
        return change(
            "update notifications_due set due_at = now() where tenant_id = %s and state = 0",
            [self.salon.pk],
        )

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
    def states(self) -> list[tuple[str, str]]:
        return [(one.state, one.reason) for one in self.notifications]

    @property
    def letters(self) -> list[DeadLetter]:
        return self.all(DeadLetter)

    @property
    def addresses(self) -> list[tuple[str, str, str, str]]:
        return [(a.kind, a.value, a.state, a.reason) for a in self.all(Address)]

    @property
    def log(self) -> list[tuple[str, str]]:
        return [(line.status, line.reason) for line in self.all(LogEntry)]

    @property
    def due(self) -> list[Due]:
        return self.all(Due)
