"""Who may it be that wrote, pressed or blocked? The owners of the address that an event names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from channels.registry import ADAPTERS
from channels.told import InboundEvent
from notifications import desk_account
from notifications.callbacks import Received
from notifications.sql import inbound as sql
from notifications.sql import tracking as tracking_sql
from notifications.tracking_places import PHONE, spellings
from tenants import rows
from tenants.auth import Mode
from tenants.ids import created_at


@dataclass(frozen=True, slots=True)
class Owner:
    """An address and the client whose it is. subscriber_id: the salon's own key."""

    subscriber: UUID
    subscriber_id: str
    address: UUID
    kind: str
    value: str
    state: str
    mode: Mode
    language: str


@dataclass(frozen=True, slots=True)
class Heard:
    """An event with those it may come from, the oldest first; nobody when the chat is unknown.

    kinds: of address that the account serves. modes: whose clients it may speak of.
    is_at_desk: staff see it where it came from.
    """

    id: UUID
    integration_id: UUID
    event: InboundEvent
    kinds: Sequence[str]
    modes: Sequence[Mode]
    is_at_desk: bool = False
    owners: Sequence[Owner] = ()

    @property
    def at(self) -> datetime:
        """Give the moment at which the platform was told."""
        return created_at(self.id)

    @property
    def evidence(self) -> str:
        """Name the callback, as a proof of what was said."""
        return f"callback:{self.id}"


def of(tenant_id: UUID, received: Sequence[Received[InboundEvent]]) -> dict[UUID, Heard]:
    """Find the people behind events, by the callback's id; call inside the tenant's scope.

    An event of an account that is gone is left out.
    """
    accounts = _accounts(tenant_id, {one.integration_id for one in received})
    heard = {
        one.id: Heard(one.id, one.integration_id, one.event, *accounts[one.integration_id])
        for one in received
        if one.integration_id in accounts
    }
    owners = _owners(tenant_id, list(heard.values()))
    return {
        key: replace(one, owners=[owner for owner in owners[key] if owner.mode in one.modes])
        for key, one in heard.items()
    }


def _accounts(
    tenant_id: UUID, ids: Collection[UUID]
) -> dict[UUID, tuple[Sequence[str], Sequence[Mode], bool]]:
    if not ids:
        return {}
    found = rows.fetch(tracking_sql.ACCOUNTS, {"tenant": tenant_id, "ids": list(ids)})
    return {
        key: (
            ADAPTERS[provider].address_kinds,
            _modes(provider, is_demo=is_demo),
            provider == desk_account.PROVIDER,
        )
        for key, provider, is_demo in found
        if provider in ADAPTERS
    }


def _modes(provider: str, *, is_demo: bool) -> Sequence[Mode]:
    """Say whose addresses a provider may speak of: the Phone plays the clients of test mode."""
    if provider != PHONE:
        return ("live",)
    return ("live", "test") if is_demo else ("test",)


def _owners(tenant_id: UUID, heard: Sequence[Heard]) -> defaultdict[UUID, list[Owner]]:
    asked = [
        (one.id, kind, value)
        for one in heard
        if one.event.address
        for kind in one.kinds
        for value in spellings(kind, one.event.address)
    ]
    owners: defaultdict[UUID, list[Owner]] = defaultdict(list)
    if asked:
        ids, kinds, values = map(list, zip(*asked, strict=True))
        arguments = {"tenant": tenant_id, "ids": ids, "kinds": kinds, "values": values}
        for key, *owner in rows.fetch(sql.OWNERS, arguments):
            owners[key].append(Owner(*owner))
    return owners
