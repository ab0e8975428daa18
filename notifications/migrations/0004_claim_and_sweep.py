"""The claim and the sweep: the only work that crosses tenants, so it lives in the database.

Both are SECURITY DEFINER and return ids only; the platform role alone may call them. Their plans
are pinned: right after a large insert the statistics are stale, and a plan that sorts the whole
backlog for each lease turns the drain quadratic.

Sending is marked by batch, one row instead of one per line. A line of such a batch may have been
handed over, unless it waits for a slot (flag 256) or was settled. Its message's id follows from
batch and line, so nothing has to be written before it leaves; the sweep writes it down when a
lease ends.
"""

from django.db import migrations

from tenants.rls import sql_names

# The batch's moment and its random bits, then the line's number.
MESSAGE_ID = """
CREATE FUNCTION kolokol_message_id(p_batch uuid, p_line bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  select (left(replace(p_batch::text, '-', ''), 20) || lpad(to_hex(p_line), 12, '0'))::uuid
$$;
"""
# Waiting campaigns are gone round until the batch is full or a lap found nobody with anything to
# give: a salon that is alone fills a batch.
CLAIM = """
CREATE FUNCTION kolokol_claim(p_queue smallint, p_batch uuid, p_worker text, p_lease_s float8,
                              p_limit integer, p_after uuid)
RETURNS TABLE (id bigint, tenant_id uuid, notification_id uuid, step smallint, attempt smallint,
               claims smallint, flags smallint, message_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
SET enable_seqscan = off SET enable_sort = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
declare
  walked uuid[]; slice uuid[]; taken integer := 0; got integer; per integer;
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
                d.message_id;
    get diagnostics taken = row_count;
  end if;

  -- Room left: turn waiting recipients of chunks into leased rows, tenants in turn.
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
    return query
      insert into notifications_due (tenant_id, notification_id, queue, state, step, attempt,
                                     claims, flags, due_at, batch_id)
      select c.tenant_id, u.id, p_queue, 2, 0, 0, 1, 0, now(), p_batch from unnest(slice) u(id)
      returning notifications_due.id, notifications_due.tenant_id,
        notifications_due.notification_id, notifications_due.step, notifications_due.attempt,
        notifications_due.claims, notifications_due.flags, notifications_due.message_id;
    update notifications_chunk k set taken_to = slice[got] where k.id = c.id and got > 0;
    delete from notifications_chunk k where k.id = c.id and (got = 0 or k.taken_to >= k.last);
  end loop;

  if taken > 0 then
    insert into notifications_batch (id, worker, lease_until)
    values (p_batch, p_worker, now() + make_interval(secs => p_lease_s));
  end if;
end $$;
"""
SUSPECT = """
CREATE FUNCTION kolokol_claim_suspect(p_queue smallint, p_batch uuid, p_worker text, p_lease_s float8)
RETURNS TABLE (id bigint, tenant_id uuid, notification_id uuid, step smallint, attempt smallint,
               claims smallint, flags smallint, message_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET enable_seqscan = off AS $$
begin
  return query
    update notifications_due d set state = 2, batch_id = p_batch, claims = d.claims + 1
    where d.id = (select s.id from notifications_due s where s.queue = p_queue and s.state = 4
                  limit 1 for update skip locked)
    returning d.id, d.tenant_id, d.notification_id, d.step, d.attempt, d.claims, d.flags,
              d.message_id;
  if found then
    insert into notifications_batch (id, worker, lease_until)
    values (p_batch, p_worker, now() + make_interval(secs => p_lease_s));
  end if;
end $$;
"""
SWEEP = """
CREATE FUNCTION kolokol_sweep()
RETURNS TABLE (freed integer, promoted integer, queues smallint[], next_due timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET enable_seqscan = off AS $$
declare freed_rows integer; promoted_rows integer;
begin
  -- What was being sent keeps its message's id; prepare decides about it.
  with gone as (delete from notifications_batch b where b.id in
    (select e.id from notifications_batch e where e.lease_until < now() limit 500
     for update skip locked) returning b.id, b.is_sending)
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
GRANTS = """
REVOKE ALL ON FUNCTION kolokol_claim(smallint, uuid, text, float8, integer, uuid),
  kolokol_claim_suspect(smallint, uuid, text, float8), kolokol_sweep() FROM public;
GRANT EXECUTE ON FUNCTION kolokol_claim(smallint, uuid, text, float8, integer, uuid),
  kolokol_claim_suspect(smallint, uuid, text, float8), kolokol_sweep(),
  kolokol_message_id(uuid, bigint) TO {platform};
"""
UNDO = """
DROP FUNCTION kolokol_sweep();
DROP FUNCTION kolokol_claim_suspect(smallint, uuid, text, float8);
DROP FUNCTION kolokol_claim(smallint, uuid, text, float8, integer, uuid);
DROP FUNCTION kolokol_message_id(uuid, bigint);
"""


class Migration(migrations.Migration):
    replaces = [
        ("notifications", "0003_claim"),
        ("notifications", "0011_sending_batches"),
        ("notifications", "0020_claim_laps"),
    ]
    dependencies = [("notifications", "0003_cases_gates_webhooks")]
    operations = [
        migrations.RunSQL(MESSAGE_ID + CLAIM + SUSPECT + SWEEP + GRANTS.format(**sql_names()), UNDO)
    ]
