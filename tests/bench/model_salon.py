"""What does a salon of the bench send? One text of 290 bytes, as campaign, reminder and alarm."""

from __future__ import annotations

from uuid import UUID

from channels.integrations import add_integration
from notifications.models import MessageTemplate, Step, Workflow
from notifications.publishing import publish_template, publish_workflow
from notifications.seeding import seed
from tenants.accounts import create_tenant
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests.bench.text import BODY, payload

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
_TOKEN = "1234567890:AAHbenchbenchbenchbenchbenchbenchben"


def make_model(provider_url: str) -> UUID:
    """Make the salon that all others are copies of, through the product's own verbs."""
    tenant = create_tenant("bench-model", "Роза")
    with tenant_scope(tenant.pk):
        Tenant.objects.filter(pk=tenant.pk).update(limits=LIMITS)
        seed(tenant.pk)
        for identifier, (category, priority) in WORKFLOWS.items():
            _make_workflow(tenant, identifier, category, priority)
    add_integration(
        tenant.pk,
        "telegram",
        _credentials(provider_url),
        identifier="bench",
        kind="chat",
    )
    return tenant.pk


def credentials(provider_url: str) -> str:
    """Encrypt the credentials of an account at another address of the mock."""
    from channels.secrets import encrypt

    return encrypt(_credentials(provider_url))


def _credentials(provider_url: str) -> dict[str, str]:
    """Name the mock. rate: the bot's published limit is raised, still counted."""
    return {
        "token": _TOKEN,
        "webhook_secret": "bench",
        "api_base": provider_url,
        "rate": "99999",
    }


def _make_workflow(tenant: Tenant, identifier: str, category: str, priority: str) -> None:
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
        tenant=tenant, key=identifier, name=identifier, body_ru=BODY
    )
    Step.objects.create(
        tenant=tenant,
        workflow=workflow,
        key="message",
        kind="chat",
        channels=["telegram"],
        template=template,
    )
    publish_template(template)
    publish_workflow(workflow)
