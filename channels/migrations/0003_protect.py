"""Row-level security of integrations and of the Phone."""

from django.db import migrations

from tenants.rls import Protect, sql_names

DOOR = """
CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON channels_integration
  FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed();
CREATE FUNCTION kolokol_integration_tenant(p_id uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  select tenant_id from channels_integration where id = p_id
$$;
REVOKE ALL ON FUNCTION kolokol_integration_tenant(uuid) FROM public;
GRANT EXECUTE ON FUNCTION kolokol_integration_tenant(uuid) TO {app};
"""
UNDO = """
DROP FUNCTION kolokol_integration_tenant(uuid);
DROP TRIGGER config_version ON channels_integration;
"""


class Migration(migrations.Migration):
    dependencies = [("channels", "0002_initial"), ("tenants", "0003_protect")]
    operations = [
        Protect("Integration"),
        Protect("PhoneMessage"),
        Protect("PhoneSwitch"),
        migrations.RunSQL(DOOR.format(**sql_names()), UNDO),
    ]
