"""Open cases, or add to those that are open."""

from __future__ import annotations

from typing import Final

# A case that staff have answered is open again when it happens again; staff are told anew.
OPEN: Final = """
insert into notifications_escalation as e (id, tenant_id, mode, cause, subscriber_id, subject_type,
  subject_id, notification_id, message_id, channel, state, repeats, opened_at, changed_at,
  deadline_at, told_at, taken_by, closed_by)
select u.*, 'open', d.repeats, %(now)s, %(now)s, d.deadline_at, d.told_at, '', ''
from unnest(%(ids)s::uuid[], %(tenants)s::uuid[], %(modes)s::text[], %(causes)s::text[],
  %(subscribers)s::uuid[], %(subject_types)s::text[], %(subject_ids)s::text[],
  %(notifications)s::uuid[], %(messages)s::uuid[], %(channels)s::text[])
  u(id, tenant_id, mode, cause, subscriber_id, subject_type, subject_id, notification_id,
    message_id, channel)
join unnest(%(ids)s::uuid[], %(deadlines)s::timestamptz[], %(told)s::timestamptz[],
  %(repeats)s::int[]) d(id, deadline_at, told_at, repeats) on d.id = u.id
on conflict (tenant_id, mode, subscriber_id, cause, subject_type, subject_id)
  where not (state = 'closed')
do update set repeats = e.repeats + 1 + excluded.repeats, changed_at = excluded.changed_at,
  message_id = coalesce(excluded.message_id, e.message_id),
  channel = coalesce(nullif(excluded.channel, ''), e.channel),
  state = case when e.state = 'answered' then 'open' else e.state end,
  deadline_at = case when e.state = 'answered' then excluded.deadline_at else e.deadline_at end,
  told_at = case when e.state = 'answered' then null else e.told_at end
returning e.id, e.tenant_id, e.mode, e.cause, e.subscriber_id, e.subject_type, e.subject_id,
  e.xmax = 0 as is_new
"""

LINES: Final = """
insert into notifications_escalationline (id, tenant_id, escalation_id, kind, text, who,
  transaction_id, desk_id, at)
select u.id, u.tenant_id, u.escalation_id, u.kind, u.text, '', '', u.desk_id, %(now)s
from unnest(%(ids)s::uuid[], %(tenants)s::uuid[], %(cases)s::uuid[], %(kinds)s::text[],
  %(texts)s::text[], %(desk_ids)s::text[]) u(id, tenant_id, escalation_id, kind, text, desk_id)
"""

# What the story of a notification tells of its case.
LOG: Final = """
insert into notifications_logentry (id, tenant_id, notification_id, message_id, step, status,
  reason, detail)
select kolokol_uuid7(), u.tenant_id, u.notification_id, null, u.step, 'escalated', u.cause, ''
from unnest(%(tenants)s::uuid[], %(notifications)s::uuid[], %(steps)s::smallint[],
  %(causes)s::text[]) u(tenant_id, notification_id, step, cause)
"""

# Only what is critical; the salon's own reference of the visit where the payload has one.
CRITICAL: Final = """
select n.id, n.tenant_id, e.mode, n.subscriber_id, n.reason, e.transaction_id,
  e.payload->>'appointmentId', jsonb_array_length(v.document->'steps') - 1
from notifications_notification n
join unnest(%s::uuid[], %s::uuid[]) u(id, tenant_id) on u.id = n.id and u.tenant_id = n.tenant_id
join notifications_event e on e.id = n.event_id and e.tenant_id = n.tenant_id
join notifications_workflowversion v on v.id = e.version_id and v.tenant_id = e.tenant_id
where (v.document->>'is_critical')::boolean and n.state in ('failed', 'skipped')
order by n.id
"""
