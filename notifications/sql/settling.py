"""Write what became of a batch: open work, messages, log, notifications, in one transaction."""

from __future__ import annotations

from typing import Final

# Lines are locked one by one, in the order of the arrays, by their ids: a join could be planned
# from the other side, and by the index on batch_id each line would look at all lines of its batch
# ("is not distinct from" is served by no index).

# state -1: the line is over and goes; else it waits (0) or is ready (1) for its next turn.
# A line whose lease passed to somebody else is not locked, so it is not returned: its result is
# stale and only its provider id is kept.
DUE: Final = """
with u as materialized (
  select * from unnest(%s::bigint[], %s::uuid[], %s::smallint[], %s::smallint[], %s::smallint[],
    %s::smallint[], %s::timestamptz[], %s::uuid[])
    u(id, batch_id, state, step, attempt, flags, due_at, message_id)
), held as materialized (
  select d.id, u.state, u.step, u.attempt, u.flags, u.due_at, u.message_id from u
  cross join lateral (select d.id from notifications_due d where d.id = u.id
    and d.batch_id is not distinct from u.batch_id for update) d
), gone as (
  delete from notifications_due d using held h where d.id = h.id and h.state < 0
), kept as (
  update notifications_due d set state = h.state, step = h.step, attempt = h.attempt,
    flags = h.flags, due_at = h.due_at, claims = 0, batch_id = null,
    message_id = h.message_id
  from held h where d.id = h.id and h.state >= 0
)
select id from held
"""

MESSAGES: Final = """
insert into notifications_message (id, tenant_id, notification_id, integration_id, channel,
  provider, step, state, provider_id, language, template_version_id, address, title, body, extra,
  reason)
select * from unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[],
  %s::smallint[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::text[], %s::text[],
  %s::text[], %s::jsonb[], %s::text[])
on conflict (id) do nothing
"""

LOG: Final = """
insert into notifications_logentry (id, tenant_id, notification_id, message_id, step, status,
  reason, detail)
select * from unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::smallint[], %s::text[],
  %s::text[], %s::text[])
"""

NOTIFICATIONS: Final = """
update notifications_notification n set state = u.state, reason = u.reason, finished_at = now()
from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[]) u(id, tenant_id, state, reason)
where n.id = u.id and n.tenant_id = u.tenant_id and n.finished_at is null returning n.id
"""

DEAD_LETTERS: Final = """
insert into notifications_deadletter (id, tenant_id, notification_id, step, queue, reason, detail,
  created_at)
select *, now() from unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::smallint[], %s::smallint[],
  %s::text[], %s::text[])
"""

ADDRESSES: Final = """
update tenants_address a set state = u.state, reason = u.reason, changed_at = now()
from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[])
  u(id, tenant_id, state, reason, since)
where a.id = u.id and a.tenant_id = u.tenant_id and a.state = 'active'
  and (u.since is null or a.changed_at < u.since)
"""

# An account is the salon's own, or one that the platform lends to many.
FREEZE: Final = """
with u as materialized (
  select * from unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) u(id, tenant_id, until)
), own as (
  update channels_integration i set frozen_until = u.until from u
  where i.id = u.id and i.tenant_id = u.tenant_id
    and (i.frozen_until is null or i.frozen_until < u.until - interval '1 second')
)
update channels_defaultintegration d set frozen_until = u.until from u
where d.id = u.id and (d.frozen_until is null or d.frozen_until < u.until - interval '1 second')
"""

# The client may have the new address already; then the old one is only switched off.
HEAL: Final = """
update tenants_address a set changed_at = now(),
  value = case when known.id is null then u.value else a.value end,
  state = case when known.id is null then a.state else 'inactive' end, reason = u.reason
from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[]) u(id, tenant_id, value, reason)
join tenants_address o on o.id = u.id and o.tenant_id = u.tenant_id
left join tenants_address known on known.tenant_id = o.tenant_id
  and known.subscriber_id = o.subscriber_id and known.kind = o.kind and known.value = u.value
where a.id = u.id and a.tenant_id = u.tenant_id and a.state = 'active'
"""

PAUSE: Final = """
with u as materialized (
  select * from unnest(%s::uuid[], %s::uuid[], %s::text[]) u(id, tenant_id, reason)
), own as (
  update channels_integration i set state = 'paused', state_reason = u.reason from u
  where i.id = u.id and i.tenant_id = u.tenant_id and i.state = 'active'
)
update channels_defaultintegration d set state = 'paused', state_reason = u.reason from u
where d.id = u.id and d.state = 'active'
"""

RESERVED: Final = """
with u as materialized (
  select * from unnest(%s::bigint[], %s::uuid[], %s::smallint[]) u(id, batch_id, flags)
), held as materialized (
  select d.id, u.flags from u
  cross join lateral (select d.id from notifications_due d where d.id = u.id
    and d.batch_id is not distinct from u.batch_id for update) d
)
update notifications_due d set flags = h.flags from held h where d.id = h.id
"""

CANCELED: Final = """
select n.id from notifications_notification n
join unnest(%s::uuid[], %s::uuid[]) u(id, tenant_id) on u.id = n.id and u.tenant_id = n.tenant_id
where n.state = 'canceled'
"""

# The last look before hand-over: the lease must still hold. A batch whose lease has ended has no
# row any more, so its lines need not be looked at.
SENDING: Final = """
update notifications_batch set is_sending = true
where id = any(%s) and lease_until > now() + interval '5 seconds' returning id
"""

# The same for single lines, of which some may have been called off.
HAND_OVER: Final = """
with u as materialized (
  select * from unnest(%s::bigint[], %s::uuid[], %s::uuid[], %s::smallint[])
    u(id, batch_id, message_id, flags)
  where u.batch_id = any(array(select b.id from notifications_batch b
    where b.id = any(%s::uuid[]) and b.lease_until > now() + interval '5 seconds'))
), held as materialized (
  select d.id, u.message_id, u.flags from u
  cross join lateral (select d.id from notifications_due d where d.id = u.id
    and d.batch_id is not distinct from u.batch_id and d.state = 2 for update) d
)
update notifications_due d set message_id = h.message_id, flags = h.flags
from held h where d.id = h.id returning d.id
"""
