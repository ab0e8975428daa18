"""Who is behind a bare phone number or e-mail address? The salon's client, or a new one.

A direct message may name an address alone: {"phone": "+7916…"} or {"email": "…"}; or several.
The eldest client who has it gets the message; else a client is made whose key tells nothing of the
address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.crypto import salted_hmac

from tenants import rows
from tenants.addressing import Refused, normalise
from tenants.auth import Caller
from tenants.people import Errors

KINDS = ("phone", "email")

_KNOWN = """
select distinct on (a.kind, a.value) a.kind, a.value, s.subscriber_id
from unnest(%s::text[], %s::text[]) u(kind, value)
join tenants_address a on a.tenant_id = %s and a.kind = u.kind and a.value = u.value
join tenants_subscriber s on s.id = a.subscriber_id and s.tenant_id = a.tenant_id
where s.mode = %s order by a.kind, a.value, s.id
"""


@dataclass(frozen=True, slots=True)
class Addressees:
    """Who of the salon's clients has which address."""

    tenant_id: UUID
    known: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, caller: Caller, wanted: Iterable[Any]) -> Addressees:
        """Look up the bare addresses among these recipients, all in one query."""
        each = [one for to in wanted for one in (to if isinstance(to, list) else [to])]
        bare = [found for to in each if is_bare(to) and (found := _address(to, "to", {}))]
        if not bare:
            return cls(caller.tenant_id, {})
        kinds, values = [kind for kind, _ in bare], [value for _, value in bare]
        owners = rows.fetch(_KNOWN, [kinds, values, caller.tenant_id, caller.mode])
        return cls(caller.tenant_id, {(kind, value): key for kind, value, key in owners})

    def named(self, to: Any, category: str, errors: Errors) -> Any:
        """Give each recipient a subscriberId; whoever has one stays as he is."""
        if isinstance(to, list):
            places = enumerate(to)
            return [self._named(one, f"to.{place}", category, errors) for place, one in places]
        return self._named(to, "to", category, errors)

    def _named(self, to: Any, where: str, category: str, errors: Errors) -> Any:
        if not is_bare(to):
            return to
        address = _address(to, where, errors)
        if category == "mk":
            rule = "must have a subscriberId: an address alone agrees to no marketing"
            errors[where] = [f"{where} {rule}"]
        if address is None:
            return "nobody"  # what stands in errors is answered
        key = self.known.get(address)
        if key is not None:
            return {"subscriberId": key}
        return {**to, "subscriberId": self._key(*address)}

    def _key(self, kind: str, value: str) -> str:
        """Make the same key for the same address: two sends at once make one client."""
        whole = f"{self.tenant_id}:{kind}:{value}"
        digest = salted_hmac("kolokol.direct", whole, algorithm="sha256").hexdigest()
        return f"direct-{digest[:24]}"


def is_bare(to: Any) -> bool:
    """Ask whether a recipient is an address without a client."""
    return isinstance(to, dict) and "subscriberId" not in to and any(kind in to for kind in KINDS)


def _address(to: Mapping[str, Any], where: str, errors: Errors) -> tuple[str, str] | None:
    kind = next(kind for kind in KINDS if kind in to)
    try:
        return kind, normalise(kind, to[kind])
    except Refused as refused:
        errors[f"{where}.{kind}"] = [f"{where}.{kind} {refused}"]
        return None
