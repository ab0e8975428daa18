"""How do clients of a salon come, change and go?

Bulk first: 500 people cost the same few statements as one, and people whom a trigger names again
unchanged cost one read. Source: docs/why/performance.md
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from tenants.addressing import DEVICES
from tenants.auth import Mode
from tenants.errors import Forbidden, NotFound
from tenants.events import ADDRESS_CHANGED, CREATED, UPDATED, SubscriberNews, Told, tell
from tenants.ids import uuid7
from tenants.models import Subscriber
from tenants.people import SubscriberInput
from tenants.rows import fetch, run

COLUMNS = (
    "first_name",
    "last_name",
    "avatar",
    "language",
    "timezone",
    "kind",
    "preferred_channel",
    "data",
)
_DEFAULTS: dict[str, Any] = dict.fromkeys(COLUMNS, "") | {"kind": "client", "data": {}}


@dataclass(frozen=True, slots=True)
class UpsertResult:
    """id: our own; subscriber_id: the salon's."""

    id: UUID
    subscriber_id: str
    created: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """A subscriber as the database has it. addresses: (kind, value) -> id."""

    id: UUID
    fields: dict[str, Any]
    addresses: dict[tuple[str, str], UUID]


def upsert_subscribers(
    tenant_id: UUID, mode: Mode, people: Sequence[SubscriberInput], *, is_heard: bool = True
) -> list[UpsertResult]:
    """Make or change subscribers; only what each names changes, and a repeated id is merged.

    Runs in the tenant's scope. The results stand in the order of people. is_heard: False when the
    caller knows that nobody listens to this salon.
    """
    wanted = _merged(people)
    known = _load(tenant_id, mode, list(wanted))
    fresh = _insert(tenant_id, mode, [wanted[key] for key in wanted if key not in known])
    raced = [key for key in wanted if key not in known and key not in fresh]
    known |= _load(tenant_id, mode, raced) if raced else {}
    _change(tenant_id, known, wanted)
    added = {key: _Known(pk, {}, {}) for key, pk in fresh.items()}
    _write_addresses(tenant_id, known | added, wanted)
    if is_heard:
        tell(tenant_id, _news(known, fresh, wanted))
    ids = {key: person.id for key, person in known.items()} | fresh
    return [
        UpsertResult(ids[person.subscriber_id], person.subscriber_id, person.subscriber_id in fresh)
        for person in people
    ]


def set_address(tenant_id: UUID, subscriber: UUID, kind: str, value: str) -> bool:
    """Link one address that its owner has just used: dead ones live again, a "no" stays a "no".

    value: normalised. Other addresses stay. False when it was there: else the caller tells of it.
    """
    changed = run(
        "insert into tenants_address as a"
        " (id, tenant_id, subscriber_id, kind, value, state, reason, changed_at)"
        " values (%s, %s, %s, %s, %s, 'active', '', now())"
        " on conflict (tenant_id, subscriber_id, kind, value) do update"
        " set state = 'active', reason = '', changed_at = now() where a.state = 'inactive'",
        (uuid7(), tenant_id, subscriber, kind, value),
    )
    return bool(changed)


def add_addresses(tenant_id: UUID, subscriber: UUID, kind: str, values: Iterable[str]) -> None:
    """Append addresses of one kind; those that are there stay as they are.

    A device's token that was given up lives again: only the app itself can name it.
    """
    if _insert_addresses(tenant_id, [(subscriber, kind, value) for value in values]):
        tell(tenant_id, [(ADDRESS_CHANGED, SubscriberNews(subscriber, kind, "active"))])


def replace_addresses(tenant_id: UUID, subscriber: UUID, kind: str, values: Iterable[str]) -> None:
    """Let the subscriber have exactly these addresses of a kind, beside the suppressed ones."""
    kept = list(values)
    gone = run(
        "delete from tenants_address where tenant_id = %s and subscriber_id = %s and kind = %s"
        " and state <> 'suppressed' and value <> all(%s)",
        (tenant_id, subscriber, kind, kept),
    )
    if gone:
        tell(tenant_id, [(ADDRESS_CHANGED, SubscriberNews(subscriber, kind, "removed"))])
    add_addresses(tenant_id, subscriber, kind, kept)


def delete_subscriber(tenant_id: UUID, mode: Mode, subscriber_id: str) -> None:
    """Delete a subscriber with addresses and memberships (the database cascades).

    Raises NotFound, or Forbidden for one of the other mode.
    """
    subscriber = find_subscriber(mode, subscriber_id)
    run(
        "delete from tenants_subscriber where tenant_id = %s and id = %s",
        (tenant_id, subscriber.pk),
    )


def find_subscriber(mode: Mode, subscriber_id: str) -> Subscriber:
    """Find a subscriber with addresses, in the open scope.

    Raises NotFound, or Forbidden for one who exists in the other mode only.
    """
    both: list[Subscriber] = list(
        Subscriber.objects.filter(subscriber_id=subscriber_id).prefetch_related("addresses")
    )
    for subscriber in both:
        if subscriber.mode == mode:
            return subscriber
    if both:
        raise Forbidden(
            f"This subscriber exists in {both[0].mode} mode; a {mode} key sees {mode} subscribers"
            " only."
        )
    raise NotFound("There is no such subscriber.")


def _merged(people: Sequence[SubscriberInput]) -> dict[str, SubscriberInput]:
    """Join what was said of the same person."""
    found: dict[str, SubscriberInput] = {}
    for person in people:
        earlier = found.get(person.subscriber_id)
        found[person.subscriber_id] = person if earlier is None else _joined(earlier, person)
    return found


def _joined(earlier: SubscriberInput, later: SubscriberInput) -> SubscriberInput:
    return replace(
        later,
        fields={**earlier.fields, **later.fields},
        addresses={**earlier.addresses, **later.addresses},
    )


_KNOWN = f"""
select s.subscriber_id, s.id, {", ".join(f"s.{column}" for column in COLUMNS)},
  (select coalesce(jsonb_agg(jsonb_build_array(a.kind, a.value, a.id)), '[]')
     from tenants_address a where a.tenant_id = s.tenant_id and a.subscriber_id = s.id)
from tenants_subscriber s
where s.tenant_id = %s and s.mode = %s and s.subscriber_id
"""  # noqa: S608  names of our own columns
# A list of unknown length is planned anew at every call, and costs twice as much.
_LOAD, _LOAD_ONE = f"{_KNOWN} = any(%s)", f"{_KNOWN} = %s"


def _load(tenant_id: UUID, mode: Mode, keys: list[str]) -> dict[str, _Known]:
    found = {}
    statement, wanted = (_LOAD_ONE, keys[0]) if len(keys) == 1 else (_LOAD, keys)
    for key, pk, *values, addresses in fetch(statement, (tenant_id, mode, wanted)):
        fields = dict(zip(COLUMNS, values, strict=True))
        fields["data"] = _json(fields["data"])
        links = {(kind, value): UUID(link) for kind, value, link in _json(addresses)}
        found[key] = _Known(pk, fields, links)
    return found


_INSERT = f"""
insert into tenants_subscriber
  (tenant_id, mode, created_at, updated_at, id, subscriber_id, {", ".join(COLUMNS)})
select %s, %s, now(), now(), p.id, p.subscriber_id, {", ".join(f"p.{column}" for column in COLUMNS)}
from jsonb_to_recordset(%s::jsonb) as p(id uuid, subscriber_id text, data jsonb,
  {", ".join(f"{column} text" for column in COLUMNS if column != "data")})
order by p.subscriber_id
on conflict (tenant_id, mode, subscriber_id) do nothing
returning subscriber_id, id
"""  # noqa: S608  names of our own columns


def _insert(tenant_id: UUID, mode: Mode, people: list[SubscriberInput]) -> dict[str, UUID]:
    if not people:
        return {}
    rows = [
        {**_DEFAULTS, **person.fields, "id": str(uuid7()), "subscriber_id": person.subscriber_id}
        for person in people
    ]
    return dict(fetch(_INSERT, (tenant_id, mode, json.dumps(rows))))


def _assign(column: str) -> str:
    arrow = "->" if column == "data" else "->>"
    named = f"p.change {arrow} '{column}'"
    return f"{column} = case when p.change ? '{column}' then {named} else s.{column} end"


_UPDATE = f"""
with p as materialized (
  select (x->>'id')::uuid as id, x->'change' as change from jsonb_array_elements(%s::jsonb) x),
locked as materialized (
  select s.id, p.change from tenants_subscriber s join p on p.id = s.id where s.tenant_id = %s
  order by s.id for update of s)
update tenants_subscriber s set updated_at = now(), {", ".join(_assign(c) for c in COLUMNS)}
from locked p where s.tenant_id = %s and s.id = p.id
"""  # noqa: S608  names of our own columns


def _change(
    tenant_id: UUID, known: Mapping[str, _Known], wanted: Mapping[str, SubscriberInput]
) -> None:
    """Write what differs; a trigger that names an unchanged person writes nothing."""
    rows = []
    for key, person in known.items():
        named = wanted[key].fields
        change = {
            column: named[column] for column in named if named[column] != person.fields[column]
        }
        if change or _links(person, wanted[key]) != (set(), set()):
            rows.append({"id": str(person.id), "change": change})
    if rows:
        run(_UPDATE, (json.dumps(rows), tenant_id, tenant_id))


def _news(
    known: Mapping[str, _Known], fresh: Mapping[str, UUID], wanted: Mapping[str, SubscriberInput]
) -> list[Told]:
    told = [(CREATED, SubscriberNews(pk)) for pk in fresh.values()]
    for key, person in known.items():
        if any(value != person.fields[name] for name, value in wanted[key].fields.items()):
            told.append((UPDATED, SubscriberNews(person.id)))
        gone, new = _links(person, wanted[key])
        states = {kind: "removed" for (kind, _), link in person.addresses.items() if link in gone}
        states |= {kind: "active" for kind, _ in new}
        told += [(ADDRESS_CHANGED, SubscriberNews(person.id, *one)) for one in states.items()]
    return told


def _links(person: _Known, wanted: SubscriberInput) -> tuple[set[UUID], set[tuple[str, str]]]:
    """Tell which addresses go and which come."""
    named = {(kind, value) for kind, values in wanted.addresses.items() for value in values}
    old = {link for link in person.addresses if link[0] in wanted.addresses}
    return {person.addresses[link] for link in old - named}, named - old


def _write_addresses(
    tenant_id: UUID, known: Mapping[str, _Known], wanted: Mapping[str, SubscriberInput]
) -> None:
    gone: list[UUID] = []
    new: list[tuple[UUID, str, str]] = []
    for key, person in known.items():
        going, coming = _links(person, wanted[key])
        gone += going
        new += [(person.id, kind, value) for kind, value in coming]
    if gone:
        run(
            "delete from tenants_address where tenant_id = %s and id = any(%s)"
            " and state <> 'suppressed'",
            (tenant_id, sorted(gone)),
        )
    _insert_addresses(tenant_id, new)


def _insert_addresses(tenant_id: UUID, links: list[tuple[UUID, str, str]]) -> int:
    if not links:
        return 0
    rows = sorted(links)
    return run(
        "insert into tenants_address as a"
        " (tenant_id, state, reason, changed_at, id, subscriber_id, kind, value)"
        " select %s, 'active', '', now(), p.id, p.subscriber_id, p.kind, p.value"
        " from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[])"
        " as p(id, subscriber_id, kind, value)"
        " on conflict (tenant_id, subscriber_id, kind, value) do update"
        " set state = 'active', reason = '', changed_at = now()"
        " where a.state = 'inactive' and a.kind = any(%s)",
        (tenant_id, [uuid7() for _ in rows], *map(list, zip(*rows, strict=True)), [*DEVICES]),
    )


def _json(value: Any) -> Any:  # Django tells psycopg to leave jsonb as text
    return json.loads(value) if isinstance(value, str) else value
