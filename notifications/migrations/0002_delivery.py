"""The delivery path: events, what became of them, open work and what guards it."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations, models
from django.db.models.fields.json import KeyTextTransform

from tenants.ids import uuid7
from tenants.rls import CreateTogether, PartitionById, Protect, sql_names

MODES = [("live", "Live"), ("test", "Test")]
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
HOT_TENANT = models.ForeignKey("tenants.tenant", editable=False, **LOOSE)

MODELS = [
    migrations.CreateModel(
        "Event",
        [
            ("id", ID),
            ("mode", models.CharField("mode", max_length=4, choices=MODES)),
            ("transaction_id", models.CharField("transaction", max_length=255)),
            ("payload", models.JSONField("payload", default=dict)),
            ("overrides", models.JSONField("overrides", default=dict)),
            ("recipients", models.JSONField("recipients", default=list)),
            ("queue", models.PositiveSmallIntegerField()),
            ("due_at", models.DateTimeField("due")),
            ("expires_at", models.DateTimeField("expires", null=True)),
            ("canceled_at", models.DateTimeField("canceled", null=True)),
            ("location", models.ForeignKey("tenants.location", null=True, **LOOSE)),
            ("tenant", HOT_TENANT),
            ("workflow", models.ForeignKey("notifications.workflow", **LOOSE)),
            ("version", models.ForeignKey("notifications.workflowversion", **LOOSE)),
        ],
        options={
            "verbose_name": "event",
            "verbose_name_plural": "events",
            "indexes": [
                models.Index(fields=["tenant", "id"], name="event_tenant"),
                BrinIndex(fields=["due_at"], name="event_due"),
            ],
        },
    ),
    migrations.CreateModel(
        "Notification",
        [
            ("id", ID),
            ("chunk_id", models.BigIntegerField(null=True)),
            (
                "state",
                models.CharField(
                    "state",
                    max_length=9,
                    choices=[
                        ("pending", "Pending"),
                        ("running", "Running"),
                        ("delayed", "Delayed"),
                        ("completed", "Completed"),
                        ("failed", "Failed"),
                        ("skipped", "Skipped"),
                        ("merged", "Merged"),
                        ("canceled", "Canceled"),
                    ],
                ),
            ),
            ("reason", models.CharField("reason", max_length=100, blank=True)),
            ("finished_at", models.DateTimeField("finished", null=True)),
            ("event", models.ForeignKey("notifications.event", **LOOSE)),
            ("subscriber", models.ForeignKey("tenants.subscriber", **LOOSE)),
            ("tenant", HOT_TENANT),
        ],
        options={
            "verbose_name": "notification",
            "verbose_name_plural": "notifications",
            "indexes": [
                models.Index(fields=["subscriber"], name="notification_subscriber"),
                models.Index(fields=["event"], name="notification_event"),
            ],
        },
    ),
    migrations.CreateModel(
        "Message",
        [
            ("id", ID),
            ("integration_id", models.UUIDField(null=True)),
            ("channel", models.CharField("channel", max_length=10)),
            ("provider", models.CharField("provider", max_length=32)),
            ("step", models.PositiveSmallIntegerField("step")),
            (
                "state",
                models.CharField(
                    "state",
                    max_length=9,
                    choices=[
                        ("sent", "Sent"),
                        ("delivered", "Delivered"),
                        ("read", "Read"),
                        ("failed", "Failed"),
                        ("bounced", "Bounced"),
                        ("unknown", "Unknown"),
                    ],
                ),
            ),
            ("provider_id", models.CharField("provider's id", max_length=255, blank=True)),
            ("language", models.CharField("language", max_length=2)),
            ("address", models.CharField("address, masked", max_length=64, blank=True)),
            ("title", models.CharField("title", max_length=500, blank=True)),
            ("body", models.TextField("text", blank=True)),
            ("extra", models.JSONField(null=True)),
            ("reason", models.CharField("reason", max_length=100, blank=True)),
            ("tenant", HOT_TENANT),
            ("notification", models.ForeignKey("notifications.notification", **LOOSE)),
            (
                "template_version",
                models.ForeignKey("notifications.templateversion", null=True, **LOOSE),
            ),
        ],
        options={
            "verbose_name": "message",
            "verbose_name_plural": "messages",
            "indexes": [
                models.Index(
                    condition=~models.Q(provider_id=""),
                    fields=["integration_id", "provider_id"],
                    name="message_provider",
                ),
                models.Index(fields=["notification"], name="message_notification"),
            ],
        },
    ),
    migrations.CreateModel(
        "LogEntry",
        [
            ("id", ID),
            ("message_id", models.UUIDField(null=True)),
            ("step", models.PositiveSmallIntegerField("step")),
            ("status", models.CharField("status", max_length=12)),
            ("reason", models.CharField("reason", max_length=100, blank=True)),
            ("detail", models.TextField("detail", blank=True)),
            ("tenant", HOT_TENANT),
            ("notification", models.ForeignKey("notifications.notification", **LOOSE)),
        ],
        options={
            "verbose_name": "log line",
            "verbose_name_plural": "delivery log",
            "indexes": [
                models.Index(fields=["notification"], name="logentry_notification"),
                BrinIndex(fields=["id"], name="logentry_time"),
            ],
        },
    ),
    migrations.CreateModel(
        "EventKey",
        [
            ("id", models.BigAutoField(primary_key=True, serialize=False)),
            ("mode", models.CharField(max_length=4, choices=MODES)),
            ("transaction_id", models.CharField(max_length=255)),
            ("event_id", models.UUIDField()),
            ("tenant", models.ForeignKey("tenants.tenant", **LOOSE)),
        ],
        options={
            "verbose_name": "transaction id",
            "verbose_name_plural": "transaction ids",
            "constraints": [
                models.UniqueConstraint(
                    fields=("tenant", "mode", "transaction_id"), name="eventkey_once"
                )
            ],
        },
    ),
    migrations.CreateModel(
        "Due",
        [
            ("id", models.BigAutoField(primary_key=True, serialize=False)),
            ("queue", models.PositiveSmallIntegerField()),
            (
                "state",
                models.PositiveSmallIntegerField(
                    default=1, choices=[(0, "Later"), (1, "Ready"), (2, "Leased"), (4, "Suspect")]
                ),
            ),
            ("step", models.PositiveSmallIntegerField(default=0)),
            ("attempt", models.PositiveSmallIntegerField(default=0)),
            ("claims", models.PositiveSmallIntegerField(default=0)),
            ("flags", models.PositiveSmallIntegerField(default=0)),
            ("due_at", models.DateTimeField()),
            ("batch_id", models.UUIDField(null=True)),
            ("message_id", models.UUIDField(null=True)),
            ("tenant", models.ForeignKey("tenants.tenant", **LOOSE)),
            ("notification", models.ForeignKey("notifications.notification", **LOOSE)),
        ],
        options={
            "verbose_name": "open work",
            "verbose_name_plural": "open work",
            "indexes": [
                models.Index(
                    condition=models.Q(state=1),
                    fields=["queue", "tenant", "due_at", "id"],
                    name="due_ready",
                ),
                models.Index(condition=models.Q(state=0), fields=["due_at"], name="due_later"),
                models.Index(condition=models.Q(state=2), fields=["batch_id"], name="due_leased"),
                models.Index(condition=models.Q(state=4), fields=["queue"], name="due_suspect"),
                models.Index(fields=["notification"], name="due_notification"),
            ],
        },
    ),
    migrations.CreateModel(
        "Chunk",
        [
            ("id", models.BigAutoField(primary_key=True, serialize=False)),
            ("event_id", models.UUIDField()),
            ("queue", models.PositiveSmallIntegerField()),
            ("due_at", models.DateTimeField()),
            ("taken_to", models.UUIDField()),
            ("last", models.UUIDField()),
            ("tenant", models.ForeignKey("tenants.tenant", **LOOSE)),
        ],
        options={
            "verbose_name": "chunk of recipients",
            "verbose_name_plural": "chunks of recipients",
            "indexes": [
                models.Index(fields=["queue", "tenant", "due_at", "id"], name="chunk_queue"),
                models.Index(fields=["event_id"], name="chunk_event"),
            ],
        },
    ),
    migrations.CreateModel(
        "Batch",
        [
            ("id", models.UUIDField(primary_key=True, serialize=False)),
            ("worker", models.CharField(max_length=64)),
            ("lease_until", models.DateTimeField()),
            ("is_sending", models.BooleanField(default=False, db_default=False)),
        ],
        options={
            "verbose_name": "batch",
            "verbose_name_plural": "batches",
            "indexes": [models.Index(fields=["lease_until"], name="batch_lease")],
        },
    ),
    migrations.CreateModel(
        "FanOut",
        [
            ("id", models.BigAutoField(primary_key=True, serialize=False)),
            ("event_id", models.UUIDField()),
            ("topic_id", models.UUIDField(null=True)),
            ("exclude", models.JSONField(default=list)),
            ("cursor", models.UUIDField(null=True)),
            ("queue", models.PositiveSmallIntegerField()),
            ("tenant", models.ForeignKey("tenants.tenant", **LOOSE)),
        ],
        options={"verbose_name": "fan-out", "verbose_name_plural": "fan-outs"},
    ),
    migrations.CreateModel(
        "DeadLetter",
        [
            ("id", ID),
            ("step", models.PositiveSmallIntegerField("step")),
            ("queue", models.PositiveSmallIntegerField()),
            ("reason", models.CharField("reason", max_length=100)),
            ("detail", models.CharField("detail", max_length=300, blank=True)),
            ("created_at", models.DateTimeField("created", auto_now_add=True)),
            ("replayed_at", models.DateTimeField("replayed", null=True)),
            ("tenant", TENANT),
            ("notification", models.ForeignKey("notifications.notification", **LOOSE)),
        ],
        options={
            "verbose_name": "dead letter",
            "verbose_name_plural": "dead letters",
            "indexes": [models.Index(fields=["tenant", "created_at"], name="deadletter_tenant")],
        },
    ),
    migrations.CreateModel(
        "Counter",
        [
            ("id", models.UUIDField(primary_key=True, serialize=False)),
            ("used", models.IntegerField(default=0)),
            ("granted", models.IntegerField(default=0)),
            ("most", models.IntegerField(default=0)),
            ("ends_at", models.DateTimeField()),
            ("tenant", models.ForeignKey("tenants.tenant", **LOOSE)),
            ("said", models.BinaryField(null=True)),
        ],
        options={"verbose_name": "counter", "verbose_name_plural": "counters"},
    ),
    migrations.CreateModel(
        "ReceivedCallback",
        [
            ("id", ID),
            ("integration_id", models.UUIDField()),
            ("key", models.CharField(max_length=200)),
            ("event", models.JSONField()),
            ("due_at", models.DateTimeField()),
            ("attempt", models.PositiveSmallIntegerField(default=0)),
            ("applied_at", models.DateTimeField(null=True)),
            ("tenant", HOT_TENANT),
        ],
        options={
            "verbose_name": "callback",
            "verbose_name_plural": "callbacks",
            "indexes": [
                models.Index(
                    KeyTextTransform("type", "event"),
                    models.F("due_at"),
                    condition=models.Q(applied_at__isnull=True),
                    name="receivedcallback_of_kind",
                )
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("tenant", "integration_id", "key"), name="receivedcallback_once"
                )
            ],
        },
    ),
    migrations.CreateModel(
        "LentCallback",
        [
            ("id", models.UUIDField(primary_key=True, serialize=False)),
            ("account_id", models.UUIDField()),
            ("key", models.CharField(max_length=200)),
            ("event", models.JSONField()),
            ("due_at", models.DateTimeField()),
            ("attempt", models.PositiveSmallIntegerField(default=0)),
        ],
        options={
            "verbose_name": "callback of a lent account",
            "verbose_name_plural": "callbacks of lent accounts",
            "indexes": [models.Index(fields=["due_at"], name="lentcallback_due")],
            "constraints": [
                models.UniqueConstraint(fields=("account_id", "key"), name="lentcallback_once")
            ],
        },
    ),
    migrations.CreateModel(
        "Digest",
        [
            ("id", ID),
            ("key", models.UUIDField()),
            ("step", models.CharField(max_length=64)),
            (
                "members",
                ArrayField(base_field=models.UUIDField()),
            ),
            ("is_open", models.BooleanField(default=True)),
            ("closes_at", models.DateTimeField()),
            ("notification", models.ForeignKey("notifications.notification", **LOOSE)),
            ("subscriber", models.ForeignKey("tenants.subscriber", **LOOSE)),
            ("tenant", HOT_TENANT),
        ],
        options={
            "verbose_name": "digest",
            "verbose_name_plural": "digests",
            "indexes": [models.Index(fields=["notification"], name="digest_notification")],
            "constraints": [
                models.UniqueConstraint(
                    condition=models.Q(is_open=True),
                    fields=("tenant", "subscriber", "key"),
                    name="digest_open",
                )
            ],
        },
    ),
]
DELIVERY = "select, insert, update"
# Lines of open work are hardly updated any more while they are leased: fillfactor 90.
TUNE = """
ALTER TABLE notifications_due SET (autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_scale_factor = 0.05, fillfactor = 90);
ALTER TABLE notifications_chunk SET (autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 100, autovacuum_vacuum_cost_delay = 0);
"""
# Batches hold no salon's data; callbacks of lent accounts wait until it is known whose they are.
GRANTS = """
GRANT usage ON SEQUENCE notifications_chunk_id_seq TO {worker};
GRANT select, insert, update, delete ON notifications_batch TO {app}, {worker}, {platform};
ALTER TABLE notifications_lentcallback ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications_lentcallback FORCE ROW LEVEL SECURITY;
REVOKE ALL ON notifications_lentcallback FROM {app}, {worker}, {support};
CREATE POLICY owner ON notifications_lentcallback TO {owner} USING (true);
CREATE POLICY worker ON notifications_lentcallback TO {worker} USING (true);
CREATE POLICY platform ON notifications_lentcallback TO {platform} USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON notifications_lentcallback TO {worker};
GRANT SELECT ON notifications_lentcallback TO {platform};
"""


class Migration(migrations.Migration):
    replaces = [
        ("notifications", "0002_partition_and_protect"),
        ("notifications", "0010_narrow_indexes"),
        ("notifications", "0013_scheduled_events"),
        ("notifications", "0016_digests"),
        ("notifications", "0019_callbacks_by_kind"),
        ("notifications", "0021_narrow_history"),
    ]
    dependencies = [("notifications", "0001_texts_and_workflows")]
    operations = [
        CreateTogether(MODELS),
        PartitionById("Event"),
        # finished once: the second version of a row finds its place on the same page
        PartitionById("Notification", fillfactor=80),
        PartitionById("Message"),
        PartitionById("LogEntry", has_key=False),
        Protect("Event", verbs=DELIVERY),
        Protect("Notification", verbs=DELIVERY),
        Protect("Message", verbs=DELIVERY),
        Protect("LogEntry", verbs="select, insert"),
        Protect("EventKey"),
        Protect("Due", platform="select, update"),
        Protect("Chunk", platform="select, update, delete"),
        Protect("FanOut", platform="select"),
        Protect("DeadLetter"),
        Protect("Counter"),
        Protect("ReceivedCallback", platform="select"),
        Protect("Digest"),
        migrations.RunSQL(TUNE + GRANTS.format(**sql_names()), migrations.RunSQL.noop),
    ]
