"""Read and lock what steps that decide want to know of their notifications."""

from __future__ import annotations

from typing import Final

# Messages, answers, and how steps ended that sent nothing. Of a message's own lines only the first
# counts: it tells when the message left, for it keeps the id of its first attempt.
EARLIER: Final = """
select u.id, s.step, s.state, s.reason, s.channel, s.message_id, s.sent
from unnest(%s::uuid[], %s::uuid[]) u(id, tenant_id)
cross join lateral (
  select m.id, m.step, m.state, m.reason, m.channel, m.id as message_id, greatest(m.id,
    (select l.id from notifications_logentry l where l.notification_id = u.id
     and l.tenant_id = u.tenant_id and l.message_id = m.id order by l.id limit 1)) as sent
  from notifications_message m
  where m.notification_id = u.id and m.tenant_id = u.tenant_id
  union all
  select l.id, l.step, l.status, l.reason, '', null, null
  from notifications_logentry l
  where l.notification_id = u.id and l.tenant_id = u.tenant_id
    and (l.status = 'answered' or l.message_id is null
      and l.status in ('done', 'skipped', 'failed'))
) s
order by (s.message_id is null), s.id
"""

# In id order, as callbacks lock them: whoever comes second sees what the first has written.
LOCK: Final = """
select n.id from notifications_notification n
where n.id = any(%s) and n.tenant_id = any(%s) order by n.id for update
"""

OVERTAKEN: Final = """
update notifications_message m
set extra = coalesce(m.extra, '{}'::jsonb) || '{"overtaken": true}'::jsonb
from unnest(%s::uuid[], %s::uuid[]) u(id, tenant_id)
where m.id = u.id and m.tenant_id = u.tenant_id and m.extra->>'overtaken' is null
"""

# Lines whose timer runs (flag 1) at the notification's own step (not 128, beside it).
WAITING: Final = """
select d.id, d.notification_id, d.step, d.queue, e.version_id
from notifications_due d
join notifications_notification n on n.id = d.notification_id and n.tenant_id = d.tenant_id
join notifications_event e on e.id = n.event_id and e.tenant_id = n.tenant_id
where d.tenant_id = %s and d.notification_id = any(%s) and d.state = 0
  and d.flags & 1 = 1 and d.flags & 128 = 0
"""
HASTEN: Final = """
update notifications_due d set state = 1, due_at = now()
where d.id = any(%s) and d.tenant_id = %s and d.state = 0
"""
