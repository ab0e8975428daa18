"""Which letters are followed, and which may be unsubscribed from?"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0007_address_window")]
    operations = [
        migrations.AddField(
            "tenant",
            "followed_letters",
            models.CharField(
                choices=[
                    ("none", "No letters"),
                    ("mk", "Marketing letters"),
                    ("all", "All letters"),
                ],
                default="mk",
                help_text="Notes that a letter was opened or a link in it followed.",
                max_length=4,
                verbose_name="follow letters",
            ),
        ),
        migrations.AddField(
            "tenant",
            "unsubscribe_always",
            models.BooleanField(
                default=False,
                help_text="Marketing letters always have it. It ends marketing, never reminders.",
                verbose_name="a way to unsubscribe in service letters too",
            ),
        ),
    ]
