"""Bring the salons' desks up to date, outside any transaction: a tick, and the end of a case's job.

A visit to one desk, one visitor at a time:
1. Look: what agents wrote and resolved since the last look is kept as a callback would be, under
   the same keys, so that what a webhook told already changes nothing.
2. Cases: their client's conversation is opened or found, labelled, given a note; what she wrote is
   shown there. A case that was closed here resolves it.
3. Mirror: what other channels carried to clients with a conversation is shown there.
Each row says "?" while it is being written; one that stayed so is looked up before it is written
again, so that it stands there once.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured

from channels.errands import walk
from channels.errors import BadCredentials, DeliveryError, ProviderPaused
from channels.integrations import pause
from channels.models import Integration
from notifications import desk_cases, desk_mirror, dispatch
from notifications.callbacks import keep_told
from notifications.desk_account import PROVIDER, Desk, desk_of
from notifications.models import EscalationLine
from tenants.ids import floor_id
from tenants.scope import support_scope, tenant_scope

log = logging.getLogger(__name__)

BUDGET_S = 45.0  # of the tick's two minutes
BUSY_MS = 120_000  # after which another visitor may come
FIRST_LOOK = timedelta(hours=1)  # how far back, when nobody knows when the last one was


def tick() -> dict[str, int]:
    """Visit every desk (a tick)."""
    with support_scope("desks of all salons are visited"):
        rows = Integration.objects.filter(provider=PROVIDER, state=Integration.State.ACTIVE)
        tenants = sorted(set(rows.values_list("tenant_id", flat=True)))
    return visit_all(random.sample(tenants, len(tenants)))  # no slow one always before the same


def with_news(now: datetime) -> list[UUID]:
    """Name the salons whose desks have not seen all of their cases."""
    with support_scope("cases of all salons are brought to their desks"):
        lines = EscalationLine.objects.filter(
            id__gt=floor_id(now - desk_cases.GIVEN_UP_AFTER),
            kind__in=desk_cases.BROUGHT,
            desk_id="",
            escalation__mode="live",
        )
        desks = Integration.objects.filter(provider=PROVIDER, state=Integration.State.ACTIVE)
        found = lines.filter(tenant_id__in=desks.values("tenant_id"))
        return sorted(set(found.values_list("tenant_id", flat=True)))


def visit_all(tenants: Iterable[UUID]) -> dict[str, int]:
    """Visit the desks of these salons until the budget is used up; returns counts."""
    deadline = time.monotonic() + BUDGET_S
    visited = failed = 0
    for tenant_id in tenants:
        if time.monotonic() >= deadline:
            break
        try:
            visited += visit(tenant_id, datetime.now(UTC))
        except (DeliveryError, ImproperlyConfigured) as refused:
            failed += 1
            reason = getattr(refused, "detail", "") or type(refused).__name__
            extra = {"tenant": str(tenant_id), "reason": reason}
            log.warning("a desk was not reached", extra=extra)
    return {"visited": visited, "failed": failed}


def visit(tenant_id: UUID, now: datetime) -> bool:
    """Visit a salon's desk, its first account; False when it has none, or somebody is there.

    Raises the DeliveryError of a desk that does not answer.
    """
    desk = desk_of(tenant_id)
    if desk is None:
        return False
    key = f"desk:{desk.account.id}"
    if not dispatch.server().set(f"{key}:busy", 1, nx=True, px=BUSY_MS):
        return False
    try:
        _look(desk, key, now)
        desk_cases.bring(desk, now)
        if desk.adapter.mirrors:
            desk_mirror.bring(desk, now)
    except (BadCredentials, ProviderPaused) as refused:
        with tenant_scope(tenant_id):  # until a probe finds that it works again
            pause(tenant_id, desk.account.id, f"{refused.outcome}: {refused.detail}")
        raise
    finally:
        dispatch.server().delete(f"{key}:busy")
    return True


def _look(desk: Desk, key: str, now: datetime) -> None:
    kept = dispatch.server().get(f"{key}:since")
    since = float(kept) if isinstance(kept, bytes) else (now - FIRST_LOOK).timestamp()
    seen = walk(desk.account, desk.adapter.look(since))
    keep_told(desk.tenant_id, desk.account.id, seen.told, now)
    dispatch.server().set(f"{key}:since", seen.until)
