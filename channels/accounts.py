"""Which accounts may a salon's messages leave through: read once per version of its configuration.

Credentials are decrypted here and live in adapter instances only.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings

from channels.adapters.sandbox import SandboxAdapter
from channels.contract import Adapter
from channels.models import Integration
from channels.registry import ADAPTERS
from channels.secrets import decrypt
from tenants.rows import Row, fetch

TENANTS_KEPT = 10_000  # of about 5 KB: a worker that serves all of them stays below 50 MB

_QUERY = """
select tenant_id, id, provider, kind, identifier, position, state, frozen_until, credentials
from channels_integration where tenant_id = any(%s) order by tenant_id, position, id
"""


@dataclass(frozen=True, slots=True)
class Account:
    """An integration as the engine and the gateway see it.

    kind: a channel kind, or "any" for the Phone. state: active, paused or disabled.
    adapter: holds the decrypted credentials, hence stays out of repr.
    """

    id: UUID
    provider: str
    kind: str
    identifier: str
    position: int
    state: str
    frozen_until: datetime | None
    adapter: Adapter = field(repr=False, compare=False)

    def may_send(self, now: datetime) -> bool:
        """Ask whether the account is on and not resting."""
        is_active = self.state == Integration.State.ACTIVE
        return is_active and (self.frozen_until is None or self.frozen_until <= now)

    def carries(self, kind: str) -> bool:
        """Ask whether messages of this channel kind can leave here."""
        return kind in self.adapter.kinds if self.kind == "any" else self.kind == kind


Accounts = tuple[Account, ...]


class _Kept:
    """The last version of each tenant, at most so many tenants; for all threads of a process."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._of: OrderedDict[UUID, tuple[int, Accounts]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, tenant_id: UUID, version: int) -> Accounts | None:
        with self._lock:
            kept = self._of.get(tenant_id)
            if kept is None or kept[0] != version:
                return None
            self._of.move_to_end(tenant_id)
            return kept[1]

    def put(self, tenant_id: UUID, version: int, accounts: Accounts) -> None:
        with self._lock:
            self._of[tenant_id] = (version, accounts)
            self._of.move_to_end(tenant_id)
            while len(self._of) > self._size:
                self._of.popitem(last=False)


_kept = _Kept(TENANTS_KEPT)


def accounts(versions: Mapping[UUID, int]) -> dict[UUID, Accounts]:
    """Give each tenant's accounts in their order; one query for those that are not cached.

    versions: tenant -> its config_version. Runs in the caller's scope, which must cover them all.
    """
    found = {tenant: _kept.get(tenant, version) for tenant, version in versions.items()}
    missing = [tenant for tenant, known in found.items() if known is None]
    if missing:
        for tenant, loaded in _load(missing).items():
            _kept.put(tenant, versions[tenant], loaded)
            found[tenant] = loaded
    return {tenant: known or () for tenant, known in found.items()}


def integrations_of(tenant_id: UUID, config_version: int) -> Accounts:
    """Give one tenant's accounts; see `accounts`."""
    return accounts({tenant_id: config_version})[tenant_id]


def open_adapter(integration_id: UUID, provider: str, token: str) -> Adapter:
    """Decrypt the credentials into an adapter; raises KeyError for a provider that is gone.

    The Phone's URL is the platform's own setting, so it is never read from the database.
    """
    credentials = decrypt(token)
    if provider == SandboxAdapter.provider:
        credentials["url"] = f"{settings.PHONE_URL}/phone/receive/{integration_id}"
    return ADAPTERS[provider](credentials)


def _load(tenants: Iterable[UUID]) -> dict[UUID, Accounts]:
    ids = list(tenants)
    loaded: dict[UUID, list[Account]] = defaultdict(list)
    for row in fetch(_QUERY, [ids]):
        if row[2] in ADAPTERS:
            loaded[row[0]].append(_account(row))
    return {tenant: tuple(loaded[tenant]) for tenant in ids}


def _account(row: Row) -> Account:
    _, key, provider, kind, identifier, position, state, frozen_until, token = row
    return Account(
        id=key,
        provider=provider,
        kind=kind,
        identifier=identifier,
        position=position,
        state=state,
        frozen_until=frozen_until,
        adapter=open_adapter(key, provider, token),
    )
