"""What does a salon of the bench send? One text of 290 bytes, as campaign, reminder and alarm."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from channels.integrations import add_integration, ensure_phone
from notifications.models import MessageTemplate, Step, Workflow
from notifications.publishing import publish_template, publish_workflow
from notifications.seeding import seed
from tenants.accounts import create_tenant
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests.bench.text import BODY, payload
from tests.bench.ways import CHAT, Credentials, Way, telegram

# Raised so far that nothing is refused; every limit is still reserved and counted.
LIMITS = {
    "tx_per_day": 10**9,
    "mk_per_day": 10**9,
    "per_hour": 10**9,
    "mk_per_window": 10**9,
    "quiet": ["00:00", "00:00"],
}
# By identifier: category and priority.
WORKFLOWS = {
    "bench-low": ("mk", "low"),
    "bench-normal": ("tx", "normal"),
    "bench-urgent": ("tx", "urgent"),
}
# Before the message: a condition that holds, and the same text for the inbox.
STEPPED = "bench-steps"
CONDITION = {"if": "payload.salonName == 'Роза' and subscriber.language != 'en'"}


def make_model(provider_url: str) -> UUID:
    """Make the salon that all others are copies of, through the product's own verbs."""
    tenant_id = _make("bench-model", CHAT, telegram(provider_url), WORKFLOWS)
    ensure_phone(tenant_id)
    return tenant_id


def make_campaigner(slug: str, way: Way, account: Credentials) -> UUID:
    """Make a salon with nothing but a campaign, which goes out by this way."""
    return _make(slug, way, account, ["bench-low", STEPPED])


def credentials(provider_url: str) -> str:
    """Encrypt the credentials of an account at another address of the mock."""
    from channels.secrets import encrypt

    return encrypt(telegram(provider_url))


def _make(slug: str, way: Way, account: Credentials, workflows: Collection[str]) -> UUID:
    tenant = create_tenant(slug, "Роза")
    with tenant_scope(tenant.pk):
        Tenant.objects.filter(pk=tenant.pk).update(limits=LIMITS)
        seed(tenant.pk)
        for identifier in workflows:
            _make_workflow(tenant, identifier, way)
    if way.provider:
        add_integration(tenant.pk, way.provider, account, identifier="bench", kind=way.kind)
    return tenant.pk


def _make_workflow(tenant: Tenant, identifier: str, way: Way) -> None:
    category, priority = WORKFLOWS.get(identifier, WORKFLOWS["bench-low"])
    schema = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in payload("")},
        "required": list(payload("")),
    }
    workflow = Workflow.objects.create(
        tenant=tenant,
        identifier=identifier,
        name_ru=identifier,
        name_en=identifier,
        category=category,
        priority=priority,
        payload_schema=schema,
    )
    template = MessageTemplate.objects.create(
        tenant=tenant, key=identifier, name=identifier, title_ru=way.title, body_ru=BODY
    )
    common = {"tenant": tenant, "workflow": workflow}
    if identifier == STEPPED:
        Step.objects.create(**common, key="if", kind="condition", settings=CONDITION)
        Step.objects.create(**common, key="inbox", position=1, kind="in_app", template=template)
    Step.objects.create(
        **common,
        key="message",
        position=2,
        kind=way.kind,
        channels=[way.address_kind or way.kind],
        template=template,
    )
    publish_template(template)
    publish_workflow(workflow)
