"""What holds messages back by somebody's will: preferences, stops, texts said within the hour."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.ids
from tenants.rls import Protect, TenantForeignKey, sql_names

# Salons see a stop of all salons only by what waits; the platform's staff write it.
PLATFORM = """
ALTER TABLE notifications_platformstop ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications_platformstop FORCE ROW LEVEL SECURITY;
REVOKE ALL ON notifications_platformstop FROM {app}, {worker}, {support};
CREATE POLICY owner ON notifications_platformstop TO {owner} USING (true);
CREATE POLICY app ON notifications_platformstop FOR SELECT TO {app} USING (true);
CREATE POLICY worker ON notifications_platformstop FOR SELECT TO {worker} USING (true);
CREATE POLICY support ON notifications_platformstop TO {support} USING (true);
GRANT SELECT ON notifications_platformstop TO {app}, {worker};
GRANT SELECT, INSERT, UPDATE ON notifications_platformstop TO {support};
"""
VERSION = """
CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON notifications_stop
  FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0014_step_kinds"),
        ("tenants", "0010_four_eyes"),
    ]

    operations = [
        migrations.CreateModel(
            name="PlatformStop",
            fields=[
                (
                    "channel",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("in_app", "In-app"),
                            ("email", "E-mail"),
                            ("sms", "SMS"),
                            ("chat", "Messenger"),
                            ("push", "Push"),
                            ("webhook", "Webhook"),
                            ("phone", "Phone"),
                            ("telegram", "Telegram"),
                            ("whatsapp", "WhatsApp"),
                            ("vk", "VK"),
                            ("max", "MAX"),
                            ("instagram", "Instagram"),
                            ("fcm", "Push: Android and others (FCM)"),
                            ("apns", "Push: iPhone (APNs)"),
                            ("web_push", "Push: browser"),
                            ("slack", "Slack"),
                            ("discord", "Discord"),
                            ("teams", "Microsoft Teams"),
                            ("mattermost", "Mattermost"),
                            ("ntfy", "ntfy"),
                        ],
                        help_text="Empty: all channels.",
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        blank=True,
                        choices=[("tx", "Transactional"), ("mk", "Marketing")],
                        help_text="Empty: both.",
                        max_length=2,
                        verbose_name="category",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="why")),
                ("started_at", models.DateTimeField(auto_now_add=True, verbose_name="stopped")),
                ("started_by", models.CharField(editable=False, max_length=64, verbose_name="by")),
                (
                    "ended_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="goes on since"),
                ),
                (
                    "ended_by",
                    models.CharField(
                        blank=True, editable=False, max_length=64, verbose_name="ended by"
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
            ],
            options={
                "verbose_name": "stop of all salons",
                "verbose_name_plural": "stops of all salons",
            },
        ),
        migrations.CreateModel(
            name="SaidText",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("notification_id", models.UUIDField()),
                ("ends_at", models.DateTimeField()),
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
                "verbose_name": "said text",
                "verbose_name_plural": "said texts",
            },
        ),
        migrations.CreateModel(
            name="Preference",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        blank=True,
                        choices=[("tx", "Transactional"), ("mk", "Marketing")],
                        help_text="Empty: both.",
                        max_length=2,
                        verbose_name="category",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("in_app", "In-app"),
                            ("email", "E-mail"),
                            ("sms", "SMS"),
                            ("chat", "Messenger"),
                            ("push", "Push"),
                        ],
                        help_text="Empty: all channels.",
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                ("is_on", models.BooleanField(default=False, verbose_name="wanted")),
                (
                    "subscriber",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="preferences",
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
                (
                    "workflow",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="Empty: all workflows.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="notifications.workflow",
                        verbose_name="workflow",
                    ),
                ),
            ],
            options={
                "verbose_name": "preference",
                "verbose_name_plural": "preferences",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "subscriber", "workflow", "category", "channel"),
                        name="preference_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("workflow", None), ("category", ""), _connector="OR"),
                        name="preference_workflow_or_category",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Stop",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("in_app", "In-app"),
                            ("email", "E-mail"),
                            ("sms", "SMS"),
                            ("chat", "Messenger"),
                            ("push", "Push"),
                            ("webhook", "Webhook"),
                            ("phone", "Phone"),
                            ("telegram", "Telegram"),
                            ("whatsapp", "WhatsApp"),
                            ("vk", "VK"),
                            ("max", "MAX"),
                            ("instagram", "Instagram"),
                            ("fcm", "Push: Android and others (FCM)"),
                            ("apns", "Push: iPhone (APNs)"),
                            ("web_push", "Push: browser"),
                            ("slack", "Slack"),
                            ("discord", "Discord"),
                            ("teams", "Microsoft Teams"),
                            ("mattermost", "Mattermost"),
                            ("ntfy", "ntfy"),
                        ],
                        help_text="Empty: all channels.",
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        blank=True,
                        choices=[("tx", "Transactional"), ("mk", "Marketing")],
                        help_text="Empty: both.",
                        max_length=2,
                        verbose_name="category",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="why")),
                ("started_at", models.DateTimeField(auto_now_add=True, verbose_name="stopped")),
                ("started_by", models.CharField(editable=False, max_length=64, verbose_name="by")),
                (
                    "ended_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="goes on since"),
                ),
                (
                    "ended_by",
                    models.CharField(
                        blank=True, editable=False, max_length=64, verbose_name="ended by"
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
                "verbose_name": "stop",
                "verbose_name_plural": "stops",
                "indexes": [models.Index(fields=["tenant", "-started_at"], name="stop_tenant")],
            },
        ),
        Protect("Preference"),
        TenantForeignKey("Preference", "subscriber_id", "tenants_subscriber"),
        TenantForeignKey("Preference", "workflow_id", "notifications_workflow"),
        Protect("Stop", verbs="select, insert, update"),
        Protect("SaidText"),
        migrations.RunSQL(VERSION, "DROP TRIGGER config_version ON notifications_stop;"),
        migrations.RunSQL(PLATFORM.format(**sql_names()), migrations.RunSQL.noop),
    ]
