"""Two demo salons that send to the Phone: what a newcomer sees in the first minute."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import UUID

from config.newcomer import equip
from tenants import consents
from tenants.accounts import create_tenant, issue_key
from tenants.audience import upsert_subscribers
from tenants.auth import Mode, digest
from tenants.doors import salon_by_slug
from tenants.errors import NotFound
from tenants.models import ApiKey, Location, Member, Tenant, User
from tenants.people import read_subscriber
from tenants.scope import tenant_scope


class SalonFacts(TypedDict):
    """A demo salon as up.json tells it."""

    slug: str
    live_key: str
    test_key: str
    application_identifier: str
    owner_login: str
    owner_password: str
    subscribers: list[str]


@dataclass(frozen=True)
class DemoSalon:
    """What a demo salon is made of."""

    slug: str
    name: str
    timezone: str
    language: str
    brand: dict[str, str]
    place: dict[str, str]
    people: tuple[dict[str, Any], ...]


def _person(key: str, first: str, last: str, number: int, **more: Any) -> dict[str, Any]:
    """Make a client reachable everywhere; the numbers are of ranges that nobody owns."""
    return {
        "subscriberId": key,
        "firstName": first,
        "lastName": last,
        "phone": f"+7900000{number:04d}",
        "email": f"{key}@example.com",
        "channels": {
            "telegram": str(900_000_000 + number),
            "whatsapp": f"+7900000{number:04d}",
            "max": str(700_000_000 + number),
            "push": f"demo-push-token-{number}",
        },
        **more,
    }


SALONS = (
    DemoSalon(
        slug="beauty-lab",
        name="Beauty Lab",
        timezone="Europe/Moscow",
        language="ru",
        brand={
            "color": "#b4436c",
            "phone": "+7 900 000-00-00",
            "address": "Москва, Цветной бульвар, 1",
        },
        place={
            "name_ru": "Beauty Lab на Цветном",
            "name_en": "Beauty Lab, Tsvetnoy",
            "address_ru": "Москва, Цветной бульвар, 1",
            "address_en": "1 Tsvetnoy Boulevard, Moscow",
        },
        people=(
            _person("anna", "Анна", "Королёва", 1, locale="ru"),
            _person("maria", "Мария", "Лебедева", 2, locale="ru", preferredChannel="sms"),
            _person("emma", "Emma", "Clark", 3, locale="en"),
            _person("olga", "Ольга", "Белова", 4, locale="ru", preferredChannel="email"),
        ),
    ),
    DemoSalon(
        slug="aurora",
        name="Aurora Studio",
        timezone="Europe/London",
        language="en",
        brand={"color": "#2f6f73", "phone": "+44 20 7946 0000", "address": "1 Example Street"},
        place={
            "name_ru": "Aurora на Экзампл-стрит",
            "name_en": "Aurora, Example Street",
            "address_ru": "Лондон, Экзампл-стрит, 1",
            "address_en": "1 Example Street, London",
        },
        people=(
            _person("sophie", "Sophie", "Martin", 11, locale="en"),
            _person("irina", "Ирина", "Соколова", 12, locale="ru"),
            _person("james", "James", "Taylor", 13, locale="en", preferredChannel="email"),
        ),
    ),
)


def make_demo(known: dict[str, Any]) -> list[SalonFacts]:
    """Make the demo salons, or find them; known: up.json of an earlier start, with its keys."""
    earlier = {one["slug"]: one for one in known.get("tenants", [])}
    return [_make(salon, earlier.get(salon.slug, {})) for salon in SALONS]


def _make(salon: DemoSalon, earlier: dict[str, Any]) -> SalonFacts:
    tenant_id = _tenant(salon)
    with tenant_scope(tenant_id):
        equip(tenant_id)
        Location.objects.filter(is_default=True).update(**salon.place)
        people = [read_subscriber(person) for person in salon.people]
        for mode in ("live", "test"):
            made = upsert_subscribers(tenant_id, mode, people)
            _agree(tenant_id, [one.id for one in made if one.created])
        login = f"{salon.slug}-owner"
        password = _member(tenant_id, login, earlier.get("owner_password", ""), salon.language)
        return SalonFacts(
            slug=salon.slug,
            live_key=_key(tenant_id, "live", earlier.get("live_key", "")),
            test_key=_key(tenant_id, "test", earlier.get("test_key", "")),
            application_identifier=salon.slug,
            owner_login=login,
            owner_password=password,
            subscribers=[person["subscriberId"] for person in salon.people],
        )


def _agree(tenant_id: UUID, people: list[UUID]) -> None:
    """Let new clients want advertising, so that the demo can show it."""
    word = consents.Word("advertising", given=True, source="demo", actor="demo")
    consents.record(tenant_id, people, word)


def _tenant(salon: DemoSalon) -> UUID:
    try:
        return salon_by_slug(salon.slug).id
    except NotFound:
        tenant = create_tenant(
            salon.slug,
            salon.name,
            timezone=salon.timezone,
            language=salon.language,
            is_sandbox=True,
        )
    with tenant_scope(tenant.pk):
        Tenant.objects.filter(pk=tenant.pk).update(brand=salon.brand)
    return tenant.pk


def _key(tenant_id: UUID, mode: Mode, known: str) -> str:
    """Keep the key of an earlier start while it works; keys cannot be read back."""
    if known and ApiKey.objects.filter(digest=digest(known), revoked_at=None).exists():
        return known
    return issue_key(tenant_id, mode, "demo")[1]


def _member(tenant_id: UUID, login: str, password: str, language: str) -> str:
    user, password = ensure_user(login, password, language=language)
    Member.objects.get_or_create(tenant_id=tenant_id, user=user, defaults={"role": "owner"})
    return password


def ensure_user(
    login: str, password: str, *, language: str = "ru", is_platform: bool = False
) -> tuple[User, str]:
    """Make a person who can log in to the admin; a password that still works is kept."""
    user, _ = User.objects.get_or_create(username=login, defaults={"language": language})
    if not (password and user.check_password(password)):
        password = secrets.token_urlsafe(9)
        user.set_password(password)
    user.is_staff, user.is_superuser, user.is_active = True, is_platform, True
    user.save()
    return user, password
