"""Write accepted triggers: one statement for one event or for a hundred."""

from __future__ import annotations

from typing import Final

# A transaction id that exists already inserts nothing at all; the caller answers as the first time.
# So does a name that is unknown: both statements tell how many of the named are known.

# One event for people only.
_ACCEPT_ONE = """
with n as materialized (
  select kolokol_uuid7() as id, s.id as subscriber_id from tenants_subscriber s
  where s.tenant_id = %(tenant)s and s.mode = %(mode)s and s.subscriber_id {are_named}
), k as (
  insert into notifications_eventkey (tenant_id, mode, transaction_id, event_id)
  select %(tenant)s, %(mode)s, %(transaction)s, %(id)s
  where (select count(*) from n) = cardinality(%(names)s::text[])
  on conflict (tenant_id, mode, transaction_id) do nothing returning event_id
), written as (
  insert into notifications_event (id, tenant_id, mode, transaction_id, workflow_id, version_id,
    location_id, payload, overrides, recipients, queue, due_at, expires_at)
  select k.event_id, %(tenant)s, %(mode)s, %(transaction)s, %(workflow)s::uuid, %(version)s::uuid,
    %(location)s::uuid, %(payload)s::jsonb, %(overrides)s::jsonb, %(recipients)s::jsonb,
    %(queue)s::smallint, %(due)s::timestamptz, %(expires)s::timestamptz from k
), told as (
  insert into notifications_notification (id, tenant_id, event_id, subscriber_id, state, reason)
  select n.id, %(tenant)s, k.event_id, n.subscriber_id, 'pending', '' from k cross join n
), due as (
  insert into notifications_due (tenant_id, notification_id, queue, state, step, attempt, claims,
    flags, due_at)
  select %(tenant)s, n.id, %(queue)s::smallint, %(state)s::smallint, 0, 0, 0, 0,
    %(due)s::timestamptz from k cross join n
)
select count(*) from n
"""

# A list of unknown length is planned anew at each call, which costs more than the rows: nearly
# every trigger names one person.
ACCEPT_ONE_FOR_ONE: Final = _ACCEPT_ONE.format(are_named="= (%(names)s::text[])[1]")
ACCEPT_ONE: Final = _ACCEPT_ONE.format(are_named="= any(%(names)s::text[])")

# Any number of events, also for topics and for everybody.
ACCEPT_MANY: Final = """
with e as materialized (
  select * from unnest(%(ids)s::uuid[], %(transactions)s::text[], %(workflows)s::uuid[],
    %(versions)s::uuid[], %(locations)s::uuid[], %(payloads)s::text[], %(overrides)s::text[],
    %(recipients)s::text[], %(queues)s::smallint[], %(states)s::smallint[],
    %(due)s::timestamptz[], %(expires)s::timestamptz[])
    e(id, transaction_id, workflow_id, version_id, location_id, payload, overrides, recipients,
      queue, state, due_at, expires_at)
), s as materialized (
  select s.id, s.subscriber_id from tenants_subscriber s
  where s.tenant_id = %(tenant)s and s.mode = %(mode)s and s.subscriber_id = any(%(names)s::text[])
), k as (
  insert into notifications_eventkey (tenant_id, mode, transaction_id, event_id)
  select %(tenant)s, %(mode)s, e.transaction_id, e.id from e
  where (select count(*) from s) = cardinality(%(names)s::text[]) order by e.transaction_id
  on conflict (tenant_id, mode, transaction_id) do nothing returning event_id
), written as (
  insert into notifications_event (id, tenant_id, mode, transaction_id, workflow_id, version_id,
    location_id, payload, overrides, recipients, queue, due_at, expires_at)
  select e.id, %(tenant)s, %(mode)s, e.transaction_id, e.workflow_id, e.version_id, e.location_id,
    e.payload::jsonb, e.overrides::jsonb, e.recipients::jsonb, e.queue, e.due_at, e.expires_at
  from e join k on k.event_id = e.id
), n as materialized (
  select t.id, e.id as event_id, s.id as subscriber_id, e.queue, e.state, e.due_at
  from unnest(%(told)s::uuid[], %(told_events)s::uuid[], %(told_names)s::text[])
    t(id, event_id, name)
  join k using (event_id) join e on e.id = t.event_id join s on s.subscriber_id = t.name
), told as (
  insert into notifications_notification (id, tenant_id, event_id, subscriber_id, state, reason)
  select n.id, %(tenant)s, n.event_id, n.subscriber_id, 'pending', '' from n
), due as (
  insert into notifications_due (tenant_id, notification_id, queue, state, step, attempt, claims,
    flags, due_at)
  select %(tenant)s, n.id, n.queue, n.state, 0, 0, 0, 0, n.due_at from n
), wide as (
  insert into notifications_fanout (tenant_id, event_id, topic_id, exclude, queue)
  select %(tenant)s, f.event_id, f.topic_id, f.exclude::jsonb, e.queue
  from unnest(%(fan_events)s::uuid[], %(fan_topics)s::uuid[], %(fan_excludes)s::text[])
    f(event_id, topic_id, exclude)
  join k using (event_id) join e on e.id = f.event_id
)
select count(*) from s
"""

# Plain events of many salons at once. Keys and salons are as the caller assumed, or the event is
# left out; the ids of the others are told. Lookups are by scalar subqueries: each is one descent of
# an index, whatever statistics say.
ACCEPT_ASSUMED: Final = """
with e as materialized (
  select r.*, (
      select s.id from tenants_subscriber s
      where s.tenant_id = r.tenant and s.mode = r.mode and s.subscriber_id = r.name
    ) as subscriber_id, (
      select t.config_version = r.config and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > now()) and k.mode = r.mode
        and k.scopes = r.scopes
      from tenants_apikey k join tenants_tenant t on t.id = k.tenant_id
      where k.id = r.key and k.tenant_id = r.tenant
    ) as is_as_assumed
  from jsonb_to_recordset(%s::jsonb) as r(tenant uuid, key uuid, mode text, scopes jsonb,
      config bigint, name text, id uuid, told uuid, transaction text, workflow uuid, version uuid,
      location uuid, payload jsonb, overrides jsonb, recipients jsonb, queue smallint,
      state smallint, due timestamptz, expires timestamptz)
), good as materialized (
  select * from e where is_as_assumed and subscriber_id is not null
), k as (
  insert into notifications_eventkey (tenant_id, mode, transaction_id, event_id)
  select tenant, mode, transaction, id from good order by tenant, mode, transaction
  on conflict (tenant_id, mode, transaction_id) do nothing returning event_id
), n as materialized (
  select good.* from good join k on k.event_id = good.id
), written as (
  insert into notifications_event (id, tenant_id, mode, transaction_id, workflow_id, version_id,
    location_id, payload, overrides, recipients, queue, due_at, expires_at)
  select id, tenant, mode, transaction, workflow, version, location, payload, overrides,
    recipients, queue, due, expires from n
), told as (
  insert into notifications_notification (id, tenant_id, event_id, subscriber_id, state, reason)
  select told, tenant, id, subscriber_id, 'pending', '' from n
), due as (
  insert into notifications_due (tenant_id, notification_id, queue, state, step, attempt, claims,
    flags, due_at)
  select tenant, told, queue, state, 0, 0, 0, 0, due from n
)
select id from e where (is_as_assumed and subscriber_id is not null) or exists (
  -- written by a first try whose answer was lost
  select from notifications_eventkey w where w.tenant_id = e.tenant and w.mode = e.mode
    and w.transaction_id = e.transaction and w.event_id = e.id)
"""

# What waits is taken away before its worker may hand it over; what is being sent stays. So does
# what tells for others, too: it leaves out what was called off.
CANCEL_EVENT: Final = """
update notifications_event e set canceled_at = now()
from notifications_eventkey k
where k.tenant_id = %s and k.mode = %s and k.transaction_id = %s
  and e.id = k.event_id and e.tenant_id = k.tenant_id and e.canceled_at is null
returning e.id, e.version_id
"""
CANCEL_WAITING: Final = """
with open as materialized (
  select d.id, d.notification_id, d.step, d.state, exists (select 1 from notifications_digest g
      where g.notification_id = d.notification_id and g.tenant_id = d.tenant_id and not g.is_open
      and cardinality(g.members) > 1) as tells_others
  from notifications_due d
  join notifications_notification n on n.id = d.notification_id and n.tenant_id = d.tenant_id
  where n.event_id = %(event)s and n.tenant_id = %(tenant)s and d.state in (0, 1, 2, 4)
    -- a message id without a claim is an attempt that failed; with one, it may have been sent
    and (d.message_id is null or d.claims = 0)
    and not (d.state = 2 and d.flags & 256 = 0 and exists (select 1 from notifications_batch b
      where b.id = d.batch_id and b.is_sending))
  order by d.id for update of d
), gone as (
  delete from notifications_due d using open where d.id = open.id and not open.tells_others
  returning open.notification_id as id, open.step
), chunks as (
  delete from notifications_chunk c where c.event_id = %(event)s and c.tenant_id = %(tenant)s
  returning c.id, c.taken_to, c.last
), ranges as (
  delete from notifications_range r where r.event_id = %(event)s and r.tenant_id = %(tenant)s
    and not exists (select 1 from notifications_batch b where b.id = r.batch_id and b.is_sending)
  returning r.chunk_id, r.after, r.last
), fans as (
  delete from notifications_fanout f where f.event_id = %(event)s and f.tenant_id = %(tenant)s
  returning f.id
), waiting as (
  select n.id, 0::smallint as step from notifications_notification n join chunks c
    on n.chunk_id = c.id and n.id > c.taken_to and n.id <= c.last
  where n.event_id = %(event)s and n.tenant_id = %(tenant)s
), leased as (
  select n.id, 0::smallint as step from notifications_notification n join ranges r
    on n.chunk_id = r.chunk_id and n.id > r.after and n.id <= r.last
  where n.event_id = %(event)s and n.tenant_id = %(tenant)s
    and not exists (select 1 from notifications_due d where d.notification_id = n.id)
), stopped as (
  update notifications_notification n set state = 'canceled', reason = 'canceled',
    finished_at = now()
  from (select * from gone union all select * from waiting union all select * from leased) g
  where n.id = g.id and n.tenant_id = %(tenant)s and n.finished_at is null returning n.id, g.step
), logged as (
  insert into notifications_logentry (id, tenant_id, notification_id, step, status, reason, detail)
  select kolokol_uuid7(), %(tenant)s, s.id, s.step, 'canceled', 'canceled', '' from stopped s
)
select (select count(*) from stopped) + (select count(*) from fans)
  + (select count(*) from open where tells_others and state in (0, 1))
"""
