"""Let nobody take over the callbacks of a number that another salon has."""

from importlib import import_module

from django.db import migrations

from tenants.rls import sql_names

BEFORE = import_module("notifications.migrations.0009_callback_links").HOME
# A salon writes the number of its account itself: of several that name it, the first one counts.
HOME = BEFORE.replace(
    "AND i.route = v_route LIMIT 1",
    "AND i.route = v_route ORDER BY i.state = 'disabled', i.created_at, i.id LIMIT 1",
)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0016_digests")]
    operations = [
        migrations.RunSQL(HOME.format(**sql_names()), BEFORE.format(**sql_names())),
    ]
