"""Open a step again for a message that did not arrive, or end its notification."""

from __future__ import annotations

from typing import Final

# A suppressed value is suppressed for everybody who shares it, as in sending.
FACTS: Final = """
select m.id, n.state, e.version_id, e.queue, e.expires_at, e.canceled_at is not null,
  array(select a.kind from tenants_address a where a.tenant_id = m.tenant_id
    and a.subscriber_id = n.subscriber_id and a.state = 'active' and not exists (
      select 1 from tenants_address x where x.tenant_id = a.tenant_id and x.kind = a.kind
      and x.value = a.value and x.state = 'suppressed')),
  array(select o.step from notifications_message o where o.tenant_id = m.tenant_id
    and o.notification_id = m.notification_id
    and o.state in ('unknown', 'sent', 'delivered', 'read')),
  array(select o.channel from notifications_message o where o.tenant_id = m.tenant_id
    and o.notification_id = m.notification_id and o.step = m.step
    and o.extra->>'fallback' = 'other_channel')
from notifications_message m
join notifications_notification n on n.id = m.notification_id and n.tenant_id = m.tenant_id
join notifications_event e on e.id = n.event_id and e.tenant_id = m.tenant_id
where m.tenant_id = %s and m.id = any(%s)
"""

# Only the last step of a finished notification opens it; any other is done beside the walk (128).
OPEN: Final = """
with u as materialized (
  select * from unnest(%(notifications)s::uuid[], %(steps)s::smallint[], %(queues)s::smallint[],
    %(flags)s::smallint[], %(lasts)s::boolean[]) u(id, step, queue, flags, is_last)
), opened as (
  update notifications_notification n set state = 'pending', reason = '', finished_at = null
  from u where n.id = u.id and n.tenant_id = %(tenant)s and n.state = 'completed' and u.is_last
  returning n.id
)
insert into notifications_due (tenant_id, notification_id, queue, state, step, attempt, claims,
  flags, due_at)
select %(tenant)s, u.id, u.queue, 1, u.step, 0, 0,
  u.flags | case when o.id is null then 128 else 0 end, now()
from u left join opened o on o.id = u.id
"""

# What a worker holds already has left.
CALL_OFF: Final = """
with gone as (
  delete from notifications_due d using unnest(%s::uuid[], %s::smallint[]) u(id, step)
  where d.notification_id = u.id and d.step = u.step and d.tenant_id = %s and d.state in (0, 1)
  returning d.notification_id, d.tenant_id, d.flags
)
update notifications_notification n set state = 'completed', finished_at = now()
from gone g where n.id = g.notification_id and n.tenant_id = g.tenant_id and g.flags & 128 = 0
  and n.finished_at is null
"""

END: Final = """
update notifications_notification set state = 'failed', reason = 'not_delivered'
where tenant_id = %s and id = any(%s) and state = 'completed' returning id
"""
