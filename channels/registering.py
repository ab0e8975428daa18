"""How does a provider learn the address that it is to call, and learn it anew where it forgets?

1. An account that is added, changed or switched on is due at once; the tick takes it in a minute,
   when its secrets are committed: some providers call back before they answer. The salon's own
   wish (a button, the API) is done while it waits.
2. `connect` drives the adapter's `register` over the transport and keeps what came up.
3. Where the provider drops addresses that fail, it is asked again every hour. What stood against
   it is tried again: in five minutes when nobody answered, in an hour when it was refused.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

from channels import callback_doors
from channels.accounts import callback_url, open_adapter
from channels.contract import Adapter
from channels.credentials import merged
from channels.defaults import staff
from channels.errors import (
    Ambiguous,
    Deferred,
    DeliveryError,
    Permanent,
    RateLimited,
    Temporary,
    UnknownReply,
)
from channels.faults import FAULTS
from channels.guard import AddressGuard
from channels.integrations import find_integration
from channels.models import DefaultIntegration, Integration, ProviderAccount
from channels.registry import ADAPTERS
from channels.routing import routed
from channels.secrets import decrypt
from channels.told import Registration
from channels.transport import call
from tenants.errors import InvalidFields, NotFound
from tenants.scope import support_scope, tenant_scope

CALL_S = 5.0  # a person waits, and a registration has up to six calls
MOST_CALLS = 12
BUDGET_S = 40.0  # of the tick's minute
AT_ONCE = 500  # accounts of one tick; who is left comes first the next time
AGAIN_IN = timedelta(hours=1)
FAILED: Final = ("refused", "unreachable")
WAITS: Final = {
    "unreachable": timedelta(minutes=5),
    "refused": timedelta(hours=1),
    "no_https": timedelta(),  # at once when the operator has mended it
}
PASSING: Final = (Temporary, RateLimited, Deferred, Ambiguous)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Connection:
    """What came of it, kept with the account. reason: the provider's words, free of secrets.

    state: "connected"; "manual" (this provider is told by hand), "silent" (it never calls);
    "no_https" (our own address is one that providers do not call); "refused", "unreachable".
    """

    state: str
    reason: str = ""


def can_register(adapter: type[Adapter]) -> bool:
    """Ask whether the provider has a call for it."""
    return adapter.register is not Adapter.register


def connect(tenant_id: UUID | None, account_id: UUID, now: datetime | None = None) -> Connection:
    """Make the provider call us; raises NotFound. What came of it stands with the account.

    tenant_id: None for an account that the platform lends. No transaction of this verb is open
    during the calls.
    """
    row = _completed(_found(tenant_id, account_id))
    adapter = open_adapter(row.pk, row.provider, row.credentials)
    try:
        kept, made = _registered(adapter, callback_url(row.pk, row.callback_token))
    except DeliveryError as error:
        state = "unreachable" if isinstance(error, PASSING) else "refused"
        kept, made = {}, Connection(state, error.detail[:150])
    _write(row, made, kept, now or datetime.now(UTC))
    return made


def status(row: ProviderAccount) -> Connection:
    """Tell where an account stands, without asking anybody; "waiting" when it is due."""
    if known := _known(ADAPTERS[row.provider]):
        return known
    if row.connect_fault:
        state, _, reason = row.connect_fault.partition(": ")
        return Connection(state, reason)
    if row.connected_at is not None:
        return Connection("connected")
    if not _is_callable():
        return Connection("no_https")
    return Connection("waiting" if row.connect_at else "manual")


def tick() -> dict[str, int]:
    """Connect who is due (a tick)."""
    if not _is_callable():
        return {"connected": 0, "failed": 0}
    return look(datetime.now(UTC), deadline=time.monotonic() + BUDGET_S)


def look(now: datetime, *, deadline: float) -> dict[str, int]:
    """Connect who is due until the deadline (monotonic)."""
    counts = {"connected": 0, "failed": 0}
    due = _due(now)
    for tenant_id, account_id in random.sample(due, len(due)):  # no slow one always first
        if time.monotonic() >= deadline:
            break
        try:
            made = connect(tenant_id, account_id)
        except (NotFound, InvalidFields, ImproperlyConfigured):
            continue  # deleted a moment ago, or no key opens it: it stops nobody else
        counts["failed" if made.state in FAILED else "connected"] += 1
    return counts


def _due(now: datetime) -> list[tuple[UUID | None, UUID]]:
    known = [name for name, adapter in ADAPTERS.items() if can_register(adapter)]
    due = {
        "connect_at__lte": now,
        "provider__in": known,
        "state": ProviderAccount.State.ACTIVE,
    }
    with support_scope("providers are told the callback addresses of all salons"):
        own = Integration.objects.filter(**due).order_by("connect_at")
        lent = DefaultIntegration.objects.filter(**due).values_list("pk", flat=True)
        found: list[tuple[UUID | None, UUID]] = [(None, key) for key in lent]
        return found + list(own.values_list("tenant_id", "pk")[:AT_ONCE])


def _found(tenant_id: UUID | None, account_id: UUID) -> ProviderAccount:
    if tenant_id is not None:
        return find_integration(tenant_id, account_id)
    with staff():
        row = DefaultIntegration.objects.filter(pk=account_id).first()
    if row is None:
        raise NotFound("There is no such default integration.")
    return row


def _home(row: ProviderAccount) -> AbstractContextManager[None]:
    """Open the scope in which the account may be written."""
    return tenant_scope(row.tenant_id) if isinstance(row, Integration) else staff()


def _rows(row: ProviderAccount) -> QuerySet[Any]:
    """Name the row in its table."""
    return type(row)._default_manager.filter(pk=row.pk)


def _is_callable() -> bool:
    return settings.PUBLIC_URL.startswith("https://")


def _registered(adapter: Adapter, url: str) -> tuple[Mapping[str, str], Connection]:
    if known := _known(type(adapter)):
        return {}, known
    if not _is_callable():
        return {}, Connection("no_https")
    try:
        steps = adapter.register(url)
        if steps is None:
            return {}, Connection("manual")
        return _drive(steps, adapter), Connection("connected")
    except FAULTS as error:
        raise UnknownReply(f"not understood: {type(error).__name__}") from error


def _known(adapter: type[Adapter]) -> Connection | None:
    """Say what needs no asking."""
    if adapter.read_callback is Adapter.read_callback:
        return Connection("silent")
    return None if can_register(adapter) else Connection("manual")


def _drive(steps: Registration, adapter: Adapter) -> Mapping[str, str]:
    """Make the calls one after the other; raises the DeliveryError that ends them."""
    guard = AddressGuard(tuple(settings.ALLOWED_PRIVATE_TARGETS))
    try:
        request = next(steps)
        for _ in range(MOST_CALLS):
            hurried = replace(request, timeout_s=min(request.timeout_s, CALL_S))
            try:
                response = call(routed(hurried, adapter.credentials), guard)
            except DeliveryError as error:
                request = steps.throw(error)
            else:
                request = steps.send(response)
    except StopIteration as end:
        return end.value or {}
    raise Permanent("the registration does not end")


def _completed(row: ProviderAccount) -> ProviderAccount:
    """Make up the secrets that an older account lacks."""
    stored = decrypt(row.credentials)
    if all(stored.get(name) for name in ADAPTERS[row.provider].generated):
        return row
    _keep(row, {})
    return _found(getattr(row, "tenant_id", None), row.pk)


def _write(row: ProviderAccount, made: Connection, kept: Mapping[str, str], now: datetime) -> None:
    """Note what came of it, unless the account was changed meanwhile: then it is due anyway."""
    is_failed = made.state in FAILED
    changes: dict[str, object] = {
        "connect_fault": f"{made.state}: {made.reason}" if is_failed else "",
        "connect_at": _next(ADAPTERS[row.provider], made.state, now),
    }
    if made.state == "connected":
        changes["connected_at"] = now
    stored = decrypt(row.credentials)
    with _home(row):
        same = _rows(row).filter(credentials=row.credentials)
        if same.update(**changes) and any(stored.get(name) != kept[name] for name in kept):
            _keep(row, kept)


def _next(adapter: type[Adapter], state: str, now: datetime) -> datetime | None:
    if state == "connected":
        return now + AGAIN_IN if adapter.forgets_after_s else None
    return now + WAITS[state] if state in WAITS else None


def _keep(row: ProviderAccount, values: Mapping[str, str]) -> None:
    with _home(row):
        locked = _rows(row).select_for_update().get()
        token = merged(locked.provider, locked.credentials, values)
        changes = {"credentials": token}
        if isinstance(row, Integration):
            changes["route"] = ADAPTERS[row.provider].route_of(decrypt(token))
        _rows(row).update(**changes)
    callback_doors.forget()
