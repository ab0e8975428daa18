"""Of which addresses does a report speak?

Of the one that its message went to; without a message, of the one that the provider names. A value
stands for all clients of the salon who share it, within one mode.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from channels.registry import ADAPTERS
from channels.told import StatusEvent
from notifications.callbacks import Received
from notifications.masking import mask
from notifications.sql import tracking as sql
from tenants import rows
from tenants.addressing import Refused, normalise

PHONE = "sandbox"  # the Phone plays the clients of test mode, in demo salons those of live mode
NUMBERS = frozenset({"phone", "whatsapp"})


@dataclass(frozen=True, slots=True)
class Place:
    """An address as it is kept, and whose: of which mode."""

    kind: str
    value: str
    mode: str

    @property
    def masked(self) -> str:
        """Write it as messages keep it."""
        return mask(self.kind, self.value)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a message went, as it keeps it."""

    subscriber_id: UUID
    kind: str
    masked: str
    mode: str


Key = TypeVar("Key")


def written_to(tenant_id: UUID, destinations: Mapping[Key, Destination]) -> dict[Key, Place]:
    """Find the addresses that messages went to; an ambiguous one is left out."""
    people = sorted({one.subscriber_id for one in destinations.values()})
    if not people:
        return {}
    found: dict[tuple[UUID, str, str], set[str]] = {}
    for subscriber, kind, value in rows.fetch(sql.ADDRESSES_OF, [tenant_id, people]):
        found.setdefault((subscriber, kind, mask(kind, value)), set()).add(value)
    places: dict[Key, Place] = {}
    for key, one in destinations.items():
        values = found.get((one.subscriber_id, one.kind, one.masked), set())
        if len(values) == 1:
            places[key] = Place(one.kind, next(iter(values)), one.mode)
    return places


def named(tenant_id: UUID, received: Sequence[Received[StatusEvent]]) -> dict[UUID, list[Place]]:
    """Read the addresses that providers name, by the callback's id: all that may be meant."""
    told = [one for one in received if one.event.address]
    accounts = _accounts(tenant_id, {one.integration_id for one in told})
    return {
        one.id: list(_readings(one.event.address, *accounts[one.integration_id]))
        for one in told
        if one.integration_id in accounts
    }


def spellings(kind: str, address: str) -> set[str]:
    """Give the address as the provider writes it and as we keep it."""
    written = [address, f"+{address}"] if kind in NUMBERS and address.isdigit() else [address]
    found = {address}
    for text in written:
        with contextlib.suppress(Refused):
            found.add(normalise(kind, text))
    return found


def _accounts(tenant_id: UUID, ids: Collection[UUID]) -> dict[UUID, tuple[str, bool]]:
    if not ids:
        return {}
    found = rows.fetch(sql.ACCOUNTS, {"tenant": tenant_id, "ids": list(ids)})
    return {key: (provider, is_demo) for key, provider, is_demo in found if provider in ADAPTERS}


def _readings(address: str, provider: str, is_demo: bool) -> Iterable[Place]:
    modes = ["live"] if provider != PHONE else ["test", "live"] if is_demo else ["test"]
    for kind in ADAPTERS[provider].address_kinds:
        for value in sorted(spellings(kind, address)):
            for mode in modes:
                yield Place(kind, value, mode)
