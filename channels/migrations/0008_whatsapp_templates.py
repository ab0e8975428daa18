"""Add texts that WhatsApp must approve."""

import django.core.validators
import django.db.models.deletion
import tenants.ids
from django.db import migrations, models

from tenants.rls import Protect, TenantForeignKey


class Migration(migrations.Migration):
    dependencies = [("channels", "0007_sender_names")]
    operations = [
        migrations.CreateModel(
            name="WhatsAppTemplate",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "text_id",
                    models.UUIDField(blank=True, null=True, verbose_name="message template"),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="Lower-case letters, digits and _; WhatsApp sees it with a number behind.",
                        max_length=200,
                        validators=[django.core.validators.RegexValidator("^[a-z0-9_]+$")],
                        verbose_name="name",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[("ru", "Russian"), ("en", "English")],
                        default="ru",
                        max_length=5,
                        verbose_name="language",
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("utility", "Service message"),
                            ("marketing", "Marketing"),
                            ("authentication", "Login code"),
                        ],
                        default="utility",
                        max_length=14,
                        verbose_name="category",
                    ),
                ),
                ("header", models.CharField(blank=True, max_length=60, verbose_name="heading")),
                (
                    "body",
                    models.TextField(
                        help_text="With variables such as {{ clientName }}, neither first nor last in it.",
                        max_length=1024,
                        verbose_name="text",
                    ),
                ),
                ("footer", models.CharField(blank=True, max_length=60, verbose_name="footer")),
                (
                    "buttons",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text='A list such as [{"text": "Confirm", "action": "confirm"}].',
                        verbose_name="buttons",
                    ),
                ),
                (
                    "examples",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text='What WhatsApp\'s reviewers see, such as {"clientName": "Anna"}.',
                        verbose_name="examples",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Not submitted"),
                            ("pending", "Waits for approval"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                            ("paused", "Paused by WhatsApp"),
                            ("disabled", "Switched off by WhatsApp"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, editable=False, max_length=200, verbose_name="reason"
                    ),
                ),
                ("number", models.PositiveIntegerField(default=0, editable=False)),
                ("provider_id", models.CharField(blank=True, editable=False, max_length=64)),
                ("submitted_name", models.CharField(blank=True, editable=False, max_length=220)),
                ("submitted", models.JSONField(editable=False, null=True)),
                ("approved_name", models.CharField(blank=True, editable=False, max_length=220)),
                ("approved", models.JSONField(editable=False, null=True)),
                ("is_running", models.BooleanField(default=False, editable=False)),
                ("synced_at", models.DateTimeField(editable=False, null=True)),
                (
                    "integration",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
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
                "verbose_name": "WhatsApp template",
                "verbose_name_plural": "WhatsApp templates",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "integration", "name", "language"),
                        name="whatsapptemplate_name",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "integration", "text_id", "language"),
                        name="whatsapptemplate_text",
                    ),
                ],
            },
        ),
        Protect("WhatsAppTemplate"),
        TenantForeignKey("WhatsAppTemplate", "integration_id", "channels_integration"),
        migrations.RunSQL(
            "CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON channels_whatsapptemplate"
            " FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed()",
            "DROP TRIGGER config_version ON channels_whatsapptemplate",
        ),
    ]
