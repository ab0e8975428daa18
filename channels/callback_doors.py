"""Who stands behind a callback address? Accounts as their callbacks need them, kept for seconds.

Providers send bursts: reading and decrypting an account anew for each call would cost more than
the call itself. When the time of one is over, all that were used since are looked at together, and
those that have not changed stay open.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured

from channels.accounts import open_adapter
from channels.contract import Adapter
from channels.fields import networks
from tenants.rows import Row, fetch
from tenants.scope import batch_scope

KEPT_S = 5.0  # a rotated secret or token is known everywhere within this time
DOORS_KEPT = 10_000

_OWN = """
select id, provider, callback_token, credentials from channels_integration
where tenant_id = %s and id = %s
"""
_LENT = """
select id, provider, callback_token, credentials from channels_defaultintegration where id = %s
"""
_AGAIN = """
select id, provider, callback_token, credentials from channels_integration
where tenant_id = any(%(tenants)s) and id = any(%(ids)s)
union all
select id, provider, callback_token, credentials from channels_defaultintegration
where id = any(%(ids)s)
"""


@dataclass(frozen=True, slots=True)
class Door:
    """An account that is called back. tenant_id: None when the platform lends it to salons.

    route: see Adapter.route_of.
    """

    id: UUID
    tenant_id: UUID | None
    provider: str
    token: str = field(repr=False)
    adapter: Adapter = field(repr=False)
    route: str = ""

    def opens_to(self, token: str) -> bool:
        """Compare the token in constant time."""
        return hmac.compare_digest(self.token.encode(), token.encode())

    def lets_in(self, address: str) -> bool:
        """Ask the account's allow-list, if it has one. address: of the caller, "" if unknown."""
        listed = self.adapter.credentials.get("callback_networks", "")
        if not listed:
            return True
        return bool(address) and any(ip_address(address) in net for net in networks(listed))


@dataclass(slots=True)
class _Known:
    """A door and the row it was made of. until: when it must be looked at again."""

    door: Door
    row: Row = field(repr=False)
    until: float
    is_used: bool = False


class _Kept:
    """The last doors that were used; for all threads of a process."""

    def __init__(self) -> None:
        self._known: OrderedDict[UUID, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: UUID, now: float) -> Door | None:
        known = self._known.get(key)
        if known is None or now >= known.until:
            return None
        known.is_used = True
        return known.door

    def put(self, door: Door, row: Row, now: float) -> None:
        with self._lock:
            self._known[door.id] = _Known(door, row, now + KEPT_S)
            self._known.move_to_end(door.id)
            while len(self._known) > DOORS_KEPT:
                self._known.popitem(last=False)

    def is_over(self, key: UUID, now: float) -> bool:
        known = self._known.get(key)
        return known is not None and now >= known.until

    def over(self, now: float) -> list[_Known]:
        with self._lock:
            return [known for known in self._known.values() if now >= known.until]

    def drop(self, key: UUID) -> None:
        with self._lock:
            self._known.pop(key, None)

    def forget(self) -> None:
        with self._lock:
            self._known.clear()


_kept = _Kept()
_renewing = threading.Lock()
forget = _kept.forget


def find(account_id: UUID) -> Door | None:
    """Find the account behind an address; opens a scope of its own.

    Raises ImproperlyConfigured and KeyError for an account that cannot be opened now.
    """
    now = time.monotonic()
    door = _kept.get(account_id, now)
    if door is None and _kept.is_over(account_id, now):
        with _renewing:
            if _kept.is_over(account_id, now):  # else another thread has looked meanwhile
                _renew(account_id, now)
        door = _kept.get(account_id, now)
    return door or _load(account_id, now)


def salon_of(account_id: UUID) -> UUID | None:
    """Name the salon of an account that was called just now; asks nobody."""
    door = _kept.get(account_id, time.monotonic())
    return door.tenant_id if door else None


def by_route(provider: str, route: str) -> Iterator[Door]:
    """Find salons' accounts that callbacks name so: the oldest first, those at rest last."""
    for (account_id,) in fetch("select kolokol_integrations_by_route(%s, %s)", [provider, route]):
        try:
            door = find(account_id)
        except (KeyError, ImproperlyConfigured):
            continue  # calls to its own address say so
        if door is not None:
            yield door


def _renew(account_id: UUID, now: float) -> None:
    """Look at all doors whose time is over; only those used since that are as before stay."""
    over = _kept.over(now)
    used = [known.door for known in over if known.is_used or known.door.id == account_id]
    owners = {door.tenant_id for door in used if door.tenant_id is not None}
    with batch_scope(owners):
        asked = {"tenants": list(owners), "ids": [door.id for door in used]}
        found = {row[0]: row for row in fetch(_AGAIN, asked)}
    for known in over:
        if found.get(known.door.id) == known.row:
            _kept.put(known.door, known.row, now)
        else:
            _kept.drop(known.door.id)


def _load(account_id: UUID, now: float) -> Door | None:
    tenant_id: UUID | None = fetch("select kolokol_integration_tenant(%s)", [account_id])[0][0]
    if tenant_id is not None:
        with batch_scope([tenant_id]):
            found = fetch(_OWN, [tenant_id, account_id])
    else:
        with batch_scope(()):  # the platform's secrets are for workers only
            found = fetch(_LENT, [account_id])
    if not found:
        return None
    door = _door(tenant_id, found[0])
    _kept.put(door, found[0], now)
    return door


def _door(tenant_id: UUID | None, row: Row) -> Door:
    key, provider, token, credentials = row
    adapter = open_adapter(key, provider, credentials)
    return Door(key, tenant_id, provider, token, adapter, adapter.route_of(adapter.credentials))
