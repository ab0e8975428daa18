"""Let an account be named by its provider in callbacks that many accounts share."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels", "0008_whatsapp_templates")]

    operations = [
        migrations.AddField(
            model_name="integration",
            name="route",
            field=models.CharField(blank=True, editable=False, max_length=100),
        ),
        migrations.AddIndex(
            model_name="integration",
            index=models.Index(
                condition=models.Q(("route", ""), _negated=True),
                fields=["provider", "route"],
                name="integration_route",
            ),
        ),
    ]
