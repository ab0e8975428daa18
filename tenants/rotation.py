"""Which keys should have been changed by now? Asked by doctor, metrics, `rotate_key --due`, a tick.

A key goes on working after its date: a salon that stops sending is worse than an old key.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from tenants.rows import fetch
from tenants.scope import support_scope

log = logging.getLogger(__name__)

_DUE: Final = """
select k.id, t.slug, k.prefix, k.mode, k.rotate_after from tenants_apikey k
join tenants_tenant t on t.id = k.tenant_id
where k.rotate_after <= %(now)s and k.revoked_at is null and k.expires_at is null
union all
select p.id, '', p.prefix, 'platform', p.rotate_after from tenants_platformkey p
where p.rotate_after <= %(now)s and p.revoked_at is null and p.expires_at is null
order by 5, 1
"""


@dataclass(frozen=True, slots=True)
class DueKey:
    """A key past its date. tenant: the salon's identifier, empty for the platform's own keys."""

    id: UUID
    tenant: str
    prefix: str
    mode: str
    rotate_after: datetime


def keys_due(now: datetime) -> list[DueKey]:
    """List keys past their date that nobody has rotated, the oldest first."""
    with support_scope("keys of all salons grow old"):
        return read_keys_due(now)


def read_keys_due(now: datetime) -> list[DueKey]:
    """List them in the caller's scope, which must read all salons."""
    return [DueKey(*row) for row in fetch(_DUE, {"now": now})]


def tick() -> dict[str, int]:
    """Write one log line for each key that is due (a daily tick)."""
    due = keys_due(datetime.now(UTC))
    for key in due:
        log.warning(
            "an API key is due for rotation",
            extra={"tenant": key.tenant, "prefix": key.prefix, "since": f"{key.rotate_after:%F}"},
        )
    return {"due": len(due)}
