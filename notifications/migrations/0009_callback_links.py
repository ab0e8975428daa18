"""Let a link that was opened in a lent bot bring its callback home."""

from django.db import migrations

from tenants.rls import sql_names

# Whose is it: named by the provider, else the salon whose message it answers, whose link was opened,
# or that last wrote to this address through this account.
HOME = """
CREATE OR REPLACE FUNCTION kolokol_callback_home(
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
    from '(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{{32}}(?![A-Za-z0-9_-])');
BEGIN
  IF v_route <> '' THEN
    RETURN QUERY SELECT i.tenant_id, i.id FROM channels_integration i
      WHERE i.provider = p_provider AND i.route = v_route LIMIT 1;
    IF FOUND THEN RETURN; END IF;
  END IF;
  IF v_message ~ '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$' THEN
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


class Migration(migrations.Migration):
    dependencies = [("notifications", "0008_letter"), ("tenants", "0009_link_digest")]
    operations = [
        migrations.RunSQL(HOME.format(**sql_names()), migrations.RunSQL.noop),
    ]
