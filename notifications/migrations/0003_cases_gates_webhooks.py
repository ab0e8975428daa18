"""Cases for people, conversations at the desk, preferences and stops, webhooks of salons' software."""

from django.db import migrations, models

from tenants.ids import uuid7
from tenants.rls import CreateTogether, Protect, TenantForeignKey, sql_names

MODES = [("live", "Live"), ("test", "Test")]
CATEGORIES = [("tx", "Transactional"), ("mk", "Marketing")]
CHANNELS_AND_MESSENGERS = [
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
]
ID = models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)
TENANT = models.ForeignKey(
    "tenants.tenant", on_delete=models.PROTECT, related_name="+", db_index=False, editable=False
)
LOOSE = {
    "on_delete": models.DO_NOTHING,
    "related_name": "+",
    "db_constraint": False,
    "db_index": False,
}
INSIDE = {
    "on_delete": models.CASCADE,
    "related_name": "+",
    "db_constraint": False,
    "db_index": False,
}
HOT_TENANT = models.ForeignKey("tenants.tenant", editable=False, **LOOSE)

MODELS = [
    migrations.CreateModel(
        "Escalation",
        [
            ("id", ID),
            ("mode", models.CharField("mode", max_length=4, default="live", choices=MODES)),
            (
                "cause",
                models.CharField(
                    "cause",
                    max_length=16,
                    choices=[
                        ("undeliverable", "An important message did not arrive"),
                        ("not_confirmed", "The client did not confirm"),
                        ("client_wrote", "The client wrote"),
                        ("address_taken", "The address belongs to another client"),
                        ("novu_failed", "Novu did not deliver an important message"),
                        ("webhook_off", "A webhook was switched off"),
                        ("manual", "Opened by hand"),
                    ],
                ),
            ),
            ("subject_type", models.CharField("subject", max_length=32, blank=True)),
            ("subject_id", models.CharField("subject's id", max_length=255, blank=True)),
            ("notification_id", models.UUIDField(null=True)),
            ("message_id", models.UUIDField(null=True)),
            ("channel", models.CharField("channel", max_length=16, blank=True)),
            (
                "state",
                models.CharField(
                    "state",
                    max_length=8,
                    default="open",
                    choices=[
                        ("open", "Open"),
                        ("taken", "Taken"),
                        ("answered", "Answered"),
                        ("closed", "Closed"),
                    ],
                ),
            ),
            ("repeats", models.PositiveIntegerField("repeated", default=0)),
            ("opened_at", models.DateTimeField("opened")),
            ("changed_at", models.DateTimeField("changed")),
            ("deadline_at", models.DateTimeField("deadline")),
            ("told_at", models.DateTimeField(null=True)),
            ("taken_at", models.DateTimeField("taken at", null=True)),
            ("taken_by", models.CharField("taken by", max_length=150, blank=True)),
            ("answered_at", models.DateTimeField("answered at", null=True)),
            ("closed_at", models.DateTimeField("closed at", null=True)),
            ("closed_by", models.CharField("closed by", max_length=150, blank=True)),
            ("subscriber", models.ForeignKey("tenants.subscriber", null=True, **INSIDE)),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "case",
            "verbose_name_plural": "cases",
            "indexes": [
                models.Index(fields=["tenant", "subscriber"], name="escalation_subscriber"),
                models.Index(
                    condition=models.Q(told_at=None),
                    fields=["tenant"],
                    name="escalation_untold",
                ),
            ],
            "constraints": [
                models.UniqueConstraint(fields=("tenant", "id"), name="escalation_tenant_id"),
                models.UniqueConstraint(
                    condition=~models.Q(state="closed"),
                    fields=("tenant", "mode", "subscriber", "cause", "subject_type", "subject_id"),
                    name="escalation_once",
                    nulls_distinct=False,
                ),
            ],
        },
    ),
    migrations.CreateModel(
        "EscalationLine",
        [
            ("id", ID),
            (
                "kind",
                models.CharField(
                    "what happened",
                    max_length=8,
                    choices=[
                        ("opened", "Opened"),
                        ("repeated", "Happened again"),
                        ("wrote", "The client wrote"),
                        ("taken", "Taken"),
                        ("answered", "Answered"),
                        ("closed", "Closed"),
                    ],
                ),
            ),
            ("text", models.TextField("text", blank=True)),
            ("who", models.CharField("who", max_length=150, blank=True)),
            ("transaction_id", models.CharField("transaction", max_length=255, blank=True)),
            ("desk_id", models.CharField(max_length=32, blank=True)),
            ("at", models.DateTimeField("time")),
            (
                "escalation",
                models.ForeignKey(
                    "notifications.escalation",
                    on_delete=models.CASCADE,
                    related_name="lines",
                    db_index=False,
                    db_constraint=False,
                ),
            ),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "line of a case",
            "verbose_name_plural": "lines of cases",
            "ordering": ["at", "id"],
            "indexes": [
                models.Index(fields=["escalation", "id"], name="escalationline_case"),
                models.Index(fields=["tenant", "id"], name="escalationline_new"),
                models.Index(
                    condition=models.Q(kind="answered", transaction_id=""),
                    fields=["tenant"],
                    name="escalationline_unsent",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        "DeskThread",
        [
            ("id", ID),
            ("inbox", models.CharField(max_length=20)),
            ("conversation", models.CharField(max_length=32)),
            ("used_at", models.DateTimeField()),
            ("created_at", models.DateTimeField(auto_now_add=True)),
            ("integration", models.ForeignKey("channels.integration", **INSIDE)),
            ("subscriber", models.ForeignKey("tenants.subscriber", **INSIDE)),
            ("tenant", TENANT),
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
                    fields=("tenant", "integration", "conversation"), name="deskthread_conversation"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        "ExternalDelivery",
        [
            ("id", ID),
            ("integration_id", models.UUIDField()),
            ("key", models.CharField(max_length=200)),
            ("event", models.CharField("event", max_length=64)),
            ("external_id", models.CharField("external id", max_length=128, blank=True)),
            ("transaction_id", models.CharField("transaction", max_length=255, blank=True)),
            ("workflow", models.CharField("workflow", max_length=120, blank=True)),
            ("step", models.CharField("step", max_length=120, blank=True)),
            ("channel", models.CharField("channel", max_length=16, blank=True)),
            ("status", models.CharField("status", max_length=32, blank=True)),
            ("subscriber_key", models.CharField("client's key", max_length=255, blank=True)),
            ("provider", models.CharField("provider", max_length=64, blank=True)),
            ("error", models.CharField("error", max_length=300, blank=True)),
            ("at", models.DateTimeField("time")),
            ("raw", models.JSONField("as received", default=dict)),
            ("metadata", models.JSONField("metadata", default=dict)),
            ("tenant", HOT_TENANT),
        ],
        options={
            "verbose_name": "external delivery",
            "verbose_name_plural": "external deliveries",
            "indexes": [
                models.Index(fields=["tenant", "id"], name="externaldelivery_tenant"),
                models.Index(fields=["tenant", "subscriber_key"], name="externaldelivery_client"),
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("tenant", "integration_id", "key"), name="externaldelivery_once"
                )
            ],
        },
    ),
    migrations.CreateModel(
        "Preference",
        [
            ("id", ID),
            (
                "category",
                models.CharField(
                    "category",
                    max_length=2,
                    blank=True,
                    choices=CATEGORIES,
                    help_text="Empty: both.",
                ),
            ),
            (
                "channel",
                models.CharField(
                    "channel",
                    max_length=10,
                    blank=True,
                    choices=[
                        ("in_app", "In-app"),
                        ("email", "E-mail"),
                        ("sms", "SMS"),
                        ("chat", "Messenger"),
                        ("push", "Push"),
                    ],
                    help_text="Empty: all channels.",
                ),
            ),
            ("is_on", models.BooleanField("wanted", default=False)),
            (
                "subscriber",
                models.ForeignKey(
                    "tenants.subscriber",
                    on_delete=models.CASCADE,
                    related_name="preferences",
                    db_index=False,
                    db_constraint=False,
                ),
            ),
            ("tenant", TENANT),
            (
                "workflow",
                models.ForeignKey(
                    "notifications.workflow",
                    on_delete=models.CASCADE,
                    null=True,
                    blank=True,
                    related_name="+",
                    verbose_name="workflow",
                    help_text="Empty: all workflows.",
                    db_constraint=False,
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
                    condition=models.Q(workflow=None) | models.Q(category=""),
                    name="preference_workflow_or_category",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        "Stop",
        [
            ("id", ID),
            (
                "channel",
                models.CharField(
                    "channel",
                    max_length=10,
                    blank=True,
                    choices=CHANNELS_AND_MESSENGERS,
                    help_text="Empty: all channels.",
                ),
            ),
            (
                "category",
                models.CharField(
                    "category",
                    max_length=2,
                    blank=True,
                    choices=CATEGORIES,
                    help_text="Empty: both.",
                ),
            ),
            ("note", models.CharField("why", max_length=200, blank=True)),
            ("started_at", models.DateTimeField("stopped", auto_now_add=True)),
            ("started_by", models.CharField("by", max_length=64, editable=False)),
            ("ended_at", models.DateTimeField("goes on since", null=True, editable=False)),
            ("ended_by", models.CharField("ended by", max_length=64, blank=True, editable=False)),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "stop",
            "verbose_name_plural": "stops",
            "indexes": [models.Index(fields=["tenant", "-started_at"], name="stop_tenant")],
        },
    ),
    migrations.CreateModel(
        "PlatformStop",
        [
            (
                "channel",
                models.CharField(
                    "channel",
                    max_length=10,
                    blank=True,
                    choices=CHANNELS_AND_MESSENGERS,
                    help_text="Empty: all channels.",
                ),
            ),
            (
                "category",
                models.CharField(
                    "category",
                    max_length=2,
                    blank=True,
                    choices=CATEGORIES,
                    help_text="Empty: both.",
                ),
            ),
            ("note", models.CharField("why", max_length=200, blank=True)),
            ("started_at", models.DateTimeField("stopped", auto_now_add=True)),
            ("started_by", models.CharField("by", max_length=64, editable=False)),
            ("ended_at", models.DateTimeField("goes on since", null=True, editable=False)),
            ("ended_by", models.CharField("ended by", max_length=64, blank=True, editable=False)),
            ("id", ID),
        ],
        options={
            "verbose_name": "stop of all salons",
            "verbose_name_plural": "stops of all salons",
        },
    ),
    migrations.CreateModel(
        "WebhookEndpoint",
        [
            ("id", ID),
            ("mode", models.CharField("mode", max_length=4, default="live", choices=MODES)),
            (
                "url",
                models.CharField("address", max_length=1000, help_text="Begins with https://."),
            ),
            ("description", models.CharField("description", max_length=200, blank=True)),
            (
                "events",
                models.JSONField(
                    "events", blank=True, default=list, help_text="None chosen: all of them."
                ),
            ),
            ("is_enabled", models.BooleanField("switched on", default=True)),
            (
                "disabled_reason",
                models.CharField(
                    "reason",
                    max_length=10,
                    blank=True,
                    choices=[
                        ("by_hand", "Switched off by hand"),
                        ("gone", "It answered 410: it wants no more calls"),
                        ("failing", "It has failed for days"),
                    ],
                ),
            ),
            ("secrets", models.TextField(editable=False)),
            (
                "previous_until",
                models.DateTimeField("old secret works until", null=True, editable=False),
            ),
            ("failing_since", models.DateTimeField("fails since", null=True, editable=False)),
            ("not_before", models.DateTimeField(null=True, editable=False)),
            ("created_at", models.DateTimeField("created", auto_now_add=True)),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "webhook",
            "verbose_name_plural": "webhooks",
            "indexes": [models.Index(fields=["tenant", "mode"], name="webhookendpoint_tenant")],
            "constraints": [
                models.CheckConstraint(
                    condition=models.Q(mode__in=["live", "test"]),
                    name="webhookendpoint_mode_known",
                )
            ],
        },
    ),
    migrations.CreateModel(
        "WebhookDelivery",
        [
            ("id", ID),
            ("event_id", models.UUIDField("event")),
            ("type", models.CharField("event", max_length=60)),
            ("body", models.TextField("body")),
            (
                "state",
                models.CharField(
                    "state",
                    max_length=9,
                    default="pending",
                    choices=[
                        ("pending", "Under way"),
                        ("delivered", "Delivered"),
                        ("failed", "Failed"),
                    ],
                ),
            ),
            ("attempts", models.PositiveSmallIntegerField("attempts", default=0)),
            ("due_at", models.DateTimeField("next attempt")),
            ("lease", models.UUIDField(null=True)),
            ("status", models.PositiveSmallIntegerField("answer", null=True)),
            ("answer", models.CharField("what it said", max_length=300, blank=True)),
            ("attempted_at", models.DateTimeField("last attempt", null=True)),
            (
                "endpoint",
                models.ForeignKey("notifications.webhookendpoint", verbose_name="webhook", **LOOSE),
            ),
            ("tenant", HOT_TENANT),
        ],
        options={
            "verbose_name": "webhook delivery",
            "verbose_name_plural": "webhook deliveries",
            "indexes": [
                models.Index(
                    condition=models.Q(state="pending"),
                    fields=["endpoint", "due_at"],
                    name="webhookdelivery_open",
                ),
                models.Index(fields=["tenant", "endpoint", "id"], name="webhookdelivery_list"),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=models.Q(state__in=["pending", "delivered", "failed"]),
                    name="webhookdelivery_state_known",
                )
            ],
        },
    ),
]
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
# A change of the health of an endpoint is no change of configuration.
VERSIONS = """
CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON notifications_stop
  FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed();
CREATE TRIGGER config_version AFTER INSERT OR DELETE OR UPDATE OF is_enabled, events, mode
  ON notifications_webhookendpoint FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed();
"""


class Migration(migrations.Migration):
    replaces = [
        ("notifications", "0004_escalations"),
        ("notifications", "0015_gates"),
        ("notifications", "0022_webhook_cases"),
    ]
    dependencies = [("notifications", "0002_delivery")]
    operations = [
        CreateTogether(MODELS),
        Protect("Escalation"),
        Protect("EscalationLine"),
        Protect("DeskThread"),
        Protect("ExternalDelivery"),
        Protect("Preference"),
        Protect("Stop", verbs="select, insert, update"),
        Protect("WebhookEndpoint"),
        Protect("WebhookDelivery"),
        TenantForeignKey("Escalation", "subscriber_id", "tenants_subscriber"),
        TenantForeignKey("EscalationLine", "escalation_id", "notifications_escalation"),
        TenantForeignKey("DeskThread", "integration_id", "channels_integration"),
        TenantForeignKey("DeskThread", "subscriber_id", "tenants_subscriber"),
        TenantForeignKey("Preference", "subscriber_id", "tenants_subscriber"),
        TenantForeignKey("Preference", "workflow_id", "notifications_workflow"),
        migrations.RunSQL(PLATFORM.format(**sql_names()) + VERSIONS, migrations.RunSQL.noop),
    ]
