"""Add cases for people, conversations at the desk, and what other platforms say."""

import django.db.models.deletion
import tenants.ids
from django.db import migrations, models

from tenants.rls import Protect, TenantForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0008_whatsapp_templates"),
        ("notifications", "0003_claim"),
        ("tenants", "0004_address_kinds"),
    ]

    operations = [
        migrations.CreateModel(
            name="Escalation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[("live", "Live"), ("test", "Test")],
                        default="live",
                        max_length=4,
                        verbose_name="mode",
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("undeliverable", "An important message did not arrive"),
                            ("not_confirmed", "The client did not confirm"),
                            ("client_wrote", "The client wrote"),
                            ("address_taken", "The address belongs to another client"),
                            ("novu_failed", "Novu did not deliver an important message"),
                            ("manual", "Opened by hand"),
                        ],
                        max_length=16,
                        verbose_name="cause",
                    ),
                ),
                (
                    "subject_type",
                    models.CharField(blank=True, max_length=32, verbose_name="subject"),
                ),
                (
                    "subject_id",
                    models.CharField(blank=True, max_length=255, verbose_name="subject's id"),
                ),
                ("notification_id", models.UUIDField(null=True)),
                ("message_id", models.UUIDField(null=True)),
                ("channel", models.CharField(blank=True, max_length=16, verbose_name="channel")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("taken", "Taken"),
                            ("answered", "Answered"),
                            ("closed", "Closed"),
                        ],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("repeats", models.PositiveIntegerField(default=0, verbose_name="repeated")),
                ("opened_at", models.DateTimeField(verbose_name="opened")),
                ("changed_at", models.DateTimeField(verbose_name="changed")),
                ("deadline_at", models.DateTimeField(verbose_name="deadline")),
                ("told_at", models.DateTimeField(null=True)),
                ("taken_at", models.DateTimeField(null=True, verbose_name="taken at")),
                ("taken_by", models.CharField(blank=True, max_length=150, verbose_name="taken by")),
                ("answered_at", models.DateTimeField(null=True, verbose_name="answered at")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed at")),
                (
                    "closed_by",
                    models.CharField(blank=True, max_length=150, verbose_name="closed by"),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.subscriber",
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
                "verbose_name": "case",
                "verbose_name_plural": "cases",
            },
        ),
        migrations.CreateModel(
            name="EscalationLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("opened", "Opened"),
                            ("repeated", "Happened again"),
                            ("wrote", "The client wrote"),
                            ("taken", "Taken"),
                            ("answered", "Answered"),
                            ("closed", "Closed"),
                        ],
                        max_length=8,
                        verbose_name="what happened",
                    ),
                ),
                ("text", models.TextField(blank=True, verbose_name="text")),
                ("who", models.CharField(blank=True, max_length=150, verbose_name="who")),
                (
                    "transaction_id",
                    models.CharField(blank=True, max_length=255, verbose_name="transaction"),
                ),
                ("desk_id", models.CharField(blank=True, max_length=32)),
                ("at", models.DateTimeField(verbose_name="time")),
                (
                    "escalation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="notifications.escalation",
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
                "verbose_name": "line of a case",
                "verbose_name_plural": "lines of cases",
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="ExternalDelivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("integration_id", models.UUIDField()),
                ("key", models.CharField(max_length=200)),
                ("event", models.CharField(max_length=64, verbose_name="event")),
                (
                    "external_id",
                    models.CharField(blank=True, max_length=128, verbose_name="external id"),
                ),
                (
                    "transaction_id",
                    models.CharField(blank=True, max_length=255, verbose_name="transaction"),
                ),
                ("workflow", models.CharField(blank=True, max_length=120, verbose_name="workflow")),
                ("step", models.CharField(blank=True, max_length=120, verbose_name="step")),
                ("channel", models.CharField(blank=True, max_length=16, verbose_name="channel")),
                ("status", models.CharField(blank=True, max_length=32, verbose_name="status")),
                (
                    "subscriber_key",
                    models.CharField(blank=True, max_length=255, verbose_name="client's key"),
                ),
                ("provider", models.CharField(blank=True, max_length=64, verbose_name="provider")),
                ("error", models.CharField(blank=True, max_length=300, verbose_name="error")),
                ("at", models.DateTimeField(verbose_name="time")),
                ("raw", models.JSONField(default=dict, verbose_name="as received")),
                ("metadata", models.JSONField(default=dict, verbose_name="metadata")),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "external delivery",
                "verbose_name_plural": "external deliveries",
            },
        ),
        migrations.CreateModel(
            name="DeskThread",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("inbox", models.CharField(max_length=20)),
                ("conversation", models.CharField(max_length=32)),
                ("used_at", models.DateTimeField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
                    "subscriber",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.subscriber",
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
                "verbose_name": "conversation at the desk",
                "verbose_name_plural": "conversations at the desk",
                "indexes": [
                    models.Index(fields=["tenant", "subscriber"], name="deskthread_subscriber")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "integration", "subscriber"), name="deskthread_client"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "integration", "conversation"),
                        name="deskthread_conversation",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="escalation",
            index=models.Index(fields=["tenant", "subscriber"], name="escalation_subscriber"),
        ),
        migrations.AddIndex(
            model_name="escalation",
            index=models.Index(
                condition=models.Q(("told_at", None)), fields=["tenant"], name="escalation_untold"
            ),
        ),
        migrations.AddConstraint(
            model_name="escalation",
            constraint=models.UniqueConstraint(
                fields=("tenant", "id"), name="escalation_tenant_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="escalation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "closed"), _negated=True),
                fields=("tenant", "mode", "subscriber", "cause", "subject_type", "subject_id"),
                name="escalation_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="escalationline",
            index=models.Index(fields=["escalation", "id"], name="escalationline_case"),
        ),
        migrations.AddIndex(
            model_name="escalationline",
            index=models.Index(fields=["tenant", "id"], name="escalationline_new"),
        ),
        migrations.AddIndex(
            model_name="escalationline",
            index=models.Index(
                condition=models.Q(("kind", "answered"), ("transaction_id", "")),
                fields=["tenant"],
                name="escalationline_unsent",
            ),
        ),
        migrations.AddIndex(
            model_name="externaldelivery",
            index=models.Index(fields=["tenant", "id"], name="externaldelivery_tenant"),
        ),
        migrations.AddIndex(
            model_name="externaldelivery",
            index=models.Index(fields=["tenant", "subscriber_key"], name="externaldelivery_client"),
        ),
        migrations.AddConstraint(
            model_name="externaldelivery",
            constraint=models.UniqueConstraint(
                fields=("tenant", "integration_id", "key"), name="externaldelivery_once"
            ),
        ),
        Protect("Escalation"),
        Protect("EscalationLine"),
        Protect("DeskThread"),
        Protect("ExternalDelivery"),
        TenantForeignKey("Escalation", "subscriber_id", "tenants_subscriber"),
        TenantForeignKey("EscalationLine", "escalation_id", "notifications_escalation"),
        TenantForeignKey("DeskThread", "integration_id", "channels_integration"),
        TenantForeignKey("DeskThread", "subscriber_id", "tenants_subscriber"),
    ]
