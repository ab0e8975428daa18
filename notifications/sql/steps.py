"""Read and lock what steps that decide want to know of their notifications."""

from __future__ import annotations

from typing import Final

# Messages, answers, and how steps ended that sent nothing. A message's own lines are left out.
EARLIER: Final = """
select u.id, s.step, s.state, s.reason, s.channel, s.message_id
from unnest(%s::uuid[], %s::uuid[]) u(id, tenant_id)
cross join lateral (
  select m.id, m.step, m.state, m.reason, m.channel, m.id as message_id
  from notifications_message m
  where m.notification_id = u.id and m.tenant_id = u.tenant_id
  union all
  select l.id, l.step, l.status, l.reason, '', null
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
