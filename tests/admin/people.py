"""Alice owns a salon, Bob and others work for her, Charlie owns another; Dana runs the platform."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import admin
from django.test import Client

from notifications.models import MessageTemplate, Workflow
from notifications.seeding import seed
from tenants.accounts import create_tenant
from tenants.ids import uuid7
from tenants.members import add_member
from tenants.models import Address, Subscriber, Tenant, User
from tenants.scope import tenant_scope

admin.autodiscover()  # config.urls does it in the product; tests ask the registry earlier

PASSWORD = "колокольчик-звенит"


class People(dict[str, User]):
    """A person in each role, who comes when first asked for."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__()
        self.tenant = tenant

    def __missing__(self, role: str) -> User:
        self[role] = _person(self.tenant, role)
        return self[role]


@dataclass
class Salon:
    """A seeded salon with one client and its people."""

    tenant: Tenant
    client: Subscriber
    template: MessageTemplate
    workflow: Workflow
    people: People


def make_salon(name: str = "Берёзка") -> Salon:
    tenant = create_tenant(f"s-{uuid7().hex[-12:]}", name)
    with tenant_scope(tenant.id):
        seed(tenant.id)
        client = Subscriber.objects.create(
            tenant=tenant, subscriber_id=f"c-{uuid7().hex[-8:]}", first_name=f"Анна {name}"
        )
        Address.objects.create(tenant=tenant, subscriber=client, kind="phone", value="+79161234567")
        workflow = Workflow.objects.get(identifier="appointment-reminder-1h")
        template = MessageTemplate.objects.get(key="appointment-reminder-1h-message")
    return Salon(tenant, client, template, workflow, People(tenant))


def _person(tenant: Tenant, role: str) -> User:
    login = f"{role}-{uuid7().hex[-12:]}"
    member = add_member(tenant.id, role, login=login, password=PASSWORD)
    return User.objects.get(pk=member.user_id)


def make_staff() -> User:
    return User.objects.create_superuser(f"dana-{uuid7().hex[-12:]}", password=PASSWORD)


def browser(user: User, **session) -> Client:
    """Log in and, for platform staff, choose a salon: browser(dana, salon=slug)."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    if session:
        stored = client.session
        stored.update(session)
        stored.save()
    return client
