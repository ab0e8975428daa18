"""Are a salon's texts and workflows published by somebody who did not write them?"""

from django.db import migrations, models

HELP = "Texts and workflows are published by somebody who did not write them."


class Migration(migrations.Migration):
    dependencies = [("tenants", "0009_link_digest")]
    operations = [
        migrations.AddField(
            "tenant",
            "four_eyes",
            models.BooleanField(
                default=False, help_text=HELP, verbose_name="a second person's look"
            ),
        ),
    ]
