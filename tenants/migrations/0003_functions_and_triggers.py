"""What the database itself keeps: ids, partitions, the door for keys and members, versions, records."""

from django.db import migrations

from tenants.rls import sql_names

NAMES = sql_names()
OWNER_TEXT = "'" + NAMES["owner"].strip('"') + "'"

IDS = """
CREATE FUNCTION kolokol_uuid7_floor(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT AS $$
  select (lpad(to_hex(floor(extract(epoch from moment) * 1000)::bigint), 12, '0')
          || '00000000000000000000')::uuid
$$;
CREATE FUNCTION kolokol_uuid7() RETURNS uuid LANGUAGE sql VOLATILE AS $$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
    substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
    from 1 for 6), 52, 1), 53, 1), 'hex')::uuid
$$;
CREATE FUNCTION kolokol_moment(key uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT AS $$
  select to_timestamp(('x' || lpad(left(replace(key::text, '-', ''), 12), 16, '0'))::bit(64)::bigint
                      / 1000.0)
$$;
"""

PARTITIONS = """
CREATE TABLE kolokol_partitioned (name text PRIMARY KEY, fillfactor integer NOT NULL);
CREATE FUNCTION kolokol_make_partitions() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
declare parent text; fill integer; month timestamptz; child text; made integer := 0;
begin
  for parent, fill in select p.name, p.fillfactor from kolokol_partitioned p order by 1 loop
    for ahead in -1..3 loop
      month := date_trunc('month', now() at time zone 'UTC') at time zone 'UTC';
      month := ((month at time zone 'UTC') + make_interval(months => ahead)) at time zone 'UTC';
      child := parent || to_char(month at time zone 'UTC', '_YYYY_MM');
      if to_regclass(child) is null then
        execute format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)'
          ' WITH (fillfactor = %s)', child, parent,
          kolokol_uuid7_floor(month), kolokol_uuid7_floor(
            ((month at time zone 'UTC') + interval '1 month') at time zone 'UTC'), fill);
        execute format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', child);
        execute format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', child);
        made := made + 1;
      end if;
    end loop;
  end loop;
  return made;
end $$;
REVOKE ALL ON FUNCTION kolokol_make_partitions() FROM public;
GRANT EXECUTE ON FUNCTION kolokol_make_partitions() TO {app};
"""

DOORS = """
CREATE FUNCTION kolokol_enter(p_digest text)
RETURNS TABLE (kind text, key_id uuid, tenant_id uuid, mode text, scopes jsonb, expires_at timestamptz,
  revoked_at timestamptz, slug text, state text, state_reason text, config_version bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
declare k record; t record;
begin
  select * into k from tenants_apikey a where a.digest = p_digest;
  if found then
    select * into t from tenants_tenant s where s.id = k.tenant_id;
    perform set_config('app.tenant_id', k.tenant_id::text, true);
    if k.last_used_at is null or k.last_used_at < now() - interval '1 minute' then
      update tenants_apikey u set last_used_at = now() where u.id =
        (select a.id from tenants_apikey a where a.id = k.id for update skip locked);
    end if;
    return query select 'tenant', k.id, k.tenant_id, k.mode::text, k.scopes, k.expires_at,
      k.revoked_at, t.slug::text, t.state::text, t.state_reason::text, t.config_version;
    return;
  end if;
  select * into k from tenants_platformkey p where p.digest = p_digest;
  if found then
    update tenants_platformkey u set last_used_at = now() where u.id =
      (select p.id from tenants_platformkey p where p.id = k.id and (p.last_used_at is null
        or p.last_used_at < now() - interval '1 minute') for update skip locked);
    return query select 'platform', k.id, null::uuid, 'live', '[]'::jsonb, k.expires_at,
      k.revoked_at, ''::text, 'active'::text, ''::text, 0::bigint;
  end if;
end $$;
CREATE FUNCTION kolokol_memberships(p_user bigint)
RETURNS TABLE (tenant_id uuid, slug text, name text, role text, state text, timezone text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  select t.id, t.slug, t.name, m.role, t.state, t.timezone from tenants_member m
  join tenants_tenant t on t.id = m.tenant_id where m.user_id = p_user order by t.name
$$;
REVOKE ALL ON FUNCTION kolokol_enter(text), kolokol_memberships(bigint) FROM public;
GRANT EXECUTE ON FUNCTION kolokol_enter(text), kolokol_memberships(bigint) TO {app};
"""

VERSIONS = """
CREATE FUNCTION kolokol_config_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
begin
  update tenants_tenant set config_version = config_version + 1
    where id = coalesce(new.tenant_id, old.tenant_id);
  return null;
end $$;
CREATE FUNCTION kolokol_tenant_changed() RETURNS trigger LANGUAGE plpgsql AS $$
begin
  if new.config_version = old.config_version then
    new.config_version := old.config_version + 1;
  end if;
  return new;
end $$;
CREATE TRIGGER config_version BEFORE UPDATE ON tenants_tenant
  FOR EACH ROW EXECUTE FUNCTION kolokol_tenant_changed();
CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON tenants_location
  FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed();
"""

# Grants refuse the app; this refuses everybody who has them: a slip of the owner's hand, too.
# app.erase is for the erasure of a person, in the transaction that does it.
CONSENTS = """
CREATE FUNCTION kolokol_consents_stay() RETURNS trigger LANGUAGE plpgsql AS $$
begin
  if tg_op = 'DELETE' and current_user = {owner_text}
     and current_setting('app.erase', true) = 'on' then
    return old;
  end if;
  raise exception 'consents are only added to' using errcode = 'insufficient_privilege';
end $$;
CREATE TRIGGER consents_stay BEFORE UPDATE OR DELETE ON tenants_consent
  FOR EACH ROW EXECUTE FUNCTION kolokol_consents_stay();
CREATE TRIGGER consents_stay_all BEFORE TRUNCATE ON tenants_consent
  FOR EACH STATEMENT EXECUTE FUNCTION kolokol_consents_stay();
"""

# Addresses are written in many places (imports, triggers, callbacks): the database asks the list.
SUPPRESSIONS = """
CREATE FUNCTION kolokol_keep_suppressed() RETURNS trigger LANGUAGE plpgsql AS $$
begin
  if exists (select 1 from tenants_suppression s where s.tenant_id = new.tenant_id
      and s.kind = new.kind and s.value = new.value and s.lifted_at is null) then
    new.state := 'suppressed';
    new.reason := 'listed';
  end if;
  return new;
end $$;
CREATE TRIGGER keep_suppressed BEFORE INSERT OR UPDATE OF state, value ON tenants_address
  FOR EACH ROW WHEN (new.state = 'active') EXECUTE FUNCTION kolokol_keep_suppressed();
"""

UNDO = """
DROP TRIGGER keep_suppressed ON tenants_address;
DROP FUNCTION kolokol_keep_suppressed();
DROP TRIGGER consents_stay_all ON tenants_consent;
DROP TRIGGER consents_stay ON tenants_consent;
DROP FUNCTION kolokol_consents_stay();
DROP TRIGGER config_version ON tenants_location;
DROP TRIGGER config_version ON tenants_tenant;
DROP FUNCTION kolokol_tenant_changed();
DROP FUNCTION kolokol_config_changed();
DROP FUNCTION kolokol_memberships(bigint);
DROP FUNCTION kolokol_enter(text);
DROP FUNCTION kolokol_make_partitions();
DROP TABLE kolokol_partitioned;
DROP FUNCTION kolokol_moment(uuid);
DROP FUNCTION kolokol_uuid7();
DROP FUNCTION kolokol_uuid7_floor(timestamptz);
"""


class Migration(migrations.Migration):
    replaces = [
        ("tenants", "0002_functions"),
        ("tenants", "0005_consents"),
        ("tenants", "0011_suppressions"),
        ("tenants", "0012_suppression_record"),
    ]
    dependencies = [("tenants", "0002_audience")]
    operations = [
        migrations.RunSQL(
            IDS
            + PARTITIONS.format(**NAMES)
            + DOORS.format(**NAMES)
            + VERSIONS
            + CONSENTS.format(owner_text=OWNER_TEXT)
            + SUPPRESSIONS,
            UNDO,
        )
    ]
