"""What becomes of a digest when one of its events is called off? The others are told without it.

1. Open digests of the event are locked, in the order in which others lock them.
2. Who had joined leaves; his notification is canceled.
3. If the first was called off, the next of the rest waits in its place; without a rest it is over.
A digest that has closed is being told: what was in it stays. Call inside the tenant's scope, after
the waiting lines of the event are gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from notifications import configs
from notifications.sql import digests as sql
from tenants import rows


@dataclass(slots=True)
class _Digest:
    """An open digest and who of it is called off."""

    id: UUID
    first: UUID
    step: str
    members: list[UUID]
    closes_at: datetime
    leaving: set[UUID] = field(default_factory=set)

    @property
    def rest(self) -> list[UUID]:
        return [key for key in self.members if key not in self.leaving]


def leave_digests(tenant_id: UUID, event_id: UUID) -> bool:
    """Take an event out of the digests that still gather; say whether it was in one."""
    found: dict[UUID, _Digest] = {}
    for *facts, notification in rows.fetch(sql.OF_EVENT, [event_id, tenant_id]):
        found.setdefault(facts[0], _Digest(*facts)).leaving.add(notification)
    left = [_leave(tenant_id, digest) for digest in found.values()]
    return any(left)


def _leave(tenant_id: UUID, digest: _Digest) -> bool:
    rest, first = digest.rest, digest.first
    joined = [key for key in digest.leaving if key != first]
    gone = rows.fetch(sql.CALL_OFF, {"ids": joined, "tenant": tenant_id})
    if first in digest.leaving:
        if not rows.fetch(sql.IS_CALLED_OFF, [first, tenant_id]):
            return bool(gone)  # it is being told already
        first = rest[0] if rest else first
        if rest:
            _promote(tenant_id, digest, first)
    rows.run(sql.LEAVE, [rest or digest.members, first, bool(rest), digest.id, tenant_id])
    return True


def _promote(tenant_id: UUID, digest: _Digest, heir: UUID) -> None:
    """Let another notification wait for the window's end, at this step of its own version."""
    ((version_id, queue),) = rows.fetch(sql.HEIR, [heir, tenant_id])
    steps = configs.definition(tenant_id, version_id).steps
    arguments = {
        "id": heir,
        "name": str(heir),
        "rest": digest.rest,
        "tenant": tenant_id,
        "queue": queue,
        "step": [step.key for step in steps].index(digest.step),
        "due": digest.closes_at,
    }
    rows.run(sql.PROMOTE, arguments)
