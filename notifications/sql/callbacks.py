"""Keep providers' callbacks, find the messages they speak of, and write what they changed."""

from __future__ import annotations

from typing import Final

KEEP: Final = "select kolokol_keep_callbacks(%s, %s, %s, %s, %s, %s)"

# Whose they are is asked of a function: no role but the owner sees all salons' messages.
LENT_HOMES: Final = """
select l.id, l.attempt, home.tenant_id, home.integration_id, l.key, l.event::text
from (select * from notifications_lentcallback where due_at <= %(now)s order by due_at
  limit %(most)s) l
join channels_defaultintegration d on d.id = l.account_id
left join lateral kolokol_callback_home(l.account_id, d.provider, %(kinds)s::jsonb -> d.provider,
  l.event) home on true
"""

LENT_GONE: Final = "delete from notifications_lentcallback where id = any(%s)"

LENT_LATER: Final = """
update notifications_lentcallback l set attempt = l.attempt + 1, due_at = u.due_at
from unnest(%s::uuid[], %s::timestamptz[]) u(id, due_at) where l.id = u.id
"""

OPEN: Final = """
select tenant_id, id from notifications_receivedcallback
where applied_at is null and event ->> 'type' = %s and due_at <= %s order by due_at limit %s
"""

# Of all salons of a slice; see notifications.plain_reports.
LOCK_PLAIN: Final = """
select tenant_id, id, integration_id, event from notifications_receivedcallback
where tenant_id = any(%s) and id = any(%s) and applied_at is null and due_at <= %s
  and event ->> 'type' = 'status' and event ->> 'state' in ('sent', 'delivered', 'read')
  and event ->> 'reason' is distinct from 'clicked'
  and not event ?| array['effect', 'reach', 'cost']
order by id for update skip locked
"""

CLOSE_PLAIN: Final = """
update notifications_receivedcallback set applied_at = %s, attempt = attempt + 1
where tenant_id = any(%s) and id = any(%s)
"""

LOCK: Final = """
select id, integration_id, event, attempt from notifications_receivedcallback
where tenant_id = %s and id = any(%s) and applied_at is null and due_at <= %s order by id
for update skip locked
"""

CLOSE: Final = """
update notifications_receivedcallback r
set applied_at = u.applied_at, due_at = u.due_at, attempt = r.attempt + 1,
  event = case when u.note = '' then r.event
    else r.event || jsonb_build_object('note', u.note) end
from unnest(%(ids)s::uuid[], %(applied)s::timestamptz[], %(due)s::timestamptz[], %(notes)s::text[])
  u(id, applied_at, due_at, note)
where r.id = u.id and r.tenant_id = %(tenant)s
"""

# By our own id when the provider echoes it, else by the provider's; never another account's.
FIND: Final = """
select u.id, m.id, m.notification_id
from unnest(%(tenants)s::uuid[], %(ids)s::uuid[], %(integrations)s::uuid[], %(messages)s::uuid[],
  %(providers)s::text[]) u(tenant_id, id, integration_id, message_id, provider_id)
cross join lateral (
  (select m.id, m.notification_id from notifications_message m
   where m.id = u.message_id and m.tenant_id = u.tenant_id and m.integration_id = u.integration_id)
  union all
  (select m.id, m.notification_id from notifications_message m
   where m.integration_id = u.integration_id and m.provider_id = u.provider_id
     and m.provider_id <> '' and m.tenant_id = u.tenant_id order by m.id desc limit 1)
  limit 1) m
"""

# Timers and callbacks lock the notification first, in id order, and read messages under the lock.
LOCK_NOTIFICATIONS: Final = """
select id from notifications_notification where tenant_id = any(%s) and id = any(%s)
order by id for update
"""

ADVANCE: Final = """
update notifications_message m set state = u.state, reason = u.reason
from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[]) u(tenant_id, id, state, reason)
where m.id = u.id and m.tenant_id = u.tenant_id
"""

SET_EXTRA: Final = """
update notifications_message m set extra = coalesce(m.extra, '{}'::jsonb) || u.change::jsonb
from unnest(%s::uuid[], %s::text[]) u(id, change) where m.id = u.id and m.tenant_id = %s
"""
