"""A fresh salon for each test: the smallest rows that the Phone and the gateway need."""

from __future__ import annotations

from uuid import uuid4

from tenants.ids import uuid7
from tenants.models import Address, Subscriber, Tenant
from tenants.scope import tenant_scope


def new_salon(**values):
    """Create a salon with a random slug."""
    tenant_id = uuid7()
    with tenant_scope(tenant_id):
        return Tenant.objects.create(
            id=tenant_id, slug=f"t{uuid4().hex[:12]}", name="Лаванда", **values
        )


def new_client(salon, addresses, first_name="Анна", **values):
    """Create a subscriber with addresses {kind: value}."""
    with tenant_scope(salon.pk):
        client = Subscriber.objects.create(
            tenant_id=salon.pk, subscriber_id=uuid4().hex, first_name=first_name, **values
        )
        for kind, value in addresses.items():
            Address.objects.create(tenant_id=salon.pk, subscriber=client, kind=kind, value=value)
    return client


def version_of(salon):
    """Read the salon's config_version as it is now."""
    with tenant_scope(salon.pk):
        return Tenant.objects.get(pk=salon.pk).config_version
