"""Let an account remember whether its provider knows our address."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels", "0009_callback_route")]

    operations = [
        migrations.AddField(
            model_name="integration",
            name="connect_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="integration",
            name="connected_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="integration",
            name="connect_fault",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
    ]
