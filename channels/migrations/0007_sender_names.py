"""Add senders' names that operators have registered."""

import django.core.validators
import django.db.models.deletion
import tenants.ids
from django.db import migrations, models

from tenants.rls import Protect, TenantForeignKey


class Migration(migrations.Migration):
    dependencies = [("channels", "0006_channel_rules")]
    operations = [
        migrations.CreateModel(
            name="SenderName",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "prefix",
                    models.CharField(
                        blank=True,
                        help_text="A country or an operator, such as +7 or +7916. Empty: all other numbers.",
                        max_length=16,
                        validators=[django.core.validators.RegexValidator("^\\+[0-9]{1,15}$")],
                        verbose_name="numbers that begin with",
                    ),
                ),
                (
                    "sender",
                    models.CharField(
                        help_text="Latin letters and digits, usually up to 11, as the operator registered it.",
                        max_length=15,
                        validators=[
                            django.core.validators.RegexValidator("^[A-Za-z0-9][A-Za-z0-9 ._&+-]*$")
                        ],
                        verbose_name="sender's name",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "Requested"),
                            ("registered", "Registered"),
                            ("refused", "Refused"),
                        ],
                        default="requested",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "integration",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sender_names",
                        to="channels.integration",
                    ),
                ),
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
                "verbose_name": "sender's name",
                "verbose_name_plural": "senders' names",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "integration", "prefix"), name="sendername_prefix"
                    )
                ],
            },
        ),
        Protect("SenderName"),
        TenantForeignKey("SenderName", "integration_id", "channels_integration"),
        migrations.RunSQL(
            "CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON channels_sendername"
            " FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed()",
            "DROP TRIGGER config_version ON channels_sendername",
        ),
    ]
