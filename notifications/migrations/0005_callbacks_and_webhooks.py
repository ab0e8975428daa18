"""Callbacks are kept by one statement and brought home; webhooks of all salons that are due."""

from django.db import migrations

from tenants.rls import sql_names

# Let callbacks be kept by one statement: no scope has to be opened and closed around it.
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
"""
# Whose is it: named by the provider, else the salon whose message it answers, whose link was opened,
# or that last wrote to this address through this account. A salon writes the number of its account
# itself: of several that name it, the first one counts.
HOME = """
CREATE FUNCTION kolokol_callback_home(
  p_account uuid, p_provider text, p_kinds jsonb, p_event jsonb,
  OUT tenant_id uuid, OUT integration_id uuid
) RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
DECLARE
  v_route text := coalesce(p_event ->> 'route', '');
  v_message text := coalesce(p_event ->> 'message_id', '');
  v_provider_id text := coalesce(p_event ->> 'provider_id', '');
  v_address text := coalesce(p_event ->> 'address', '');
  v_token text := substring(coalesce(p_event ->> 'value', '')
    from '(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{32}(?![A-Za-z0-9_-])');
BEGIN
  IF v_route <> '' THEN
    RETURN QUERY SELECT i.tenant_id, i.id FROM channels_integration i
      WHERE i.provider = p_provider AND i.route = v_route ORDER BY i.state = 'disabled', i.created_at, i.id LIMIT 1;
    IF FOUND THEN RETURN; END IF;
  END IF;
  IF v_message ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
    RETURN QUERY SELECT m.tenant_id, p_account FROM notifications_message m
      WHERE m.id = v_message::uuid AND m.integration_id = p_account;
    IF FOUND THEN RETURN; END IF;
  END IF;
  IF v_provider_id <> '' THEN
    RETURN QUERY SELECT m.tenant_id, p_account FROM notifications_message m
      WHERE m.integration_id = p_account AND m.provider_id = v_provider_id
      ORDER BY m.id DESC LIMIT 1;
    IF FOUND THEN RETURN; END IF;
  END IF;
  IF v_token IS NOT NULL AND p_event ->> 'kind' IN ('start', 'text') THEN
    RETURN QUERY SELECT t.tenant_id, p_account FROM tenants_linktoken t
      WHERE t.digest = encode(sha256(convert_to(v_token, 'UTF8')), 'hex') LIMIT 1;
    IF FOUND THEN RETURN; END IF;
  END IF;
  IF v_address <> '' THEN
    RETURN QUERY SELECT m.tenant_id, p_account
      FROM tenants_address a
      CROSS JOIN LATERAL (
        SELECT n.id FROM notifications_notification n WHERE n.subscriber_id = a.subscriber_id
        ORDER BY n.id DESC LIMIT 20) n
      JOIN notifications_message m ON m.notification_id = n.id AND m.integration_id = p_account
      WHERE a.value = v_address AND a.kind IN (SELECT jsonb_array_elements_text(p_kinds))
      ORDER BY m.id DESC LIMIT 1;
  END IF;
END $$;
"""
# Which endpoints of all salons have something due: ids only, so that neither bodies nor secrets
# leave their salon. Endpoints with open work are walked by index hops: one with a million lines
# costs no more than one with a single line.
DUE = """
CREATE FUNCTION kolokol_webhooks_due()
RETURNS TABLE (tenant_id uuid, endpoint_id uuid, is_failing boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET enable_seqscan = off AS $$
  with recursive hop(id) as (
      (select d.endpoint_id from notifications_webhookdelivery d where d.state = 'pending'
        order by d.endpoint_id limit 1)
    union all
      select (select d.endpoint_id from notifications_webhookdelivery d where d.state = 'pending'
        and d.endpoint_id > h.id order by d.endpoint_id limit 1) from hop h where h.id is not null
  )
  select e.tenant_id, e.id, e.failing_since is not null
  from hop h
  join notifications_webhookendpoint e on e.id = h.id
  join tenants_tenant t on t.id = e.tenant_id
  where e.is_enabled and t.state = 'active' and (e.not_before is null or e.not_before <= now())
    and exists (select 1 from notifications_webhookdelivery d where d.endpoint_id = e.id
      and d.state = 'pending' and d.due_at <= now())
$$;
"""
GRANTS = """
REVOKE ALL ON FUNCTION
  kolokol_keep_callbacks(uuid[], uuid[], uuid[], text[], text[], timestamptz[]),
  kolokol_callback_home(uuid, text, jsonb, jsonb), kolokol_webhooks_due() FROM public;
GRANT EXECUTE ON FUNCTION
  kolokol_keep_callbacks(uuid[], uuid[], uuid[], text[], text[], timestamptz[]) TO {app};
GRANT EXECUTE ON FUNCTION kolokol_callback_home(uuid, text, jsonb, jsonb), kolokol_webhooks_due()
  TO {platform};
"""
UNDO = """
DROP FUNCTION kolokol_webhooks_due();
DROP FUNCTION kolokol_callback_home(uuid, text, jsonb, jsonb);
DROP FUNCTION kolokol_keep_callbacks(uuid[], uuid[], uuid[], text[], text[], timestamptz[]);
"""


class Migration(migrations.Migration):
    replaces = [
        ("notifications", "0005_webhooks"),
        ("notifications", "0006_lent_callbacks"),
        ("notifications", "0007_keep_callbacks"),
        ("notifications", "0009_callback_links"),
        ("notifications", "0017_first_route"),
    ]
    dependencies = [("notifications", "0004_claim_and_sweep")]
    operations = [migrations.RunSQL(KEEP + HOME + DUE + GRANTS.format(**sql_names()), UNDO)]
