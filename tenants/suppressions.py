"""How is the list of addresses kept that must never be written to? Added, lifted, told.

The list holds also for who gets such an address later: a trigger of the database sees to it. A
lifted line stays as the record of who and why. Told are the open lines and the addresses that said
no by themselves (a STOP, a complaint).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from tenants.addressing import Refused, normalise
from tenants.errors import InvalidFields
from tenants.ids import uuid7
from tenants.models import AddressKind
from tenants.rows import fetch, run

MOST = 500  # lines of one call
LISTED = "listed"  # the reason of addresses that the list suppresses

_ADD: Final = """
insert into tenants_suppression (id, tenant_id, kind, value, note, added_by, created_at,
  lifted_by, lift_note)
select u.id, %(tenant)s, u.kind, u.value, %(note)s, %(by)s, now(), '', ''
from unnest(%(ids)s::uuid[], %(kinds)s::text[], %(values)s::text[]) u(id, kind, value)
order by u.kind, u.value
on conflict (tenant_id, kind, value) where lifted_at is null do nothing
"""
_SUPPRESS: Final = """
update tenants_address a set state = 'suppressed', reason = %(listed)s, changed_at = now()
from unnest(%(kinds)s::text[], %(values)s::text[]) u(kind, value)
where a.tenant_id = %(tenant)s and a.kind = u.kind and a.value = u.value
  and a.state <> 'suppressed'
"""
_REMOVE: Final = """
update tenants_suppression s set lifted_at = now(), lifted_by = %(by)s, lift_note = %(note)s
from unnest(%(kinds)s::text[], %(values)s::text[]) u(kind, value)
where s.tenant_id = %(tenant)s and s.kind = u.kind and s.value = u.value and s.lifted_at is null
"""
_FREE: Final = """
update tenants_address a set state = 'active', reason = '', changed_at = now()
from unnest(%(kinds)s::text[], %(values)s::text[]) u(kind, value)
where a.tenant_id = %(tenant)s and a.kind = u.kind and a.value = u.value
  and a.state = 'suppressed' and a.reason = %(listed)s
"""
_LIST: Final = """
select kind, value, min(reason) from (
  select kind, value, %(listed)s as reason from tenants_suppression
  where tenant_id = %(tenant)s and lifted_at is null
  union all
  select kind, value, reason from tenants_address
  where tenant_id = %(tenant)s and state = 'suppressed') x
group by kind, value order by kind, value limit %(limit)s offset %(offset)s
"""


@dataclass(frozen=True, slots=True)
class Line:
    """An address that is not to be written to. reason: why, where the list is told."""

    kind: str
    value: str
    reason: str = LISTED


def read(raw: object, where: str) -> Line:
    """Read {"channel", "value"}, in any spelling; raises InvalidFields."""
    entry = raw if isinstance(raw, dict) else {}
    kind = entry.get("channel")
    if kind not in AddressKind.values:
        words = f"{where}.channel must be one of {', '.join(AddressKind.values)}"
        raise InvalidFields(f"{words}.", errors={f"{where}.channel": [words]})
    try:
        return Line(kind, normalise(kind, entry.get("value")))
    except Refused as refused:
        words = f"{where}.value {refused}"
        raise InvalidFields(f"{words}.", errors={f"{where}.value": [words]}) from refused


def add(tenant_id: UUID, lines: Sequence[Line], by: str, note: str = "") -> int:
    """Put addresses on the list, in the salon's scope; return how many were new.

    by: "staff:<id>", "key:<id>" or "command". note: why.
    """
    values = _values(tenant_id, lines)
    values |= {"ids": [uuid7() for _ in values["kinds"]], "by": by, "note": note}
    added = run(_ADD, values)
    run(_SUPPRESS, values)
    return added


def remove(tenant_id: UUID, lines: Sequence[Line], by: str, note: str = "") -> int:
    """Take addresses off the list; return how many stood there. Who said no herself stays so."""
    values = _values(tenant_id, lines) | {"by": by, "note": note}
    removed = run(_REMOVE, values)
    run(_FREE, values)
    return removed


def find(tenant_id: UUID, offset: int, limit: int) -> list[Line]:
    """List what is suppressed, each address once."""
    values = {"tenant": tenant_id, "listed": LISTED, "limit": limit, "offset": offset}
    return [Line(*row) for row in fetch(_LIST, values)]


def _values(tenant_id: UUID, lines: Iterable[Line]) -> dict[str, Any]:
    places = sorted({(line.kind, line.value) for line in lines})
    return {
        "tenant": tenant_id,
        "listed": LISTED,
        "kinds": [kind for kind, _ in places],
        "values": [value for _, value in places],
    }
