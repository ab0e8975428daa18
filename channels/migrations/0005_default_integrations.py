"""Add the platform's own integrations: salons use them, and cannot read their secrets."""

import channels.models
import tenants.ids
from django.db import migrations, models

from tenants.rls import sql_names

#: What every role may read; `credentials` is for workers, who send, and for the platform's staff.
OPEN = (
    "id, name, identifier, provider, kind, position, state, state_reason, frozen_until,"
    " callback_token, created_at"
)
GUARD = """
ALTER TABLE channels_defaultintegration ENABLE ROW LEVEL SECURITY;
ALTER TABLE channels_defaultintegration FORCE ROW LEVEL SECURITY;
REVOKE ALL ON channels_defaultintegration FROM {app}, {worker}, {support};
CREATE POLICY owner ON channels_defaultintegration TO {owner} USING (true);
CREATE POLICY app ON channels_defaultintegration FOR SELECT TO {app} USING (true);
CREATE POLICY worker ON channels_defaultintegration TO {worker} USING (true);
CREATE POLICY support ON channels_defaultintegration TO {support} USING (true);
GRANT SELECT (OPEN) ON channels_defaultintegration TO {app};
GRANT SELECT, UPDATE (state, state_reason, frozen_until) ON channels_defaultintegration TO {worker};
GRANT SELECT, INSERT, UPDATE, DELETE ON channels_defaultintegration TO {support};
""".replace("OPEN", OPEN)
UNDO = """
DROP POLICY owner ON channels_defaultintegration;
DROP POLICY app ON channels_defaultintegration;
DROP POLICY worker ON channels_defaultintegration;
DROP POLICY support ON channels_defaultintegration;
"""


class Migration(migrations.Migration):
    dependencies = [("channels", "0004_phone_address"), ("tenants", "0003_protect")]
    operations = [
        migrations.CreateModel(
            name="DefaultIntegration",
            fields=[
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("identifier", models.SlugField(max_length=64, verbose_name="identifier")),
                (
                    "provider",
                    models.CharField(
                        choices=channels.models.provider_choices,
                        max_length=32,
                        verbose_name="provider",
                    ),
                ),
                ("kind", models.CharField(max_length=10, verbose_name="channel kind")),
                ("credentials", models.TextField(blank=True, editable=False)),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="The first usable one of a kind is taken.",
                        verbose_name="order",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("paused", "Paused"), ("disabled", "Off")],
                        default="active",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "state_reason",
                    models.CharField(blank=True, max_length=200, verbose_name="reason"),
                ),
                ("frozen_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("callback_token", models.CharField(editable=False, max_length=43)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
            ],
            options={
                "verbose_name": "default integration",
                "verbose_name_plural": "default integrations",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("identifier",), name="defaultintegration_identifier"
                    )
                ],
            },
        ),
        migrations.RunSQL(GUARD.format(**sql_names()), UNDO),
    ]
