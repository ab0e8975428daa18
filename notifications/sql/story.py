"""Read what happened to notifications, with everything a reader wants to know, in one statement."""

from __future__ import annotations

from typing import Final

_STORY: Final = """
select n.id, n.state, n.reason, n.finished_at, n.subscriber_id,
  e.id, e.mode, e.transaction_id, e.due_at, e.payload, e.recipients, e.workflow_id,
  coalesce(s.subscriber_id, ''), coalesce(s.first_name, ''), coalesce(s.last_name, ''),
  coalesce(w.identifier, ''), coalesce(w.name_ru, ''), coalesce(w.name_en, ''),
  v.document, t.timezone, t.language,
  (select jsonb_agg(jsonb_build_array(l.id, l.message_id, l.step, l.status, l.reason, l.detail)
     order by l.id)
   from notifications_logentry l where l.notification_id = n.id and l.tenant_id = n.tenant_id),
  (select jsonb_agg(jsonb_build_array(m.id, m.step, m.channel, m.provider, m.provider_id, m.address,
     m.language, m.title, m.body, m.state, m.extra->>'cost', m.extra->>'currency') order by m.id)
   from notifications_message m where m.notification_id = n.id and m.tenant_id = n.tenant_id),
  coalesce(d.state, case when r.id is not null then 2 end), d.step, d.due_at, c.id is not null,
  case when c.due_at > now() then c.due_at end
from {source}
join notifications_event e on e.id = n.event_id and e.tenant_id = n.tenant_id
join tenants_tenant t on t.id = n.tenant_id
left join tenants_subscriber s on s.id = n.subscriber_id and s.tenant_id = n.tenant_id
left join notifications_workflow w on w.id = e.workflow_id and w.tenant_id = n.tenant_id
left join notifications_workflowversion v on v.id = e.version_id and v.tenant_id = n.tenant_id
left join lateral (
  select o.state, o.step, o.due_at from notifications_due o
  where o.notification_id = n.id and o.tenant_id = n.tenant_id order by o.id limit 1) d on true
left join notifications_chunk c on c.id = n.chunk_id and c.tenant_id = n.tenant_id
  and c.taken_to < n.id
left join notifications_range r on r.event_id = n.event_id and r.tenant_id = n.tenant_id
  and r.chunk_id = n.chunk_id and n.id > r.after and n.id <= r.last
"""

OF_TRANSACTION: Final = (
    _STORY.format(
        source="""notifications_eventkey k
join notifications_notification n on n.event_id = k.event_id and n.tenant_id = k.tenant_id"""
    )
    + """where k.tenant_id = %s and k.mode = %s and k.transaction_id = %s
order by n.id limit %s"""
)

OF_NOTIFICATIONS: Final = (
    _STORY.format(source="notifications_notification n")
    + "where n.tenant_id = %s and n.id = any(%s) order by e.id desc, n.id desc"
)
