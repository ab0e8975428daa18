"""Let staff design the e-mail of a template."""

from django.db import migrations, models

HELP = "MJML or HTML for e-mail alone. Empty: the text in the salon's own layout."


class Migration(migrations.Migration):
    dependencies = [("notifications", "0007_keep_callbacks")]
    operations = [
        migrations.AddField(
            "messagetemplate",
            "letter",
            models.TextField(blank=True, default="", help_text=HELP, verbose_name="e-mail design"),
            preserve_default=False,
        ),
        migrations.AddField(
            "messagetemplate",
            "letter_ru",
            models.TextField(blank=True, help_text=HELP, null=True, verbose_name="e-mail design"),
        ),
        migrations.AddField(
            "messagetemplate",
            "letter_en",
            models.TextField(blank=True, help_text=HELP, null=True, verbose_name="e-mail design"),
        ),
    ]
