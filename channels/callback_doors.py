"""Who stands behind a callback address? Accounts as their callbacks need them, kept for seconds.

Providers send bursts: reading and decrypting an account anew for each call would cost more than
the call itself.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import ip_address
from uuid import UUID

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


@dataclass(frozen=True, slots=True)
class Door:
    """An account that is called back. tenant_id: None when the platform lends it to salons."""

    id: UUID
    tenant_id: UUID | None
    provider: str
    token: str = field(repr=False)
    adapter: Adapter = field(repr=False)

    def opens_to(self, token: str) -> bool:
        """Compare the token in constant time."""
        return hmac.compare_digest(self.token.encode(), token.encode())

    def lets_in(self, address: str) -> bool:
        """Ask the account's allow-list, if it has one. address: of the caller, "" if unknown."""
        listed = self.adapter.credentials.get("callback_networks", "")
        if not listed:
            return True
        return bool(address) and any(ip_address(address) in net for net in networks(listed))


class _Kept:
    """The last doors that were used; for all threads of a process."""

    def __init__(self) -> None:
        self._doors: OrderedDict[UUID, tuple[float, Door]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: UUID, now: float) -> Door | None:
        with self._lock:
            until, door = self._doors.get(key, (0.0, None))
            return door if now < until else None

    def put(self, door: Door, now: float) -> None:
        with self._lock:
            self._doors[door.id] = (now + KEPT_S, door)
            self._doors.move_to_end(door.id)
            while len(self._doors) > DOORS_KEPT:
                self._doors.popitem(last=False)

    def forget(self) -> None:
        with self._lock:
            self._doors.clear()


_kept = _Kept()
forget = _kept.forget


def find(account_id: UUID) -> Door | None:
    """Find the account behind an address; opens a scope of its own.

    Raises ImproperlyConfigured and KeyError for an account that cannot be opened now.
    """
    now = time.monotonic()
    door = _kept.get(account_id, now)
    if door is None:
        door = _load(account_id)
        if door is not None:
            _kept.put(door, now)
    return door


def _load(account_id: UUID) -> Door | None:
    tenant_id: UUID | None = fetch("select kolokol_integration_tenant(%s)", [account_id])[0][0]
    if tenant_id is not None:
        with batch_scope([tenant_id]):
            found = fetch(_OWN, [tenant_id, account_id])
    else:
        with batch_scope(()):  # the platform's secrets are for workers only
            found = fetch(_LENT, [account_id])
    return _door(tenant_id, found[0]) if found else None


def _door(tenant_id: UUID | None, row: Row) -> Door:
    key, provider, token, credentials = row
    return Door(key, tenant_id, provider, token, open_adapter(key, provider, credentials))
