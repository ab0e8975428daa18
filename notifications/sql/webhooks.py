"""Write, lease and settle the deliveries of salons' webhooks."""

from __future__ import annotations

from typing import Final

LISTENING: Final = """
select e.id, e.tenant_id, e.mode, e.events from notifications_webhookendpoint e
where e.tenant_id = any(%s) and e.is_enabled
"""

MESSAGES: Final = """
select u.place, n.id, e.transaction_id, w.identifier, s.subscriber_id, m.id, m.channel, m.provider
from unnest(%s::int[], %s::uuid[], %s::uuid[], %s::uuid[])
  u(place, tenant_id, notification_id, message_id)
join notifications_notification n on n.id = u.notification_id and n.tenant_id = u.tenant_id
join notifications_event e on e.id = n.event_id and e.tenant_id = u.tenant_id
join notifications_workflow w on w.id = e.workflow_id and w.tenant_id = u.tenant_id
join tenants_subscriber s on s.id = n.subscriber_id and s.tenant_id = u.tenant_id
left join notifications_message m on m.id = u.message_id and m.tenant_id = u.tenant_id
"""

SUBSCRIBERS: Final = """
select s.id, s.subscriber_id, s.mode from tenants_subscriber s
where s.tenant_id = any(%s) and s.id = any(%s)
"""

WRITE: Final = """
insert into notifications_webhookdelivery (id, tenant_id, endpoint_id, event_id, type, body, state,
  attempts, due_at, answer)
select u.id, u.tenant_id, u.endpoint_id, u.event_id, u.type, u.body, 'pending', 0, now(), ''
from unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[])
  u(id, tenant_id, endpoint_id, event_id, type, body)
"""

DUE: Final = "select tenant_id, endpoint_id, is_failing from kolokol_webhooks_due()"

# A lease is a moment ahead of which nobody else takes the line, and a token without which nobody
# writes its end: what its owner has not written down by then is sent again.
LEASE: Final = """
with open as materialized (
  select d.id from notifications_webhookdelivery d
  where d.tenant_id = %(tenant)s and d.endpoint_id = %(endpoint)s and d.state = 'pending'
    and d.due_at <= now()
  order by d.due_at limit %(room)s for update skip locked
)
update notifications_webhookdelivery d set lease = %(lease)s, attempts = d.attempts + 1,
  attempted_at = now(), due_at = now() + make_interval(secs => %(lease_s)s)
from open where d.id = open.id and d.tenant_id = %(tenant)s
returning d.id, d.event_id, d.body, d.attempts
"""

SETTLE: Final = """
update notifications_webhookdelivery d set state = %(state)s, lease = null, due_at = %(due)s,
  status = %(status)s, answer = %(answer)s, attempts = d.attempts - %(unused)s
where d.tenant_id = %(tenant)s and d.id = %(id)s and d.lease = %(lease)s
"""

# failing_since keeps the first of a row of failures; a success ends the row.
HEALTH: Final = """
update notifications_webhookendpoint e set
  failing_since = case when %(ok)s then null else coalesce(e.failing_since, %(now)s) end,
  not_before = %(until)s
where e.tenant_id = %(tenant)s and e.id = %(endpoint)s
  and ((e.failing_since is null) <> %(ok)s or e.not_before is distinct from %(until)s)
"""

# The oldest failures go first; what is under way stays as it is.
AGAIN: Final = """
with chosen as materialized (
  select d.id from notifications_webhookdelivery d
  where d.tenant_id = %(tenant)s and d.endpoint_id = %(endpoint)s and d.state = 'failed'
    and d.id >= %(since)s
  order by d.id limit %(most)s for update skip locked
)
update notifications_webhookdelivery d set state = 'pending', due_at = now(), attempts = 0,
  lease = null
from chosen where d.id = chosen.id and d.tenant_id = %(tenant)s
"""

GIVE_UP: Final = """
update notifications_webhookdelivery d set state = 'failed', lease = null
where d.tenant_id = %s and d.endpoint_id = %s and d.state = 'pending'
"""
