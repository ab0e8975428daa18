"""Clients: how they are reached, what they agreed to, whom nobody may write to."""

from django.db import migrations, models

from tenants.ids import uuid7
from tenants.models.accounts import check_timezone
from tenants.rls import CreateTogether, Protect, TenantForeignKey

MODES = [("live", "Live"), ("test", "Test")]
KINDS = [
    ("phone", "Phone"),
    ("email", "E-mail"),
    ("telegram", "Telegram"),
    ("whatsapp", "WhatsApp"),
    ("vk", "VK"),
    ("max", "MAX"),
    ("instagram", "Instagram"),
    ("push", "Push token"),
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

MODELS = [
    migrations.CreateModel(
        "Subscriber",
        [
            ("id", ID),
            ("mode", models.CharField("mode", max_length=4, default="live", choices=MODES)),
            (
                "subscriber_id",
                models.CharField(
                    "salon's own key", max_length=255, help_text="As in the booking system."
                ),
            ),
            (
                "kind",
                models.CharField(
                    "kind",
                    max_length=6,
                    default="client",
                    choices=[("client", "Client"), ("staff", "Staff")],
                ),
            ),
            ("first_name", models.CharField("first name", max_length=150, blank=True)),
            ("last_name", models.CharField("last name", max_length=150, blank=True)),
            ("avatar", models.URLField("picture", max_length=500, blank=True)),
            (
                "language",
                models.CharField(
                    "language",
                    max_length=2,
                    blank=True,
                    choices=[("ru", "Russian"), ("en", "English")],
                    help_text="Empty: the salon's.",
                ),
            ),
            (
                "timezone",
                models.CharField(
                    "time zone",
                    max_length=64,
                    blank=True,
                    help_text="Empty: the salon's.",
                    validators=[check_timezone],
                ),
            ),
            (
                "preferred_channel",
                models.CharField(
                    "preferred channel",
                    max_length=16,
                    blank=True,
                    help_text="telegram, sms, email…",
                ),
            ),
            ("data", models.JSONField("attributes", blank=True, default=dict)),
            ("last_visit_at", models.DateTimeField("last visit", blank=True, null=True)),
            ("created_at", models.DateTimeField("created", auto_now_add=True)),
            ("updated_at", models.DateTimeField("changed", auto_now=True)),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "client",
            "verbose_name_plural": "clients",
            "constraints": [
                models.UniqueConstraint(fields=("tenant", "id"), name="subscriber_tenant_id"),
                models.UniqueConstraint(
                    fields=("tenant", "mode", "subscriber_id"), name="subscriber_key"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        "Address",
        [
            ("id", ID),
            ("kind", models.CharField("kind", max_length=10, choices=KINDS)),
            ("value", models.CharField("value", max_length=1024)),
            (
                "state",
                models.CharField(
                    "state",
                    max_length=10,
                    default="active",
                    choices=[
                        ("active", "Active"),
                        ("inactive", "Inactive"),
                        ("suppressed", "Suppressed"),
                    ],
                ),
            ),
            ("reason", models.CharField("reason", max_length=100, blank=True)),
            ("changed_at", models.DateTimeField("changed", auto_now=True)),
            (
                "subscriber",
                models.ForeignKey(
                    "tenants.subscriber",
                    on_delete=models.CASCADE,
                    related_name="addresses",
                    db_index=False,
                    db_constraint=False,
                ),
            ),
            ("tenant", TENANT),
            (
                "window_until",
                models.DateTimeField("may be written to freely until", null=True, editable=False),
            ),
        ],
        options={
            "verbose_name": "address",
            "verbose_name_plural": "addresses",
            "indexes": [models.Index(fields=["tenant", "kind", "value"], name="address_value")],
            "constraints": [
                models.UniqueConstraint(
                    fields=("tenant", "subscriber", "kind", "value"), name="address_once"
                )
            ],
        },
    ),
    migrations.CreateModel(
        "Topic",
        [
            ("id", ID),
            ("mode", models.CharField("mode", max_length=4, default="live", choices=MODES)),
            ("key", models.CharField("key", max_length=100)),
            ("name", models.CharField("name", max_length=200, blank=True)),
            ("created_at", models.DateTimeField("created", auto_now_add=True)),
            ("updated_at", models.DateTimeField("changed", auto_now=True)),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "topic",
            "verbose_name_plural": "topics",
            "constraints": [
                models.UniqueConstraint(fields=("tenant", "id"), name="topic_tenant_id"),
                models.UniqueConstraint(fields=("tenant", "mode", "key"), name="topic_key"),
            ],
        },
    ),
    migrations.CreateModel(
        "TopicMember",
        [
            ("id", ID),
            ("created_at", models.DateTimeField("joined", auto_now_add=True)),
            ("subscriber", models.ForeignKey("tenants.subscriber", **INSIDE)),
            ("tenant", TENANT),
            (
                "topic",
                models.ForeignKey(
                    "tenants.topic",
                    on_delete=models.CASCADE,
                    related_name="members",
                    db_index=False,
                    db_constraint=False,
                ),
            ),
        ],
        options={
            "verbose_name": "topic member",
            "verbose_name_plural": "topic members",
            "indexes": [
                models.Index(fields=["tenant", "subscriber"], name="topicmember_subscriber")
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("tenant", "topic", "subscriber"), name="member_of_topic"
                )
            ],
        },
    ),
    migrations.CreateModel(
        "Consent",
        [
            ("id", ID),
            (
                "purpose",
                models.CharField(
                    "purpose",
                    max_length=16,
                    choices=[("personal_data", "Personal data"), ("advertising", "Advertising")],
                ),
            ),
            (
                "channel",
                models.CharField(
                    "channel",
                    max_length=10,
                    blank=True,
                    choices=KINDS,
                    help_text="Empty: all channels.",
                ),
            ),
            ("given", models.BooleanField("given")),
            (
                "text_version",
                models.CharField(
                    "version of the text",
                    max_length=64,
                    blank=True,
                    help_text="Of the wording that the client agreed to.",
                ),
            ),
            ("source", models.CharField("source", max_length=32, help_text="Where it was said.")),
            ("actor", models.CharField("who wrote it down", max_length=64)),
            (
                "evidence",
                models.CharField(
                    "proof", max_length=200, blank=True, help_text="Where the proof lies."
                ),
            ),
            ("at", models.DateTimeField("said at")),
            ("subscriber", models.ForeignKey("tenants.subscriber", **LOOSE)),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "consent",
            "verbose_name_plural": "consents",
            "indexes": [
                models.Index(
                    fields=["tenant", "subscriber", "purpose", "-at", "-id"],
                    name="consent_standing",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=models.Q(purpose__in=["personal_data", "advertising"]),
                    name="consent_purpose",
                )
            ],
        },
    ),
    migrations.CreateModel(
        "LinkToken",
        [
            ("id", ID),
            ("channel", models.CharField("channel", max_length=10, choices=KINDS)),
            ("digest", models.CharField(max_length=64)),
            ("expires_at", models.DateTimeField("expires")),
            ("used_at", models.DateTimeField("used", null=True)),
            ("subscriber", models.ForeignKey("tenants.subscriber", **INSIDE)),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "link to a messenger",
            "verbose_name_plural": "links to messengers",
            "constraints": [
                models.UniqueConstraint(fields=("tenant", "digest"), name="linktoken_digest")
            ],
            "indexes": [
                models.Index(fields=["tenant", "subscriber"], name="linktoken_subscriber"),
                models.Index(fields=["expires_at"], name="linktoken_expires"),
                models.Index(fields=["digest"], name="linktoken_by_digest"),
            ],
        },
    ),
    migrations.CreateModel(
        "Suppression",
        [
            ("id", ID),
            ("kind", models.CharField("kind", max_length=10, choices=KINDS)),
            ("value", models.CharField("value", max_length=1024)),
            ("added_by", models.CharField("by", max_length=64, editable=False)),
            ("created_at", models.DateTimeField("since", auto_now_add=True)),
            ("tenant", TENANT),
            ("note", models.CharField("why", max_length=200, blank=True)),
            ("lifted_at", models.DateTimeField("lifted", null=True, editable=False)),
            ("lifted_by", models.CharField("lifted by", max_length=64, blank=True, editable=False)),
            ("lift_note", models.CharField("why it was lifted", max_length=200, blank=True)),
        ],
        options={
            "verbose_name": "suppression",
            "verbose_name_plural": "suppressions",
            "constraints": [
                models.UniqueConstraint(
                    condition=models.Q(lifted_at=None),
                    fields=("tenant", "kind", "value"),
                    name="suppression_once",
                )
            ],
        },
    ),
]


class Migration(migrations.Migration):
    replaces = [
        ("tenants", "0003_protect"),
        ("tenants", "0004_address_kinds"),
        ("tenants", "0006_link_tokens"),
        ("tenants", "0009_link_digest"),
        ("tenants", "0014_known_zones"),
    ]
    dependencies = [("tenants", "0001_accounts")]
    operations = [
        CreateTogether(MODELS),
        Protect("Subscriber"),
        Protect("Address"),
        Protect("Topic"),
        Protect("TopicMember"),
        Protect("Consent", verbs="select, insert"),
        Protect("LinkToken"),
        Protect("Suppression"),
        TenantForeignKey("Address", "subscriber_id", "tenants_subscriber"),
        TenantForeignKey("TopicMember", "topic_id", "tenants_topic"),
        TenantForeignKey("TopicMember", "subscriber_id", "tenants_subscriber"),
        TenantForeignKey("LinkToken", "subscriber_id", "tenants_subscriber"),
    ]
