"""Who is meant at the desk, and what went to clients who have a conversation there."""

from __future__ import annotations

from typing import Final

# By our own id where we made the contact, else by a number that is hers.
CLIENT: Final = """
select s.id from tenants_subscriber s
where s.tenant_id = %(tenant)s and s.mode = 'live' and s.id = %(key)s::uuid
union all
select s.id from tenants_address a join tenants_subscriber s
  on s.id = a.subscriber_id and s.tenant_id = a.tenant_id and s.mode = 'live'
where a.tenant_id = %(tenant)s and a.value = %(phone)s and a.kind in ('phone', 'whatsapp')
limit 1
"""

# What the desk itself wrote stands there already: as an account of messages, or by an agent. What
# lies in the client's own inbox has no integration and is not shown.
TO_MIRROR: Final = """
select m.id, t.conversation, t.subscriber_id, m.title, m.body, m.extra->>'desk' is not null
from notifications_deskthread t
join notifications_notification n on n.subscriber_id = t.subscriber_id
  and n.tenant_id = t.tenant_id and n.id > %(floor)s
join notifications_event e on e.id = n.event_id and e.tenant_id = n.tenant_id
  and e.mode = 'live' and not starts_with(e.transaction_id, 'desk_')
join notifications_message m on m.notification_id = n.id and m.tenant_id = n.tenant_id
  and m.id > t.id and m.state in ('sent', 'delivered', 'read', 'unknown')
  and m.integration_id <> t.integration_id
  and coalesce(m.extra->>'desk', '?') = '?'
where t.tenant_id = %(tenant)s and t.integration_id = %(integration)s and t.inbox = %(inbox)s
order by m.id limit %(most)s
"""

# What we have written at the desk of a client's messages: its number, or "?" while it is written.
WRITTEN: Final = """
select m.extra->>'desk' from notifications_notification n
join notifications_message m on m.notification_id = n.id and m.tenant_id = n.tenant_id
where n.tenant_id = %s and n.subscriber_id = %s and n.id > %s and m.extra->>'desk' = any(%s)
"""
