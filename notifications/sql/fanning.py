"""Write the recipients of a topic or a broadcast, slice by slice."""

from __future__ import annotations

from typing import Final

# One slice, its chunk rows and the cursor commit together; chunks of `per_chunk` recipients wait
# outside the queue index. %(topic)s null: every client of the salon in this mode.
# The event is locked too: two topics of one event take turns, and a cancel waits for the slice.
LOCK: Final = """
select f.id, f.event_id, f.topic_id, f.exclude, f.cursor, f.queue, e.mode, e.due_at, e.canceled_at,
  jsonb_array_length(e.recipients) > 1
from notifications_fanout f join notifications_event e
  on e.id = f.event_id and e.tenant_id = f.tenant_id
where f.id = %s and f.tenant_id = %s for update of f, e skip locked
"""

# Ids as kolokol_uuid7() makes them, but all from one draw of random bytes: the system's generator
# costs more than the row. Milliseconds, place within them, then a digest nobody can guess; so ids
# ascend, and a chunk's last one is known by its place.
# Rows are laid down in stripes: those that one batch ends lie on many pages, a few on each, so that
# the second version of each finds room there that was left free, or that an earlier batch freed.
_SLICE = """
with people as materialized (
  select id, subscriber_id, row_number() over (order by id) as place from (
  {people}
  ) read
), numbered as materialized (
  select id, row_number() over (order by place) - 1 as n from people
  where subscriber_id <> all(%(exclude)s)
    -- once also when two topics, or a topic and a name, address the same client
    and not (%(several)s and exists (select 1 from notifications_notification told
      where told.tenant_id = %(tenant)s and told.subscriber_id = people.id
        and told.event_id = %(event)s))
), total as materialized (
  select count(*) as rows, (select count(*) from people) as read,
    gen_random_uuid()::text as seed,
    (extract(epoch from clock_timestamp()) * 1000)::bigint as ms from numbered
), chunk_ids as materialized (
  select part, nextval(pg_get_serial_sequence('notifications_chunk', 'id')) as chunk_id
  from total, generate_series(0, (total.rows - 1) / %(per_chunk)s) part
), made as materialized (
  select numbered.n, numbered.id as subscriber_id, chunk_ids.chunk_id,
    (lpad(to_hex(ms + n / 4096), 12, '0') || '7' || lpad(to_hex(n & 4095), 3, '0')
      || '8' || right(md5(seed || n), 15))::uuid as id
  from total, numbered join chunk_ids on part = n / %(per_chunk)s
), written as (
  insert into notifications_notification (id, tenant_id, event_id, subscriber_id, chunk_id, state,
    reason)
  select id, %(tenant)s, %(event)s, subscriber_id, chunk_id, 'pending', '' from made
  order by n %% 32, n
), waiting as (
  insert into notifications_chunk (id, tenant_id, event_id, queue, due_at, taken_to, last)
  overriding system value
  select chunk_id, %(tenant)s, %(event)s, %(queue)s, %(due_at)s,
    -- just below the chunk's own first, so that a claim reads no other chunk's recipients
    (lpad(to_hex(ms + first / 4096), 12, '0') || '7' || lpad(to_hex(first & 4095), 3, '0')
      || repeat('0', 16))::uuid, id
  from total, (select *, n - n %% %(per_chunk)s as first from made) made
  where n %% %(per_chunk)s = %(per_chunk)s - 1 or n = total.rows - 1
)
select total.read, (select id from people where place = total.read), total.rows from total
"""

TOPIC: Final = _SLICE.format(
    people="""select s.id, s.subscriber_id from tenants_topicmember m
  join tenants_subscriber s on s.id = m.subscriber_id and s.tenant_id = m.tenant_id
  where m.tenant_id = %(tenant)s and m.topic_id = %(topic)s and m.subscriber_id > %(cursor)s
  order by m.subscriber_id limit %(size)s"""
)
EVERYBODY: Final = _SLICE.format(
    people="""select s.id, s.subscriber_id from tenants_subscriber s
  where s.tenant_id = %(tenant)s and s.id > %(cursor)s and s.mode = %(mode)s
    and s.kind = 'client' order by s.id limit %(size)s"""
)
ADVANCE: Final = "update notifications_fanout set cursor = %s where id = %s and tenant_id = %s"
FINISH: Final = "delete from notifications_fanout where id = %s and tenant_id = %s"
# Few at a time, what has not begun first: a million recipients must not delay another salon's ten.
PENDING: Final = """
select id, tenant_id from notifications_fanout where queue = any(%s)
order by cursor is not null, random() limit 4
"""
