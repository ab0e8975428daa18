"""Read and write what reports change beyond a message's own state."""

from __future__ import annotations

from typing import Final

MESSAGES: Final = """
select m.tenant_id, m.id, m.notification_id, m.step, m.state, m.channel, m.extra, n.event_id,
  n.subscriber_id, e.mode, m.address, e.due_at
from notifications_message m
join notifications_notification n on n.id = m.notification_id and n.tenant_id = m.tenant_id
join notifications_event e on e.id = n.event_id and e.tenant_id = n.tenant_id
where m.tenant_id = any(%s) and m.id = any(%s)
"""

TOLD: Final = """
select l.message_id, l.reason from notifications_logentry l
where l.tenant_id = %s and l.notification_id = any(%s) and l.reason <> ''
"""

# The salon's own accounts, and those that the platform lends.
ACCOUNTS: Final = """
select i.id, i.provider, t.is_sandbox from channels_integration i
join tenants_tenant t on t.id = i.tenant_id
where i.tenant_id = %(tenant)s and i.id = any(%(ids)s)
union all
select d.id, d.provider, false from channels_defaultintegration d where d.id = any(%(ids)s)
"""

# Bounded twice: the newest notifications of each client, of the last weeks.
EARLIER: Final = """
select u.id, m.id, m.notification_id, m.provider_id
from unnest(%(ids)s::uuid[], %(integrations)s::uuid[], %(kinds)s::text[], %(values)s::text[],
  %(masks)s::text[], %(modes)s::text[]) u(id, integration_id, kind, value, mask, mode)
join tenants_address a on a.tenant_id = %(tenant)s and a.kind = u.kind and a.value = u.value
join tenants_subscriber s on s.id = a.subscriber_id and s.tenant_id = a.tenant_id
  and s.mode = u.mode
cross join lateral (
  select n.id from notifications_notification n where n.subscriber_id = a.subscriber_id
    and n.tenant_id = %(tenant)s and n.id >= %(since)s order by n.id desc limit %(most)s) n
join notifications_message m on m.notification_id = n.id and m.tenant_id = %(tenant)s
  and m.integration_id = u.integration_id and m.channel = u.kind and m.address = u.mask
  and m.state in ('unknown', 'sent', 'delivered')
order by m.id desc
"""

# One value may be several clients' (a mother and a daughter); locked in id order.
AFFECTED: Final = """
select u.place, a.id, a.subscriber_id, a.kind, a.state, a.reason
from unnest(%(places)s::int[], %(kinds)s::text[], %(values)s::text[], %(modes)s::text[])
  u(place, kind, value, mode)
join tenants_address a on a.tenant_id = %(tenant)s and a.kind = u.kind and a.value = u.value
join tenants_subscriber s on s.id = a.subscriber_id and s.tenant_id = a.tenant_id
  and s.mode = u.mode
order by a.id for update of a
"""

BOUNCES: Final = """
select u.place, a.changed_at, m.id
from unnest(%(places)s::int[], %(kinds)s::text[], %(values)s::text[], %(modes)s::text[],
  %(masks)s::text[]) u(place, kind, value, mode, mask)
join tenants_address a on a.tenant_id = %(tenant)s and a.kind = u.kind and a.value = u.value
join tenants_subscriber s on s.id = a.subscriber_id and s.tenant_id = a.tenant_id
  and s.mode = u.mode
join notifications_notification n on n.subscriber_id = a.subscriber_id
  and n.tenant_id = %(tenant)s and n.id >= %(since)s
join notifications_message m on m.notification_id = n.id and m.tenant_id = %(tenant)s
  and m.channel = u.kind and m.address = u.mask and m.state = 'bounced'
"""

SET_STATES: Final = """
update tenants_address a set state = u.state, reason = u.reason, changed_at = now()
from unnest(%s::uuid[], %s::text[], %s::text[]) u(id, state, reason)
where a.id = u.id and a.tenant_id = %s
"""

ADDRESSES_OF: Final = """
select a.subscriber_id, a.kind, a.value from tenants_address a
where a.tenant_id = %s and a.subscriber_id = any(%s)
"""
