"""Which accounts may a salon's messages leave through: read once per version of its configuration.

A salon uses its own accounts, and the platform's default ones of each kind that it has none of.
Credentials are decrypted here and live in adapter instances only.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from channels import default_accounts
from channels.adapters.sandbox import SandboxAdapter
from channels.contract import Adapter, Rate
from channels.credentials import own_rates
from channels.models import Integration
from channels.policy import Forbidden, Policy, forbidden, policy_of
from channels.registry import ADAPTERS
from channels.secrets import decrypt
from channels.sender_names import Names, sender_for
from tenants.rows import Row, fetch

log = logging.getLogger(__name__)

FAILING = "failing"
TENANTS_KEPT = 10_000  # of about 5 KB: a worker that serves all of them stays below 50 MB

_QUERY = """
select tenant_id, id, provider, kind, identifier, position, state, frozen_until, credentials,
  callback_token
from channels_integration where tenant_id = any(%s) order by tenant_id, position, id
"""
_RULES = """
select tenant_id, target, may_tx, may_mk from channels_channelrule where tenant_id = any(%s)
"""
_NAMES = """
select integration_id, prefix, sender from channels_sendername
where tenant_id = any(%s) and state = 'registered' order by length(prefix) desc
"""
_TEMPLATES = """
select integration_id, text_id, language, approved_name, approved from channels_whatsapptemplate
where tenant_id = any(%s) and is_running and text_id is not null
"""


@dataclass(frozen=True, slots=True)
class Template:
    """A text that the provider has approved. parameters: of its variables, in order.

    buttons: {"sub_type", "value"} of those that take a parameter, None for the others, in order.
    """

    name: str
    language: str
    parameters: tuple[str, ...]
    buttons: tuple[Mapping[str, str] | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """An integration as the engine and the gateway see it.

    kind: a channel kind, or "any" for the Phone. state: active, paused or disabled; "failing" for
    an active one while its breaker is open.
    adapter: holds the decrypted credentials, hence stays out of repr.
    forbids: pairs of address kind and category that the salon's policy keeps from it.
    templates: approved ones by message template and language.
    """

    id: UUID
    provider: str
    kind: str
    identifier: str
    position: int
    state: str
    frozen_until: datetime | None
    adapter: Adapter = field(repr=False, compare=False)
    is_default: bool = False
    forbids: Forbidden = frozenset()
    names: Names = ()
    templates: Mapping[tuple[UUID, str], Template] = field(default_factory=dict)

    def may_send(self, now: datetime) -> bool:
        """Ask whether the account is on and not resting."""
        is_active = self.state == Integration.State.ACTIVE
        return is_active and (self.frozen_until is None or self.frozen_until <= now)

    def failing(self) -> Account:
        """Give the account as it is while its breaker is open."""
        is_active = self.state == Integration.State.ACTIVE
        return replace(self, state=FAILING) if is_active else self

    def carries(self, kind: str) -> bool:
        """Ask whether messages of this channel kind can leave here."""
        return kind in self.adapter.kinds if self.kind == "any" else self.kind == kind

    def may_carry(self, address_kind: str, category: str) -> bool:
        """Ask the salon's policy."""
        return (address_kind, category) not in self.forbids

    def sender_for(self, address: str) -> str:
        """Give the registered sender's name for a number, "" when there is none."""
        return sender_for(self.names, address)

    @property
    def proxy(self) -> str:
        """Give the address of the proxy that calls must take, "" for none."""
        return self.adapter.credentials.get("proxy", "")

    @property
    def rates(self) -> tuple[Rate, ...]:
        """Give the limits of this account."""
        return own_rates(self.adapter)


Accounts = tuple[Account, ...]


class _Kept:
    """The last version of each tenant, at most so many tenants; for all threads of a process."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._of: OrderedDict[UUID, tuple[Hashable, Accounts]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, tenant_id: UUID, version: Hashable) -> Accounts | None:
        with self._lock:
            kept = self._of.get(tenant_id)
            if kept is None or kept[0] != version:
                return None
            self._of.move_to_end(tenant_id)
            return kept[1]

    def put(self, tenant_id: UUID, version: Hashable, accounts: Accounts) -> None:
        with self._lock:
            self._of[tenant_id] = (version, accounts)
            self._of.move_to_end(tenant_id)
            while len(self._of) > self._size:
                self._of.popitem(last=False)


_kept = _Kept(TENANTS_KEPT)


def accounts(versions: Mapping[UUID, int]) -> dict[UUID, Accounts]:
    """Give each tenant's accounts in their order; four queries for those that are not cached.

    versions: tenant -> its config_version. Runs in a batch scope that covers them all.
    """
    shared = default_accounts.rows()
    found = {tenant: _kept.get(tenant, (at, shared)) for tenant, at in versions.items()}
    missing = [tenant for tenant, known in found.items() if known is None]
    if missing:
        for tenant, loaded in _load(missing, shared).items():
            _kept.put(tenant, (versions[tenant], shared), loaded)
            found[tenant] = loaded
    return {tenant: known or () for tenant, known in found.items()}


def integrations_of(tenant_id: UUID, config_version: int) -> Accounts:
    """Give one tenant's accounts; see `accounts`."""
    return accounts({tenant_id: config_version})[tenant_id]


def callback_url(account_id: UUID, callback_token: str, provider: str = "") -> str:
    """Give the address that a provider calls to report to this account.

    provider: where it may be one whose callbacks have an address of their own.
    """
    path = (ADAPTERS[provider] if provider else Adapter).callback_path
    return f"{settings.PUBLIC_URL}{path}/{account_id}/{callback_token}"


def open_adapter(
    integration_id: UUID, provider: str, token: str, *, callback_token: str = ""
) -> Adapter:
    """Decrypt the credentials into an adapter; raises KeyError for a provider that is gone.

    callback_token: of an account that is to send; some providers are told with each message where
    to report to. The Phone's URL is the platform's own setting, so it is never read from the
    database.
    """
    credentials = decrypt(token)
    if callback_token and settings.PUBLIC_URL.startswith("https://"):
        credentials["callback_url"] = callback_url(integration_id, callback_token)
    if provider == SandboxAdapter.provider:
        credentials["url"] = f"{settings.PHONE_URL}/phone/receive/{integration_id}"
    return ADAPTERS[provider](credentials)


def _load(tenants: Iterable[UUID], shared: Sequence[Row]) -> dict[UUID, Accounts]:
    ids = list(tenants)
    more = _read_more(ids)
    own: dict[UUID, list[Account]] = defaultdict(list)
    for tenant_id, *row in fetch(_QUERY, [ids]):
        if row[1] in ADAPTERS:
            own[tenant_id].append(_account(tuple(row), more.policies[tenant_id], more))
    for tenant_id in ids:
        kinds = {account.kind for account in own[tenant_id]}
        own[tenant_id] += [
            replace(_account(row, more.policies[tenant_id], more), is_default=True)
            for row in shared
            if row[1] in ADAPTERS and row[2] not in kinds
        ]
    return {tenant: tuple(own[tenant]) for tenant in ids}


@dataclass(frozen=True, slots=True)
class _More:
    """What belongs to the accounts of the tenants that are being loaded."""

    policies: Mapping[UUID, Policy]
    names: Mapping[UUID, Names]
    templates: Mapping[UUID, Mapping[tuple[UUID, str], Template]]


def _read_more(ids: list[UUID]) -> _More:
    rules: dict[UUID, list[tuple[str, bool, bool]]] = {tenant: [] for tenant in ids}
    for tenant_id, target, may_tx, may_mk in fetch(_RULES, [ids]):
        rules[tenant_id].append((target, may_tx, may_mk))
    names: dict[UUID, Names] = {}
    for key, prefix, sender in fetch(_NAMES, [ids]):
        names[key] = (*names.get(key, ()), (prefix, sender))
    templates: dict[UUID, dict[tuple[UUID, str], Template]] = defaultdict(dict)
    for key, text_id, language, name, approved in fetch(_TEMPLATES, [ids]):
        templates[key][text_id, language] = _template(name, language, approved)
    return _More({key: policy_of(own) for key, own in rules.items()}, names, templates)


def _template(name: str, language: str, approved: Mapping[str, Any]) -> Template:
    return Template(name, language, tuple(approved["parameters"]), tuple(approved["buttons"]))


def _account(row: Row, policy: Policy, more: _More) -> Account:
    key, provider, kind, identifier, position, state, frozen_until, token, callback_token = row
    try:
        adapter = open_adapter(key, provider, token, callback_token=callback_token)
    except ImproperlyConfigured:
        # One row that no key opens, or a key that was forgotten at a restart, must not fail what
        # is due: it waits, as for any account that is paused, until the operator has mended it.
        log.error("no key opens an account's credentials", extra={"integration": str(key)})
        adapter, state = ADAPTERS[provider]({}), Integration.State.PAUSED.value
    return Account(
        id=key,
        provider=provider,
        kind=kind,
        identifier=identifier,
        position=position,
        state=state,
        frozen_until=frozen_until,
        adapter=adapter,
        forbids=forbidden(policy, adapter),
        names=more.names.get(key, ()),
        templates=more.templates.get(key, {}),
    )
