"""Let steps decide: conditions, throttles, splits, digests, waits for a reply, fallbacks."""

from django.db import migrations, models

KINDS = [
    ("in_app", "In-app"),
    ("email", "E-mail"),
    ("sms", "SMS"),
    ("chat", "Messenger"),
    ("push", "Push"),
    ("webhook", "Webhook"),
    ("delay", "Delay"),
    ("condition", "Condition"),
    ("throttle", "Throttle"),
    ("ab_split", "A/B split"),
    ("digest", "Digest"),
    ("wait_for_reply", "Wait for a reply"),
    ("fallback", "Fallback"),
    ("escalate", "Hand to staff"),
]


class Migration(migrations.Migration):
    dependencies = [("notifications", "0013_scheduled_events")]
    operations = [
        migrations.AlterField(
            "step",
            "kind",
            models.CharField(choices=KINDS, max_length=16, verbose_name="kind"),
        ),
        migrations.AlterField(
            "step",
            "settings",
            models.JSONField(
                blank=True,
                default=dict,
                help_text='A delay: {"seconds": 3600}. Other kinds: docs/reference/steps.md.',
                verbose_name="settings",
            ),
        ),
    ]
