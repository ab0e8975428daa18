"""Lease a campaign's recipients as ranges, without a line of open work for each.

A range is what one batch has taken of a chunk. Lines are written only for those who do not end
with what the batch decided, and for those who are left when a lease has ended. The number of such
a line follows from range and place, so that messages' ids do, too, before anything is written.

kolokol_take comes in kolokol_claim's place.
"""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

from tenants.rls import Protect, sql_names

before = import_module("notifications.migrations.0004_claim_and_sweep")


# In the upper half of the 48 bits that a message's id has for a line: others count from one.
LINE = """
CREATE FUNCTION kolokol_line(p_range bigint, p_place bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ select (1::bigint << 47) | (p_range << 9) | p_place $$;
"""
TAKE = """
CREATE FUNCTION kolokol_take(p_queue smallint, p_batch uuid, p_worker text, p_lease_s float8,
                             p_limit integer, p_after uuid)
RETURNS TABLE (id bigint, tenant_id uuid, notification_id uuid, step smallint, attempt smallint,
               claims smallint, flags smallint, message_id uuid, range_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
SET enable_seqscan = off SET enable_sort = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
declare
  walked uuid[]; slice uuid[]; taken integer := 0; got integer; per integer; made bigint;
  c record; cur uuid := p_after; moved boolean := true;
begin
  -- Walk tenants that have ready rows by index hops, from the cursor, once around.
  with recursive ahead(t) as (
      (select d.tenant_id from notifications_due d where d.queue = p_queue and d.state = 1
        and d.tenant_id > p_after order by d.tenant_id limit 1)
    union all
      select (select d.tenant_id from notifications_due d where d.queue = p_queue and d.state = 1
        and d.tenant_id > a.t order by d.tenant_id limit 1) from ahead a where a.t is not null
  ), around(t) as (
      (select d.tenant_id from notifications_due d where d.queue = p_queue and d.state = 1
        and d.tenant_id <= p_after order by d.tenant_id limit 1)
    union all
      select (select d.tenant_id from notifications_due d where d.queue = p_queue and d.state = 1
        and d.tenant_id > a.t and d.tenant_id <= p_after order by d.tenant_id limit 1)
      from around a where a.t is not null
  )
  select array_agg(t) into walked from (
    (select t from ahead where t is not null limit 50)
    union all (select t from around where t is not null limit 50) limit 50) w;

  if walked is not null then
    per := greatest(10, p_limit / cardinality(walked));
    return query
      with picked as materialized (
        select r.id from unnest(walked) w(t) cross join lateral (
          select d.id from notifications_due d
          where d.queue = p_queue and d.state = 1 and d.tenant_id = w.t
          order by d.due_at, d.id limit per for update skip locked) r
        limit p_limit)
      update notifications_due d set state = 2, batch_id = p_batch, claims = d.claims + 1
      from picked where d.id = picked.id
      returning d.id, d.tenant_id, d.notification_id, d.step, d.attempt, d.claims, d.flags,
                d.message_id, null::bigint;
    get diagnostics taken = row_count;
  end if;

  -- Room left: take ranges of the waiting recipients of chunks, tenants in turn.
  while taken < p_limit loop
    select k.* into c from notifications_chunk k where k.queue = p_queue and k.due_at <= now()
      and k.tenant_id > cur order by k.tenant_id, k.due_at, k.id limit 1 for update skip locked;
    if not found then
      exit when not moved;
      moved := false; cur := '00000000-0000-0000-0000-000000000000';
      continue;
    end if;
    cur := c.tenant_id;
    select array_agg(t.id order by t.id) into slice from (
      select n.id from notifications_notification n
      where n.event_id = c.event_id and n.id > c.taken_to and n.id <= c.last and n.chunk_id = c.id
      order by n.id limit least(100, p_limit - taken)) t;
    got := coalesce(cardinality(slice), 0);
    taken := taken + got; moved := moved or got > 0;
    if got > 0 then
      insert into notifications_range (tenant_id, event_id, chunk_id, batch_id, queue, due_at,
                                       after, last, remaining)
      values (c.tenant_id, c.event_id, c.id, p_batch, p_queue, now(), c.taken_to, slice[got], got)
      returning notifications_range.id into made;
      return query
        select kolokol_line(made, u.place), c.tenant_id, u.id, 0::smallint, 0::smallint,
          1::smallint, 0::smallint, null::uuid, made
        from unnest(slice) with ordinality u(id, place);
      update notifications_chunk k set taken_to = slice[got] where k.id = c.id;
    end if;
    delete from notifications_chunk k where k.id = c.id and (got = 0 or k.taken_to >= k.last);
  end loop;

  if taken > 0 then
    insert into notifications_batch (id, worker, lease_until)
    values (p_batch, p_worker, now() + make_interval(secs => p_lease_s));
  end if;
end $$;
REVOKE ALL ON FUNCTION kolokol_take(smallint, uuid, text, float8, integer, uuid) FROM public;
GRANT EXECUTE ON FUNCTION kolokol_take(smallint, uuid, text, float8, integer, uuid) TO {platform};
"""
DISSOLVE = """
CREATE FUNCTION kolokol_dissolve(p_batches uuid[]) RETURNS void
LANGUAGE plpgsql SET search_path = public
SET enable_seqscan = off SET enable_sort = off SET enable_bitmapscan = off AS $$
declare r record;
begin
  for r in delete from notifications_range g where g.batch_id = any(p_batches) returning g.* loop
    -- A statement of its own: it sees what a settle that held the range has written meanwhile.
    insert into notifications_due (id, tenant_id, notification_id, queue, state, step, attempt,
                                   claims, flags, due_at, batch_id)
    overriding system value
    select kolokol_line(r.id, m.place), r.tenant_id, m.id, r.queue, 2, 0, 0, 1, 0, r.due_at,
      r.batch_id
    from (select n.id, n.finished_at, row_number() over (order by n.id) as place
      from notifications_notification n where n.event_id = r.event_id and n.id > r.after
      and n.id <= r.last and n.chunk_id = r.chunk_id) m
    where m.finished_at is null
      and not exists (select 1 from notifications_due d where d.notification_id = m.id);
  end loop;
end $$;
REVOKE ALL ON FUNCTION kolokol_dissolve(uuid[]) FROM public;
"""
SWEEP = """
CREATE OR REPLACE FUNCTION kolokol_sweep()
RETURNS TABLE (freed integer, promoted integer, queues smallint[], next_due timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET enable_seqscan = off AS $$
declare ended uuid[]; freed_rows integer; promoted_rows integer;
begin
  select array_agg(e.id) into ended from (
    select b.id from notifications_batch b where b.lease_until < now() limit 500
    for update skip locked) e;
  if ended is not null then
    perform kolokol_dissolve(ended);
  end if;
  -- What was being sent keeps its message's id; prepare decides about it.
  with gone as (delete from notifications_batch b where b.id = any(ended)
    returning b.id, b.is_sending)
  update notifications_due d set message_id = kolokol_message_id(d.batch_id, d.id)
  from gone g where d.batch_id = g.id and d.state = 2 and g.is_sending and d.message_id is null
    and d.flags & 256 = 0;
  -- Also rows whose batch row is gone; a claim writes its batch in the same transaction.
  update notifications_due d set state = case when d.claims >= 3 then 4 else 1 end,
    batch_id = null, flags = d.flags & ~256
  where d.state = 2 and not exists (select 1 from notifications_batch b where b.id = d.batch_id);
  get diagnostics freed_rows = row_count;
  update notifications_due d set state = 1 where d.id in (
    select l.id from notifications_due l where l.state = 0 and l.due_at <= now()
    order by l.due_at limit 5000 for update skip locked);
  get diagnostics promoted_rows = row_count;
  return query select freed_rows, promoted_rows,
    array(select q::smallint from generate_series(0, 3) q where
      exists (select 1 from notifications_due d where d.queue = q and d.state = 1)
      or exists (select 1 from notifications_due d where d.queue = q and d.state = 4)
      or exists (select 1 from notifications_chunk k where k.queue = q and k.due_at <= now())
      or exists (select 1 from notifications_fanout f where f.queue = q)),
    least((select min(d.due_at) from notifications_due d where d.state = 0),
          (select min(k.due_at) from notifications_chunk k where k.due_at > now()));
end $$;
"""
TUNE = """
ALTER TABLE notifications_range SET (autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
"""
DROP_CLAIM = """
DROP FUNCTION kolokol_claim(smallint, uuid, text, float8, integer, uuid);
"""
UNDO = """
SELECT kolokol_dissolve(array(select r.batch_id from notifications_range r));
DROP FUNCTION kolokol_take(smallint, uuid, text, float8, integer, uuid);
"""
FORGET = """
DROP FUNCTION kolokol_dissolve(uuid[]);
DROP FUNCTION kolokol_line(bigint, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0006_said_texts")]
    operations = [
        migrations.CreateModel(
            name="Range",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("event_id", models.UUIDField()),
                ("chunk_id", models.BigIntegerField()),
                ("batch_id", models.UUIDField()),
                ("queue", models.PositiveSmallIntegerField()),
                ("due_at", models.DateTimeField()),
                ("after", models.UUIDField()),
                ("last", models.UUIDField()),
                ("remaining", models.PositiveSmallIntegerField()),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "range of recipients",
                "verbose_name_plural": "ranges of recipients",
                "indexes": [
                    models.Index(fields=["batch_id"], name="range_batch"),
                    models.Index(fields=["event_id"], name="range_event"),
                ],
            },
        ),
        Protect("Range"),
        migrations.RunSQL(
            LINE + TAKE.format(**sql_names()) + DISSOLVE + SWEEP + TUNE + DROP_CLAIM,
            UNDO
            + before.SWEEP.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
            + FORGET
            + before.CLAIM
            + before.GRANTS.format(**sql_names()),
        ),
    ]
