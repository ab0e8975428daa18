"""The salons of a chaos run: clients, a provider, and a workflow for each way through the engine.

Made by our own verbs in the database of the installation. Limits that would hide messages are out
of reach, but still evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

LIMITS = {
    "quiet": ["00:00", "00:00"],
    "mk_per_window": 10**6,
    "per_hour": 10**6,
    "tx_per_day": 10**6,
    "mk_per_day": 10**6,
}
CLIENTS = 40
TOPIC = "everybody"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#: identifier -> category, priority, steps before the message
WORKFLOWS: dict[str, tuple[str, str, tuple[tuple[str, dict[str, Any]], ...]]] = {
    "tx-urgent": ("tx", "urgent", ()),
    "tx-high": ("tx", "high", (("in_app", {}),)),
    "tx-normal": ("tx", "normal", ()),
    "tx-low": ("tx", "low", (("delay", {"seconds": 1}),)),
    "mk-normal": ("mk", "normal", ()),
    "mk-low": ("mk", "low", (("in_app", {}),)),
}
SCHEMA = {
    "type": "object",
    "required": ["txn"],
    "properties": {"txn": {"type": "string", "minLength": 1}},
}


@dataclass(frozen=True)
class Salon:
    """What the generator needs to know of a salon. clients: (subscriberId, phone)."""

    id: UUID
    key: str
    clients: tuple[tuple[str, str], ...]


def make_salons(number: int, provider_url: str, prefix: str) -> list[Salon]:
    """Make the salons; call with Django set up for the installation's database."""
    return [_make(index, provider_url, f"{prefix}-{index}") for index in range(number)]


def _make(index: int, provider_url: str, slug: str) -> Salon:
    from channels.integrations import add_integration
    from tenants.accounts import create_tenant, issue_key
    from tenants.models import Tenant
    from tenants.scope import tenant_scope

    tenant = create_tenant(slug, f"Салон {index}")
    clients = tuple((f"client-{n}", f"+7916{index:03d}{n:04d}") for n in range(CLIENTS))
    with tenant_scope(tenant.pk):
        Tenant.objects.filter(pk=tenant.pk).update(limits=LIMITS)
        _clients(tenant.pk, clients)
        for name in WORKFLOWS:
            _workflow(tenant, name)
    credentials = {"url": f"{provider_url}/{slug}", "secret": SECRET}
    add_integration(tenant.pk, "webhook", credentials, identifier="provider", kind="sms")
    return Salon(tenant.pk, issue_key(tenant.pk, "live", "chaos")[1], clients)


def _clients(tenant_id: UUID, clients: tuple[tuple[str, str], ...]) -> None:
    from tenants import consents
    from tenants.audience import upsert_subscribers
    from tenants.people import read_subscriber
    from tenants.topics import add_members, ensure_topic

    raw = [{"subscriberId": key, "phone": phone, "locale": "ru"} for key, phone in clients]
    made = upsert_subscribers(tenant_id, "live", [read_subscriber(one) for one in raw])
    word = consents.Word("advertising", given=True, source="chaos", actor="test")
    consents.record(tenant_id, [one.id for one in made], word)
    topic, _ = ensure_topic(tenant_id, "live", TOPIC)
    add_members(topic, [key for key, _ in clients])


def _workflow(tenant: Any, name: str) -> None:
    from notifications.models import MessageTemplate, Step, Workflow
    from notifications.publishing import publish_template, publish_workflow

    category, priority, before = WORKFLOWS[name]
    template = MessageTemplate.objects.create(
        tenant=tenant, key=name, name=name, body_ru="{{ txn }} звонит", body_en="{{ txn }} rings"
    )
    workflow = Workflow.objects.create(
        tenant=tenant,
        identifier=name,
        name_ru=name,
        name_en=name,
        category=category,
        priority=priority,
        payload_schema=SCHEMA,
    )
    publish_template(template)
    steps = [*before, ("sms", {})]
    for position, (kind, settings) in enumerate(steps):
        Step.objects.create(
            tenant=tenant,
            workflow=workflow,
            key=f"step-{position}",
            position=position,
            kind=kind,
            channels=["sms"] if kind == "sms" else [],
            settings=settings,
            template=None if kind == "delay" else template,
        )
    publish_workflow(workflow)
