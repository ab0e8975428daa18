"""How do our rows look in the wire contract's words? SUB, TSUB, TLIST and the tenant."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tenants.addressing import PROVIDER_OF_KIND, credentials_of
from tenants.bodies import iso, present
from tenants.models import Address, Subscriber, Tenant, Topic, TopicMember

Json = dict[str, Any]


def owner(tenant_id: UUID, mode: str) -> Json:
    """Name the organization and the environment: our tenant and mode."""
    return {"_organizationId": str(tenant_id), "_environmentId": f"{tenant_id}-{mode}"}


def subscriber(row: Subscriber) -> Json:
    """SUB, with what is known; absent instead of null."""
    links = sorted(row.addresses.all(), key=_rank)
    required = {
        "_id": str(row.pk),
        "subscriberId": row.subscriber_id,
        **owner(row.tenant_id, row.mode),
        "deleted": False,
        "createdAt": iso(row.created_at),
        "updatedAt": iso(row.updated_at),
        "kind": row.kind,
        "channels": _channels(links),
    }
    return required | present(
        {
            "firstName": row.first_name,
            "lastName": row.last_name,
            "email": _first(links, "email"),
            "phone": _first(links, "phone"),
            "avatar": row.avatar,
            "locale": row.language,
            "timezone": row.timezone,
            "preferredChannel": row.preferred_channel,
            "data": row.data or None,
        }
    )


def topic(row: Topic) -> Json:
    """A topic by itself."""
    return {
        "_id": str(row.pk),
        "key": row.key,
        **owner(row.tenant_id, row.mode),
        "createdAt": iso(row.created_at),
        "updatedAt": iso(row.updated_at),
    } | present({"name": row.name})


def subscription(row: TopicMember) -> Json:
    """TSUB and TLIST in one: a member of a topic."""
    person, place = row.subscriber, row.topic
    return {
        "_id": str(row.pk),
        "identifier": str(row.pk),
        "createdAt": iso(row.created_at),
        "updatedAt": iso(row.created_at),
        "topic": {"_id": str(place.pk), "key": place.key} | present({"name": place.name}),
        "subscriber": {"_id": str(person.pk), "subscriberId": person.subscriber_id}
        | present({"firstName": person.first_name, "lastName": person.last_name}),
    }


def tenant(row: Tenant) -> Json:
    """A salon as the old tenants API has it, with our own words beside."""
    return {
        "_id": str(row.pk),
        "_environmentId": f"{row.pk}-live",
        "identifier": row.slug,
        "name": row.name,
        "timezone": row.timezone,
        "language": row.language,
        "state": row.state,
        "sandbox": row.is_sandbox,
        "limits": row.limits,
        "data": {},
        "createdAt": iso(row.created_at),
        "updatedAt": iso(row.created_at),
    }


def _rank(link: Address) -> tuple[bool, bool, int]:
    """Put the address that would be written to first: no refusal, alive, youngest."""
    is_suppressed = link.state == Address.State.SUPPRESSED
    return is_suppressed, link.state != Address.State.ACTIVE, -link.pk.int


def _first(links: list[Address], kind: str) -> str | None:
    return next((link.value for link in links if link.kind == kind), None)


def _channels(links: list[Address]) -> list[Json]:
    kinds = dict.fromkeys(link.kind for link in links if link.kind in PROVIDER_OF_KIND)
    return [
        {
            "providerId": PROVIDER_OF_KIND[kind],
            "_integrationId": kind,
            "credentials": credentials_of(kind, [x.value for x in links if x.kind == kind]),
        }
        for kind in kinds
    ]
