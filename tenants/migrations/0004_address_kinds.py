"""Tell push services apart, let staff be reached at work, and let a browser's subscription fit."""

from django.db import migrations, models

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
    dependencies = [("tenants", "0003_protect")]
    operations = [
        migrations.AlterField(
            "address", "kind", models.CharField("kind", max_length=10, choices=KINDS)
        ),
        migrations.AlterField("address", "value", models.CharField("value", max_length=1024)),
    ]
