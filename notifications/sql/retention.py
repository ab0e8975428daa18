"""Find months that nobody needs any more, and delete small rows whose time is over."""

from __future__ import annotations

from typing import Final

# Names and bounds as PostgreSQL keeps them; the lower bound is in the text of the partition.
PARTITIONS: Final = """
select p.relname, c.relname, pg_get_expr(c.relpartbound, c.oid)
from pg_class p join pg_namespace s on s.oid = p.relnamespace and s.nspname = 'public'
join pg_inherits i on i.inhparent = p.oid join pg_class c on c.oid = i.inhrelid
where p.relname = any(%s) order by c.relname
"""

# Open work that points into a month keeps the whole month: a send scheduled four months ahead is
# accepted work, and its event, notification and log belong together.
IS_NEEDED: Final = """
select exists (select 1 from notifications_due d
    where d.notification_id >= %(low)s and d.notification_id < %(high)s)
  or exists (select 1 from notifications_due d
    where d.message_id >= %(low)s and d.message_id < %(high)s)
  or exists (select 1 from notifications_due d join notifications_notification n
    on n.id = d.notification_id and n.tenant_id = d.tenant_id
    where n.event_id >= %(low)s and n.event_id < %(high)s)
  or exists (select 1 from notifications_chunk c where c.taken_to < %(high)s and c.last >= %(low)s)
  or exists (select 1 from notifications_chunk c
    where c.event_id >= %(low)s and c.event_id < %(high)s)
  or exists (select 1 from notifications_range r where r.after < %(high)s and r.last >= %(low)s)
  or exists (select 1 from notifications_range r
    where r.event_id >= %(low)s and r.event_id < %(high)s)
  or exists (select 1 from notifications_fanout f
    where f.event_id >= %(low)s and f.event_id < %(high)s)
"""

# Each takes at most 5,000 rows: the app role has 30 seconds for a statement.
SPENT: Final = {
    "stored_answers": """
      delete from tenants_storedresponse r where r.id in (select s.id from tenants_storedresponse s
        where s.tenant_id = any(%(tenants)s) and s.created_at < %(now)s - interval '24 hours'
        limit 5000) and r.tenant_id = any(%(tenants)s)""",
    "counters": """
      delete from notifications_counter r where r.id in (select s.id from notifications_counter s
        where s.tenant_id = any(%(tenants)s) and s.ends_at < %(now)s
        and kolokol_said(s.said, null, null) is null order by s.id limit 5000
        for update skip locked) and r.tenant_id = any(%(tenants)s) and r.ends_at < %(now)s""",
    "callbacks": """
      delete from notifications_receivedcallback r where r.id in (
        select s.id from notifications_receivedcallback s where s.tenant_id = any(%(tenants)s)
        and s.applied_at < %(now)s - interval '7 days' limit 5000)
        and r.tenant_id = any(%(tenants)s)""",
    "webhook_deliveries": """
      delete from notifications_webhookdelivery r where r.id in (
        select s.id from notifications_webhookdelivery s where s.tenant_id = any(%(tenants)s)
        and s.id < kolokol_uuid7_floor(%(now)s - interval '30 days') limit 5000)
        and r.tenant_id = any(%(tenants)s)""",
    "phone_messages": """
      delete from channels_phonemessage r where r.id in (select s.id from channels_phonemessage s
        where s.tenant_id = any(%(tenants)s) and s.received_at < %(now)s - interval '30 days'
        limit 5000) and r.tenant_id = any(%(tenants)s)""",
    "links": """
      delete from tenants_linktoken r where r.id in (select s.id from tenants_linktoken s
        where s.tenant_id = any(%(tenants)s) and s.expires_at < %(now)s - interval '30 days'
        limit 5000) and r.tenant_id = any(%(tenants)s)""",
    "transaction_ids": """
      delete from notifications_eventkey r where r.id in (select s.id from notifications_eventkey s
        where s.tenant_id = any(%(tenants)s) and s.event_id < %(events)s limit 5000)
        and r.tenant_id = any(%(tenants)s)""",
    "dead_letters": """
      delete from notifications_deadletter r where r.id in (
        select s.id from notifications_deadletter s where s.tenant_id = any(%(tenants)s)
        and s.notification_id < %(notifications)s limit 5000)
        and r.tenant_id = any(%(tenants)s)""",
    "digests": """
      delete from notifications_digest r where r.id in (
        select s.id from notifications_digest s where s.tenant_id = any(%(tenants)s)
        and s.notification_id < %(notifications)s limit 5000)
        and r.tenant_id = any(%(tenants)s)""",
    "cases": """
      delete from notifications_escalation r where r.id in (
        select s.id from notifications_escalation s where s.tenant_id = any(%(tenants)s)
        and s.id < %(events)s and s.changed_at < %(now)s - interval '30 days' limit 5000)
        and r.tenant_id = any(%(tenants)s)""",
    "desk_threads": """
      delete from notifications_deskthread r where r.id in (
        select s.id from notifications_deskthread s where s.tenant_id = any(%(tenants)s)
        and s.used_at < %(now)s - interval '90 days' limit 5000)
        and r.tenant_id = any(%(tenants)s)""",
    "external_deliveries": """
      delete from notifications_externaldelivery r where r.id in (
        select s.id from notifications_externaldelivery s where s.tenant_id = any(%(tenants)s)
        and s.id < %(events)s limit 5000)
        and r.tenant_id = any(%(tenants)s)""",
}
