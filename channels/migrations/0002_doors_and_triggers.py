"""Find the salon of an account before any salon is known; let changes of accounts be noticed."""

from django.db import migrations

from tenants.rls import sql_names

# Ids only; whether a call is meant for one of them, its own secret must prove.
DOORS = """
CREATE FUNCTION kolokol_integration_tenant(p_id uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  select tenant_id from channels_integration where id = p_id
$$;
CREATE FUNCTION kolokol_integrations_by_route(p_provider text, p_route text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  select id from channels_integration where provider = p_provider and route = p_route
  order by state = 'disabled', created_at, id limit 10
$$;
REVOKE ALL ON FUNCTION kolokol_integration_tenant(uuid),
  kolokol_integrations_by_route(text, text) FROM public;
GRANT EXECUTE ON FUNCTION kolokol_integration_tenant(uuid),
  kolokol_integrations_by_route(text, text) TO {app};
"""
VERSIONS = """
CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON channels_integration
  FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed();
CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON channels_channelrule
  FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed();
CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON channels_sendername
  FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed();
CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON channels_whatsapptemplate
  FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed();
"""
UNDO = """
DROP TRIGGER config_version ON channels_whatsapptemplate;
DROP TRIGGER config_version ON channels_sendername;
DROP TRIGGER config_version ON channels_channelrule;
DROP TRIGGER config_version ON channels_integration;
DROP FUNCTION kolokol_integrations_by_route(text, text);
DROP FUNCTION kolokol_integration_tenant(uuid);
"""


class Migration(migrations.Migration):
    replaces = [
        ("channels", "0006_channel_rules"),
        ("channels", "0007_sender_names"),
        ("channels", "0008_whatsapp_templates"),
        ("channels", "0009_callback_route"),
        ("channels", "0012_accounts_by_route"),
    ]
    dependencies = [("channels", "0001_accounts")]
    operations = [migrations.RunSQL(DOORS.format(**sql_names()) + VERSIONS, UNDO)]
