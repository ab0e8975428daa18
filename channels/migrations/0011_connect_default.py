"""Let an account that the platform lends remember, too, whether its provider knows our address."""

from django.db import migrations, models

from tenants.rls import sql_names

GRANT = """
GRANT SELECT (connect_at, connected_at, connect_fault) ON channels_defaultintegration TO {app};
"""
REVOKE = """
REVOKE SELECT (connect_at, connected_at, connect_fault) ON channels_defaultintegration FROM {app};
"""


class Migration(migrations.Migration):
    dependencies = [("channels", "0010_connect")]

    operations = [
        migrations.AddField(
            model_name="defaultintegration",
            name="connect_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="defaultintegration",
            name="connected_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="defaultintegration",
            name="connect_fault",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
        migrations.RunSQL(GRANT.format(**sql_names()), REVOKE.format(**sql_names())),
    ]
