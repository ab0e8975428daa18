"""The smallest valid objects. TenantFactory works anywhere; the others inside a tenant's scope."""

from __future__ import annotations

import uuid
from typing import Any

from factory.base import Factory
from factory.declarations import LazyFunction

from tenants import rows
from tenants.accounts import create_tenant, issue_key
from tenants.audience import upsert_subscribers
from tenants.models import Address, ApiKey, Subscriber, Tenant
from tenants.people import SubscriberInput
from tenants.scope import tenant_scope


def word(prefix: str) -> str:
    """Make a name that no other test uses: the database keeps everything."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


class TenantFactory(Factory[Any]):
    """A salon with its main location; opens and closes the new salon's scope itself."""

    class Meta:
        model = Tenant

    slug = LazyFunction(lambda: word("salon"))
    name = "Роза"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return create_tenant(**kwargs)


class SubscriberFactory(Factory[Any]):
    """A client without addresses."""

    class Meta:
        model = Subscriber

    tenant = None
    mode = "live"
    subscriber_id = LazyFunction(lambda: word("client"))

    @classmethod
    def _create(cls, model_class, *args, tenant, mode, subscriber_id, **fields):
        person = SubscriberInput(subscriber_id, fields)
        with tenant_scope(tenant.pk):
            made = upsert_subscribers(tenant.pk, mode, [person])[0]
            return Subscriber.objects.get(pk=made.id)


class AddressFactory(Factory[Any]):
    """A telephone that works."""

    class Meta:
        model = Address

    subscriber = None
    kind = "phone"
    value = "+79161234567"
    state = "active"

    @classmethod
    def _create(cls, model_class, *args, subscriber, **kwargs):
        with tenant_scope(subscriber.tenant_id):
            return Address.objects.create(
                tenant_id=subscriber.tenant_id, subscriber=subscriber, **kwargs
            )


def agree(tenant_id) -> None:
    """Let the salon's clients have agreed to advertising, long ago: a newer word counts more."""
    with tenant_scope(tenant_id):
        rows.run(
            "insert into tenants_consent (id, tenant_id, subscriber_id, purpose, channel, given,"
            " text_version, source, actor, evidence, at) select kolokol_uuid7(), s.tenant_id, s.id,"
            " 'advertising', '', true, '', 'test', 'test', '', '2020-01-01' from tenants_subscriber"
            " s where s.tenant_id = %s and not exists (select 1 from tenants_consent c where"
            " c.tenant_id = s.tenant_id and c.subscriber_id = s.id and c.source = 'test')",
            [tenant_id],
        )


class ApiKeyFactory(Factory[Any]):
    """A key; its text stands in `text` of the result."""

    class Meta:
        model = ApiKey

    tenant = None
    mode = "live"
    scopes = ()

    @classmethod
    def _create(cls, model_class, *args, tenant, mode, scopes, **changes):
        key, text = issue_key(tenant.pk, mode, "test", scopes)
        with tenant_scope(tenant.pk):
            if changes:
                ApiKey.objects.filter(pk=key.pk).update(**changes)
                key.refresh_from_db()
        key.text = text  # type: ignore[attr-defined]  # for the test only
        return key
