"""Join, close and leave digests. Rows are locked in the order of (tenant, subscriber, key)."""

from __future__ import annotations

from typing import Final

# Before anything is joined or closed: two batches that meet in several rows take them in one order.
LOCK: Final = """
select d.id from notifications_digest d
join (select distinct * from unnest(%s::uuid[], %s::uuid[], %s::uuid[])
    v(tenant_id, subscriber, key)) u
  on u.tenant_id = d.tenant_id and u.subscriber = d.subscriber_id and u.key = d.key
where d.is_open order by d.tenant_id, d.subscriber_id, d.key for update of d
"""

# What begins at the very end of a window belongs to the next one, also when the first of the old
# one has not woken up yet.
END_OLD: Final = """
update notifications_digest d set is_open = false
from unnest(%s::uuid[], %s::uuid[], %s::uuid[]) u(tenant_id, subscriber, key)
where d.tenant_id = u.tenant_id and d.subscriber_id = u.subscriber and d.key = u.key
  and d.is_open and d.closes_at <= %s
"""

# The first of a full digest goes on at its time as ever; whoever comes next opens another one.
JOIN: Final = """
insert into notifications_digest as d (id, tenant_id, notification_id, subscriber_id, key, step,
  members, is_open, closes_at)
select kolokol_uuid7(), g.* from (
  select u.tenant_id, (array_agg(u.notification_id order by u.notification_id))[1],
    u.subscriber, u.key, min(u.step), array_agg(u.notification_id order by u.notification_id),
    count(*) < %(most)s, min(u.closes_at)
  from unnest(%(tenants)s::uuid[], %(subscribers)s::uuid[], %(keys)s::uuid[], %(steps)s::text[],
    %(notifications)s::uuid[], %(ends)s::timestamptz[])
    u(tenant_id, subscriber, key, step, notification_id, closes_at)
  group by u.tenant_id, u.subscriber, u.key order by u.tenant_id, u.subscriber, u.key) g
on conflict (tenant_id, subscriber_id, key) where is_open do update
  set members = d.members || excluded.members,
    is_open = cardinality(d.members) + cardinality(excluded.members) < %(most)s
returning d.subscriber_id, d.key, d.notification_id, d.closes_at
"""

# What is of no use any more leaves; the first goes on for the others, also when it is too late
# for itself. Gives how many are told.
CLOSE: Final = """
with ended as materialized (
  select d.id, d.notification_id, u.step, n.id as member, e.canceled_at is not null as is_canceled,
    coalesce(e.expires_at <= %(now)s, false) as is_late
  from unnest(%(firsts)s::uuid[], %(steps)s::smallint[]) u(notification_id, step)
  join notifications_digest d on d.notification_id = u.notification_id
  cross join lateral (select n.id, n.event_id from notifications_notification n
    where n.id = any(d.members) and n.tenant_id = d.tenant_id offset 0) n
  join notifications_event e on e.id = n.event_id and e.tenant_id = d.tenant_id
  where d.tenant_id = any(%(tenants)s)
), late as (
  update notifications_notification n set state = 'skipped', reason = 'expired',
    finished_at = now()
  from ended l where n.id = l.member and n.tenant_id = any(%(tenants)s) and n.state = 'merged'
    and l.is_late returning n.id, n.tenant_id, l.step
), logged as (
  insert into notifications_logentry (id, tenant_id, notification_id, step, status, reason, detail)
  select kolokol_uuid7(), l.tenant_id, l.id, l.step, 'skipped', 'expired', '' from late l
), closed as (
  update notifications_digest d set is_open = false,
    members = array(select m from unnest(d.members) m where m not in (select l.id from late l))
  where d.tenant_id = any(%(tenants)s) and d.id in (select l.id from ended l)
)
select notification_id, count(*) filter (where not is_late and not is_canceled)
from ended group by notification_id
"""

# What was called off when it could not leave any more is left out.
EVENTS: Final = """
select d.notification_id, e.payload, e.expires_at
from notifications_digest d
cross join lateral (select n.id, n.event_id from notifications_notification n
  where n.id = any(d.members) and n.tenant_id = d.tenant_id offset 0) n
join notifications_event e on e.id = n.event_id and e.tenant_id = d.tenant_id
where d.tenant_id = any(%s) and d.notification_id = any(%s) and e.canceled_at is null
order by n.id
"""

OF_EVENT: Final = """
select d.id, d.notification_id, d.step, d.members, d.closes_at, n.id
from notifications_notification n
join notifications_digest d on d.tenant_id = n.tenant_id and d.subscriber_id = n.subscriber_id
  and d.is_open and n.id = any(d.members)
where n.event_id = %s and n.tenant_id = %s
order by d.tenant_id, d.subscriber_id, d.key, n.id for update of d
"""
CALL_OFF: Final = """
with gone as (
  update notifications_notification n set state = 'canceled', reason = 'canceled',
    finished_at = now()
  where n.id = any(%(ids)s) and n.tenant_id = %(tenant)s and n.state = 'merged' returning n.id
), logged as (
  insert into notifications_logentry (id, tenant_id, notification_id, step, status, reason, detail)
  select kolokol_uuid7(), %(tenant)s, g.id, 0, 'canceled', 'canceled', '' from gone g
)
select id from gone
"""
LEAVE: Final = """
update notifications_digest set members = %s, notification_id = %s, is_open = %s
where id = %s and tenant_id = %s
"""
IS_CALLED_OFF: Final = """
select 1 from notifications_notification where id = %s and tenant_id = %s and state = 'canceled'
"""
HEIR: Final = """
select e.version_id, e.queue from notifications_notification n
join notifications_event e on e.id = n.event_id and e.tenant_id = n.tenant_id
where n.id = %s and n.tenant_id = %s
"""
# It waits on as the first did: flag 1, its timer runs.
PROMOTE: Final = """
with heir as (
  update notifications_notification n set state = 'pending', reason = '', finished_at = null
  where n.id = %(id)s and n.tenant_id = %(tenant)s and n.state = 'merged' returning n.id
), others as (
  update notifications_notification n set reason = %(name)s
  where n.id = any(%(rest)s) and n.id <> %(id)s and n.tenant_id = %(tenant)s and n.state = 'merged'
)
insert into notifications_due (tenant_id, notification_id, queue, state, step, attempt, claims,
  flags, due_at)
select %(tenant)s, h.id, %(queue)s, 0, %(step)s, 0, 0, 1, %(due)s from heir h
"""
