"""Until when a client's messenger may be written to freely; unknown for all who are there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0006_link_tokens")]
    operations = [
        migrations.AddField(
            "address",
            "window_until",
            models.DateTimeField("may be written to freely until", null=True, editable=False),
        ),
    ]
