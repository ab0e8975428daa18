"""Let callbacks be kept by one statement: no scope has to be opened and closed around it."""

from django.db import migrations

from tenants.rls import sql_names

KEEP = """
CREATE FUNCTION kolokol_keep_callbacks(
  p_tenants uuid[], p_ids uuid[], p_accounts uuid[], p_keys text[], p_events text[],
  p_due timestamptz[]
) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public AS $$
BEGIN
  RETURN QUERY with told as (
    select * from unnest(p_tenants, p_ids, p_accounts, p_keys, p_events, p_due)
      u(tenant_id, id, account_id, key, event, due_at)
  ), own as (
    insert into notifications_receivedcallback
      (tenant_id, id, integration_id, key, event, due_at, attempt)
    select t.tenant_id, t.id, t.account_id, t.key, t.event::jsonb, t.due_at, 0 from told t
    where t.tenant_id is not null
    on conflict (tenant_id, integration_id, key) do nothing returning notifications_receivedcallback.id
  ), lent as (
    insert into notifications_lentcallback (id, account_id, key, event, due_at, attempt)
    select t.id, t.account_id, t.key, t.event::jsonb, t.due_at, 0 from told t
    where t.tenant_id is null
    on conflict (account_id, key) do nothing returning notifications_lentcallback.id
  )
  select own.id from own union all select lent.id from lent;
END $$;
REVOKE ALL ON FUNCTION
  kolokol_keep_callbacks(uuid[], uuid[], uuid[], text[], text[], timestamptz[]) FROM public;
GRANT EXECUTE ON FUNCTION
  kolokol_keep_callbacks(uuid[], uuid[], uuid[], text[], text[], timestamptz[]) TO {app};
"""
UNDO = """
DROP FUNCTION kolokol_keep_callbacks(uuid[], uuid[], uuid[], text[], text[], timestamptz[]);
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0006_lent_callbacks")]
    operations = [migrations.RunSQL(KEEP.format(**sql_names()), UNDO)]
