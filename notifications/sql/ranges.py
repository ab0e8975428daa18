"""Let recipients leave the ranges that batches hold."""

from __future__ import annotations

from typing import Final

# A range belongs to one batch as long as it is there; a sweep and a cancel take it away.
HOLD: Final = """
select r.id from notifications_range r where r.id = any(%s) order by r.id for update
"""

# Once: a settle that is repeated because its answer was lost finds the line, or the notification
# at its end.
LINES: Final = """
with u as materialized (
  select * from unnest(%s::bigint[], %s::uuid[], %s::uuid[], %s::smallint[], %s::smallint[],
    %s::smallint[], %s::smallint[], %s::smallint[], %s::smallint[], %s::timestamptz[], %s::uuid[],
    %s::uuid[])
    u(id, tenant_id, notification_id, queue, state, step, attempt, claims, flags, due_at, batch_id,
      message_id)
)
insert into notifications_due (id, tenant_id, notification_id, queue, state, step, attempt, claims,
  flags, due_at, batch_id, message_id)
overriding system value
select u.id, u.tenant_id, u.notification_id, u.queue, u.state, u.step, u.attempt, u.claims,
  u.flags, coalesce(u.due_at, now()), u.batch_id, u.message_id
from u cross join lateral (
  select 1 from notifications_notification n
  where n.id = u.notification_id and n.tenant_id = u.tenant_id and n.finished_at is null offset 0) n
on conflict (id) do nothing returning id
"""

LEFT: Final = """
with u as materialized (
  select * from unnest(%s::bigint[], %s::smallint[]) u(id, count)
), gone as (
  delete from notifications_range r using u where r.id = u.id and r.remaining <= u.count
)
update notifications_range r set remaining = r.remaining - u.count
from u where r.id = u.id and r.remaining > u.count
"""
