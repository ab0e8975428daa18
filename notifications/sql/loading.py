"""Read all that a batch of claimed work needs, in three statements."""

from __future__ import annotations

from typing import Final

# Laterals that cannot be pulled up fix the order: each line to its notification to its client, by
# id. After a large import the statistics are stale, and a join that starts with all clients of the
# salon made 5,000 recipients take 43 s instead of 2.
NOTIFICATIONS: Final = """
select u.due_id, n.event_id, n.state, s.id, s.subscriber_id, s.kind, s.first_name, s.last_name,
  s.language, s.timezone, s.preferred_channel, s.data, s.last_visit_at,
  (select json_agg(json_build_array(p.workflow_id, p.category, p.channel, p.is_on))
   from notifications_preference p
   where p.tenant_id = s.tenant_id and p.subscriber_id = s.id) as wishes
from unnest(%s::bigint[], %s::uuid[], %s::uuid[]) u(due_id, tenant_id, notification_id)
cross join lateral (
  select n.event_id, n.state, n.subscriber_id from notifications_notification n
  where n.id = u.notification_id and n.tenant_id = u.tenant_id offset 0) n
cross join lateral (
  select s.* from tenants_subscriber s
  where s.id = n.subscriber_id and s.tenant_id = u.tenant_id offset 0) s
"""

# For share: a cancel waits until what is prepared of the event is marked, or is seen here.
EVENTS: Final = """
select e.id, e.mode, e.transaction_id, e.version_id, e.location_id, e.payload, e.overrides,
  e.expires_at, e.canceled_at is not null
from notifications_event e where e.id = any(%s) and e.tenant_id = any(%s) for share
"""

# A suppressed value is suppressed for everybody who shares it (a mother and a daughter). Of those
# who share it six are named: one more than are counted one by one.
ADDRESSES: Final = """
select u.place, a.id, a.kind, a.value,
  case when a.state = 'active' and x.said_no then 'suppressed' else a.state end, a.window_until,
  x.sharers
from unnest(%s::uuid[], %s::uuid[]) with ordinality u(tenant_id, subscriber_id, place)
cross join lateral (
  select a.* from tenants_address a
  where a.tenant_id = u.tenant_id and a.subscriber_id = u.subscriber_id offset 0) a
cross join lateral (
  select coalesce(bool_or(x.state = 'suppressed'), false) as said_no,
    (array_agg(x.subscriber_id) filter (where x.subscriber_id <> a.subscriber_id))[1:6] as sharers
  from tenants_address x
  where x.tenant_id = a.tenant_id and x.kind = a.kind and x.value = a.value) x
order by a.id
"""

# A closed window closes the whole channel for this step, and so does a message that left and did
# not arrive; a dead address only itself, by its state.
FAILED: Final = """
select u.due_id, m.channel
from unnest(%s::bigint[], %s::uuid[], %s::uuid[], %s::smallint[])
  u(due_id, tenant_id, notification_id, step)
join notifications_message m on m.notification_id = u.notification_id
  and m.tenant_id = u.tenant_id and m.step = u.step
  and (m.state = 'failed' and m.reason = 'window_closed' or m.extra->>'fallback' = 'other_channel')
"""
