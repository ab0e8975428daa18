"""Places and clients have time zones that exist; the screens took any word, and sending broke."""

from django.db import migrations, models

import tenants.models.accounts


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0013_key_issuer"),
    ]

    operations = [
        migrations.AlterField(
            model,
            "timezone",
            models.CharField(
                blank=True,
                help_text=help_text,
                max_length=64,
                validators=[tenants.models.accounts.check_timezone],
                verbose_name="time zone",
            ),
        )
        for model, help_text in (
            ("location", "Empty: the salon's own."),
            ("subscriber", "Empty: the salon's."),
        )
    ]
