"""Keep callbacks of lent accounts until it is known whose they are."""

from django.db import migrations, models

from tenants.rls import sql_names

TABLE = """
ALTER TABLE notifications_lentcallback ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications_lentcallback FORCE ROW LEVEL SECURITY;
REVOKE ALL ON notifications_lentcallback FROM {app}, {worker}, {support};
CREATE POLICY owner ON notifications_lentcallback TO {owner} USING (true);
CREATE POLICY worker ON notifications_lentcallback TO {worker} USING (true);
CREATE POLICY platform ON notifications_lentcallback TO {platform} USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON notifications_lentcallback TO {worker};
GRANT SELECT ON notifications_lentcallback TO {platform};
CREATE POLICY platform ON channels_defaultintegration FOR SELECT TO {platform} USING (true);
GRANT SELECT (id, provider) ON channels_defaultintegration TO {platform};
"""
# Whose is it: named by the provider, else the salon whose message it answers, else the one that
# last wrote to this address through this account.
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
REVOKE ALL ON FUNCTION kolokol_callback_home(uuid, text, jsonb, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION kolokol_callback_home(uuid, text, jsonb, jsonb) TO {platform};
"""
UNDO = """
DROP FUNCTION kolokol_callback_home(uuid, text, jsonb, jsonb);
DROP POLICY platform ON channels_defaultintegration;
REVOKE ALL ON channels_defaultintegration FROM {platform};
"""


class Migration(migrations.Migration):
    dependencies = [("channels", "0009_callback_route"), ("notifications", "0005_webhooks")]

    operations = [
        migrations.CreateModel(
            name="LentCallback",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("account_id", models.UUIDField()),
                ("key", models.CharField(max_length=200)),
                ("event", models.JSONField()),
                ("due_at", models.DateTimeField()),
                ("attempt", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "verbose_name": "callback of a lent account",
                "verbose_name_plural": "callbacks of lent accounts",
                "indexes": [models.Index(fields=["due_at"], name="lentcallback_due")],
                "constraints": [
                    models.UniqueConstraint(fields=["account_id", "key"], name="lentcallback_once")
                ],
            },
        ),
        migrations.RunSQL(TABLE.format(**sql_names()), migrations.RunSQL.noop),
        migrations.RunSQL(HOME.format(**sql_names()), UNDO.format(**sql_names())),
    ]
