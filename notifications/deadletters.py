"""How does a notification that ended in failure get another chance, exactly once?

1. The dead letters are locked in id order; one that was replayed meanwhile is left out.
2. Its notification is opened again by compare-and-set: failed becomes pending.
3. A new line of open work starts at the step that failed; the log says so.
All of it is one statement in one transaction: two people who press the button send once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from notifications.dispatch import wake_on_commit
from notifications.models import QUEUES, DeadLetter
from tenants import rows
from tenants.scope import support_scope, tenant_scope

MOST = 1_000

# What was sent by earlier steps still counts (flag 4), so that the end is told truly; who is the
# first of a digest has gathered already (flag 1).
_REPLAY: Final = """
with chosen as materialized (
  select d.id, d.notification_id, d.step, d.queue from notifications_deadletter d
  where d.tenant_id = %(tenant)s and d.id = any(%(ids)s) and d.replayed_at is null
  order by d.id for update of d
), first as (
  select distinct on (notification_id) notification_id, step, queue from chosen
  order by notification_id, id
), opened as (
  update notifications_notification n set state = 'pending', reason = '', finished_at = null
  from first f where n.id = f.notification_id and n.tenant_id = %(tenant)s and n.state = 'failed'
  returning n.id, f.step, f.queue
), marked as (
  update notifications_deadletter d set replayed_at = now() from chosen c join opened o
    on o.id = c.notification_id where d.id = c.id and d.tenant_id = %(tenant)s returning d.id
), due as (
  insert into notifications_due (tenant_id, notification_id, queue, state, step, attempt, claims,
    flags, due_at)
  select %(tenant)s, o.id, o.queue, 1, o.step, 0, 0, case when exists (
      select 1 from notifications_message m where m.notification_id = o.id
      and m.tenant_id = %(tenant)s and m.state in ('sent', 'delivered', 'read', 'unknown'))
    then 4 else 0 end | case when exists (select 1 from notifications_digest g
      where g.notification_id = o.id and g.tenant_id = %(tenant)s) then 1 else 0 end,
    now() from opened o
), told as (
  insert into notifications_logentry (id, tenant_id, notification_id, step, status, reason, detail)
  select kolokol_uuid7(), %(tenant)s, o.id, o.step, 'replayed', '', '' from opened o
)
select m.id, c.queue from marked m join chosen c on c.id = m.id
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters; an empty field does not narrow."""

    tenant_id: UUID | None = None
    ids: tuple[UUID, ...] = ()
    reason: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter as a list shows it; free of personal data."""

    id: UUID
    tenant_id: UUID
    tenant: str
    notification_id: UUID
    step: int
    queue: str
    reason: str
    detail: str
    created_at: datetime
    replayed_at: datetime | None


def find(wanted: Wanted, *, limit: int = MOST, with_replayed: bool = False) -> list[Letter]:
    """List dead letters of one salon or of all, the oldest first; for platform staff."""
    with support_scope("platform staff look at what failed"):
        found = DeadLetter.objects.select_related("tenant").order_by("created_at", "id")
        if wanted.tenant_id:
            found = found.filter(tenant_id=wanted.tenant_id)
        if wanted.ids:
            found = found.filter(pk__in=wanted.ids)
        if wanted.reason:
            found = found.filter(reason=wanted.reason)
        if wanted.since:
            found = found.filter(created_at__gte=wanted.since)
        if not with_replayed:
            found = found.filter(replayed_at=None)
        return [_letter(row) for row in found[:limit]]


def _letter(row: DeadLetter) -> Letter:
    return Letter(
        id=row.pk,
        tenant_id=row.tenant_id,
        tenant=row.tenant.slug,
        notification_id=row.notification_id,
        step=row.step,
        queue=QUEUES[row.queue],
        reason=row.reason,
        detail=row.detail,
        created_at=row.created_at,
        replayed_at=row.replayed_at,
    )


def replay(tenant_id: UUID, ids: Sequence[UUID]) -> list[UUID]:
    """Send again, from the step that failed; return the dead letters that this call replayed.

    Left out: those that somebody replayed before, and those whose notification is gone.
    """
    with tenant_scope(tenant_id):
        found = rows.fetch(_REPLAY, {"tenant": tenant_id, "ids": list(ids)})
        wake_on_commit(queue for _, queue in found)
    return [key for key, _ in found]


def replay_all(letters: Iterable[Letter]) -> list[UUID]:
    """Replay letters of several salons, each salon in its own transaction."""
    of_tenant: dict[UUID, list[UUID]] = defaultdict(list)
    for letter in letters:
        of_tenant[letter.tenant_id].append(letter.id)
    return [key for tenant, ids in of_tenant.items() for key in replay(tenant, ids)]
