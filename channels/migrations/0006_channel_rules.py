"""Add what a salon lets each place and channel carry."""

import channels.policy
import django.db.models.deletion
import tenants.ids
from django.db import migrations, models

from tenants.rls import Protect


class Migration(migrations.Migration):
    dependencies = [("channels", "0005_default_integrations")]
    operations = [
        migrations.CreateModel(
            name="ChannelRule",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "target",
                    models.CharField(
                        choices=channels.policy.target_choices,
                        max_length=16,
                        verbose_name="channel",
                    ),
                ),
                (
                    "may_tx",
                    models.BooleanField(default=True, verbose_name="transactional messages"),
                ),
                ("may_mk", models.BooleanField(default=True, verbose_name="marketing")),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "channel rule",
                "verbose_name_plural": "channel rules",
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "target"), name="channelrule_target")
                ],
            },
        ),
        Protect("ChannelRule"),
        migrations.RunSQL(
            "CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON channels_channelrule"
            " FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed()",
            "DROP TRIGGER config_version ON channels_channelrule",
        ),
    ]
