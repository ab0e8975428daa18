"""Tell which accounts a provider may mean when salons share one callback address."""

from django.db import migrations

from tenants.rls import sql_names

# Ids only; whether a call is meant for one of them, its own secret must prove.
BY_ROUTE = """
CREATE FUNCTION kolokol_integrations_by_route(p_provider text, p_route text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  select id from channels_integration where provider = p_provider and route = p_route
  order by state = 'disabled', created_at, id limit 10
$$;
REVOKE ALL ON FUNCTION kolokol_integrations_by_route(text, text) FROM public;
GRANT EXECUTE ON FUNCTION kolokol_integrations_by_route(text, text) TO {app};
"""
UNDO = "DROP FUNCTION kolokol_integrations_by_route(text, text);"


class Migration(migrations.Migration):
    dependencies = [("channels", "0011_connect_default")]
    operations = [migrations.RunSQL(BY_ROUTE.format(**sql_names()), UNDO)]
