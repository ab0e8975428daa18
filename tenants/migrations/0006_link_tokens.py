"""Links by which a client's messenger is tied to her."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.ids
from tenants.rls import Protect, TenantForeignKey

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


class Migration(migrations.Migration):
    dependencies = [("tenants", "0005_consents")]
    operations = [
        migrations.CreateModel(
            "LinkToken",
            [
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("channel", models.CharField("channel", max_length=10, choices=KINDS)),
                ("digest", models.CharField(max_length=64)),
                ("expires_at", models.DateTimeField("expires")),
                ("used_at", models.DateTimeField("used", null=True)),
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
                "verbose_name": "link to a messenger",
                "verbose_name_plural": "links to messengers",
                "constraints": [
                    models.UniqueConstraint(fields=["tenant", "digest"], name="linktoken_digest")
                ],
                "indexes": [
                    models.Index(fields=["tenant", "subscriber"], name="linktoken_subscriber"),
                    models.Index(fields=["expires_at"], name="linktoken_expires"),
                ],
            },
        ),
        Protect("LinkToken"),
        TenantForeignKey("LinkToken", "subscriber_id", "tenants_subscriber"),
    ]
