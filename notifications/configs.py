"""What the hot path must know of each salon, cached per process and never stale.

The database raises Tenant.config_version with every change of configuration, so one look at it
per batch tells whether the cache still holds. Versions of workflows and texts never change, so
they are kept by their own id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from notifications.definition import Definition, Texts, read_definition, read_texts
from notifications.news import NAMES
from tenants import rows
from tenants.auth import Caller
from tenants.hours import Week, read_week

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Place:
    """A location, ready for a template: `values` by language."""

    zone: ZoneInfo
    values: Mapping[str, Mapping[str, str]]
    week: Week = ()


@dataclass(frozen=True, slots=True)
class Salon:
    """A tenant as the engine sees it. main: the default location's id.

    hears: mode -> names of the events that some webhook of the salon wants.
    """

    id: UUID
    slug: str
    name: str
    zone: ZoneInfo
    language: str
    brand: Mapping[str, Any]
    limits: Mapping[str, Any]
    state: str
    is_sandbox: bool
    version: int
    places: Mapping[UUID, Place]
    place_ids: Mapping[str, UUID]
    main: UUID | None
    workflows: Mapping[str, WorkflowHead]
    texts: Mapping[UUID, UUID]  # template -> published version
    hears: Mapping[str, frozenset[str]]
    followed_letters: str
    unsubscribe_always: bool
    stops: Sequence[tuple[str, str]]  # channel and category, "" for all

    def follows(self, category: str) -> bool:
        """Tell whether opens and clicks of such letters are noted."""
        return self.followed_letters in (category, "all")


@dataclass(frozen=True, slots=True)
class WorkflowHead:
    """What a trigger needs first: which version runs, and whether it may."""

    id: UUID
    is_active: bool
    version_id: UUID | None


class Kept(Generic[Key, Value]):
    """A bounded cache: forgets the oldest entries."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._values: dict[Key, Value] = {}

    def get(self, key: Key) -> Value | None:
        """Give the value if it is still kept."""
        return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Keep a value."""
        self._values.pop(key, None)
        while len(self._values) >= self.most:
            self._values.pop(next(iter(self._values)))
        self._values[key] = value


_salons: Kept[UUID, Salon] = Kept(10_000)
_definitions: Kept[UUID, Definition] = Kept(5_000)
_texts: Kept[UUID, Texts] = Kept(20_000)


def salons(tenant_ids: Iterable[UUID]) -> dict[UUID, Salon]:
    """Give these tenants' configuration as it is now; call inside their scope."""
    wanted = list(set(tenant_ids))
    current: dict[UUID, int] = dict(
        rows.fetch("select id, config_version from tenants_tenant where id = any(%s)", [wanted])
    )
    return salons_at(current)


def as_of_now(caller: Caller) -> Caller:
    """Give the caller the configuration that this transaction itself has just changed."""
    sql = "select config_version from tenants_tenant where id = %s"
    return replace(caller, config_version=rows.fetch(sql, [caller.tenant_id])[0][0])


def salons_at(versions: Mapping[UUID, int]) -> dict[UUID, Salon]:
    """Give the configuration of tenants whose config_version the caller has just read."""
    found: dict[UUID, Salon] = {}
    stale: list[UUID] = []
    for tenant_id, version in versions.items():
        kept = _salons.get(tenant_id)
        if kept is not None and kept.version == version:
            found[tenant_id] = kept
        else:
            stale.append(tenant_id)
    if stale:
        found |= _load(stale)
    return found


def kept_salon(caller: Caller) -> Salon | None:
    """Give the caller's salon if it is kept as of the caller's config_version; reads nothing."""
    kept = _salons.get(caller.tenant_id)
    return kept if kept is not None and kept.version == caller.config_version else None


_SALONS = """
select t.id, t.slug, t.name, t.timezone, t.language, t.brand, t.limits, t.state, t.is_sandbox,
  t.config_version,
  (select coalesce(json_agg(json_build_array(l.id, coalesce(nullif(l.timezone, ''), t.timezone),
     l.is_default, l.name_ru, l.name_en, l.address_ru, l.address_en, l.phone, l.map_url,
     l.identifier, l.hours)), '[]')
   from tenants_location l where l.tenant_id = t.id),
  (select coalesce(json_agg(json_build_array(w.identifier, w.id, w.is_active, w.published_id)),
     '[]')
   from notifications_workflow w where w.tenant_id = t.id),
  (select coalesce(json_agg(json_build_array(m.id, m.published_id)), '[]')
   from notifications_messagetemplate m where m.tenant_id = t.id and m.published_id is not null),
  (select coalesce(json_agg(json_build_array(e.mode, e.events)), '[]')
   from notifications_webhookendpoint e where e.tenant_id = t.id and e.is_enabled),
  t.followed_letters, t.unsubscribe_always,
  (select coalesce(json_agg(json_build_array(p.channel, p.category)), '[]')
   from notifications_stop p where p.tenant_id = t.id and p.ended_at is null),
  pg_current_xact_id_if_assigned() is null
from tenants_tenant t where t.id = any(%s)
"""


def _load(tenant_ids: list[UUID]) -> dict[UUID, Salon]:
    loaded: dict[UUID, Salon] = {}
    for row in rows.fetch(_SALONS, [tenant_ids]):
        loaded[row[0]] = _read_salon(row)
        # What this transaction has written may be rolled back, and its version be given again.
        if row[-1]:
            _salons.put(row[0], loaded[row[0]])
    return loaded


def _read_salon(row: rows.Row) -> Salon:
    places, workflows, templates, endpoints = row[10:14]
    return Salon(
        id=row[0],
        slug=row[1],
        name=row[2],
        zone=ZoneInfo(row[3]),
        language=row[4],
        brand=row[5],
        limits=row[6],
        state=row[7],
        is_sandbox=row[8],
        version=row[9],
        places={UUID(place[0]): _read_place(place) for place in places},
        place_ids={place[9]: UUID(place[0]) for place in places},
        main=next((UUID(place[0]) for place in places if place[2]), None),
        workflows={
            name: WorkflowHead(UUID(key), active, UUID(version) if version else None)
            for name, key, active, version in workflows
        },
        texts={UUID(template): UUID(version) for template, version in templates},
        hears=_heard(endpoints),
        followed_letters=row[14],
        unsubscribe_always=row[15],
        stops=[(channel, category) for channel, category in row[16]],
    )


def _heard(endpoints: Iterable[tuple[str, list[str]]]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for mode, events in endpoints:
        found[mode] = found.get(mode, frozenset()) | frozenset(events or NAMES)
    return found


def _read_place(place: list[Any]) -> Place:
    _, zone, _, name_ru, name_en, address_ru, address_en, phone, map_url, _, hours = place
    both = {"phone": phone, "mapUrl": map_url}
    return Place(
        zone=ZoneInfo(zone),
        week=read_week(hours),
        values={
            "ru": {"name": name_ru or name_en or "", "address": address_ru or "", **both},
            "en": {
                "name": name_en or name_ru or "",
                "address": address_en or address_ru or "",
                **both,
            },
        },
    )


def definition(tenant_id: UUID, version_id: UUID) -> Definition:
    """Give one published workflow; call inside the tenant's scope."""
    kept = _definitions.get(version_id)
    return kept or definitions([tenant_id], [version_id])[version_id]


def kept_definition(version_id: UUID) -> Definition | None:
    """Give one published workflow if it is kept; reads nothing."""
    return _definitions.get(version_id)


def definitions(tenant_ids: list[UUID], version_ids: Iterable[UUID]) -> dict[UUID, Definition]:
    """Give published workflows by version id; call inside the tenants' scope."""
    found: dict[UUID, Definition] = {}
    missing: list[UUID] = []
    for version_id in version_ids:
        kept = _definitions.get(version_id)
        if kept is None:
            missing.append(version_id)
        else:
            found[version_id] = kept
    if missing:
        sql = (
            "select id, document::text from notifications_workflowversion"
            " where tenant_id = any(%s) and id = any(%s)"
        )
        for version_id, document in rows.fetch(sql, [tenant_ids, missing]):
            found[version_id] = read_definition(version_id, _document(document))
            _definitions.put(version_id, found[version_id])
    return found


@lru_cache(maxsize=1_000)
def _document(text: str) -> Mapping[str, Any]:
    """Share one document among salons that run the same pack."""
    document: Mapping[str, Any] = json.loads(text)
    return document


def texts(tenant_ids: list[UUID], version_ids: Iterable[UUID]) -> dict[UUID, Texts]:
    """Give published texts by version id; call inside the tenants' scope."""
    found: dict[UUID, Texts] = {}
    missing: list[UUID] = []
    for version_id in version_ids:
        kept = _texts.get(version_id)
        if kept is None:
            missing.append(version_id)
        else:
            found[version_id] = kept
    if missing:
        sql = (
            "select id, texts from notifications_templateversion"
            " where tenant_id = any(%s) and id = any(%s)"
        )
        for version_id, body in rows.fetch(sql, [tenant_ids, missing]):
            found[version_id] = read_texts(version_id, body)
            _texts.put(version_id, found[version_id])
    return found
