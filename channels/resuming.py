"""Which accounts may work again: those that were paused, and those whose breaker may be probed?

1. Paused (credentials refused, unpaid, locked): asked after 1, 2, 4... minutes, at most hourly. An
   account whose provider has no harmless call is let go after 1, 2, 4... hours, at most daily: its
   next message is the probe, which pauses it again or does not.
2. Failing: when its breaker has rested, a harmless call closes it or opens it anew, so that no
   client's message has to try.
The first look at a paused account writes a line to the log; how often it was asked stands in Redis.
"""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from channels.accounts import open_adapter
from channels.breaker import Breaker, Tally
from channels.contract import Adapter
from channels.defaults import check_default
from channels.errors import Ambiguous, DeliveryError, Temporary
from channels.integrations import check_integration, find_integration
from channels.models import DefaultIntegration, Integration, ProviderAccount
from channels.probing import may_be_asked, probe
from channels.registry import ADAPTERS
from tenants.errors import NotFound
from tenants.scope import support_scope

BUDGET_S = 40.0  # of the tick's minute; who comes last is first to come another time
ASKED_FIRST, ASKED_AT_MOST = timedelta(minutes=1), timedelta(hours=1)
UNASKED_FIRST, UNASKED_AT_MOST = timedelta(hours=1), timedelta(days=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Found:
    """An account to look at. tenant_id: None for one that the platform lends."""

    tenant_id: UUID | None
    id: UUID
    provider: str
    reason: str


@dataclass(slots=True)
class Looked:
    """What one look did: accounts that work again, calls that a breaker let through."""

    resumed: int = 0
    probed: int = 0


def tick() -> dict[str, int]:
    """Look once at every account that is paused or failing (a tick)."""
    store, breaker = redis.Redis.from_url(settings.REDIS_URL), Breaker(settings.REDIS_URL)
    try:
        looked = look(store, breaker, deadline=time.monotonic() + BUDGET_S)
    finally:
        breaker.close()
        store.close()
    return {"resumed": looked.resumed, "probed": looked.probed}


def look(store: redis.Redis, breaker: Breaker, *, deadline: float) -> Looked:
    """Probe whoever is due until the deadline (monotonic)."""
    looked = Looked()
    failing = breaker.half_open_ids()
    for found in _shuffled(_found(failing)):
        if time.monotonic() >= deadline:
            break
        if found.id in failing:
            looked.probed += _probe_breaker(found, breaker)
        else:
            looked.resumed += _resume(found, store)
    return looked


def _found(failing: frozenset[UUID]) -> list[_Found]:
    paused = {"state": ProviderAccount.State.PAUSED}
    active = {"state": ProviderAccount.State.ACTIVE, "pk__in": failing}
    columns = ("id", "provider", "state_reason")
    with support_scope("accounts of all salons are paused"):
        own = [
            _Found(*row)
            for which in (paused, active)
            for row in Integration.objects.filter(**which).values_list("tenant_id", *columns)
        ]
        lent = [
            _Found(None, *row)
            for which in (paused, active)
            for row in DefaultIntegration.objects.filter(**which).values_list(*columns)
        ]
    return [found for found in own + lent if found.provider in ADAPTERS]


def _shuffled(found: list[_Found]) -> list[_Found]:
    """Let no slow provider always stand before the same others."""
    return random.sample(found, len(found))


def _adapter(found: _Found) -> Adapter:
    """Open the account; raises NotFound when it was deleted a moment ago."""
    if found.tenant_id is not None:
        row: ProviderAccount | None = find_integration(found.tenant_id, found.id)
    else:
        with support_scope("an account that the platform lends is asked"):
            row = DefaultIntegration.objects.filter(pk=found.id).first()
    if row is None:
        raise NotFound("There is no such default integration.")
    return open_adapter(row.pk, row.provider, row.credentials)


def _resume(found: _Found, store: redis.Redis) -> bool:
    """Ask a paused account's provider when it is time; say whether it works again."""
    key = f"resume:{found.id}"
    if store.exists(f"{key}:wait"):
        return False
    try:
        is_asked = may_be_asked(_adapter(found))
        turn = _next_turn(store, key, is_asked)
        if turn == 1:
            _tell("an account is paused", found)
            if not is_asked:
                return False
        is_active = _check(found).state == ProviderAccount.State.ACTIVE
    except (DeliveryError, NotFound, ImproperlyConfigured):
        return False  # no key opens its credentials, or they make no call: it stops nobody else
    if is_active:
        store.delete(key, f"{key}:wait")
        _tell("an account works again", found)
    return is_active


def _next_turn(store: redis.Redis, key: str, is_asked: bool) -> int:
    """Count this look, and note when the next one is due."""
    first, most = (ASKED_FIRST, ASKED_AT_MOST) if is_asked else (UNASKED_FIRST, UNASKED_AT_MOST)
    turn = int(store.incr(key))
    wait = min(first * 2 ** min(turn - 1, 16), most)
    store.set(f"{key}:wait", 1, px=wait)
    store.pexpire(key, wait + most)
    return turn


def _check(found: _Found) -> ProviderAccount:
    if found.tenant_id is None:
        return check_default(found.id)
    return check_integration(found.tenant_id, found.id)


def _probe_breaker(found: _Found, breaker: Breaker) -> bool:
    """Make the one call that a half-open breaker lets through, if the provider has a harmless one.

    Refused credentials are an answer too: pausing is what the next message does.
    """
    try:
        adapter = _adapter(found)
        if not may_be_asked(adapter):
            return False
    except (DeliveryError, NotFound, ImproperlyConfigured):
        return False
    verdict = breaker.ask([found.id]).get(found.id)
    if verdict is None or not verdict.is_probe:
        return False
    breaker.tell({found.id: _tally(adapter)})
    return True


def _tally(adapter: Adapter) -> Tally:
    try:
        probe(adapter)
    except (Temporary, Ambiguous):
        return Tally(answered=0, failed=1)
    except DeliveryError:
        pass
    return Tally(answered=1, failed=0)


def _tell(what: str, found: _Found) -> None:
    log.warning(
        what,
        extra={
            "tenant": str(found.tenant_id or ""),
            "integration": str(found.id),
            "provider": found.provider,
            "reason": found.reason,
        },
    )
