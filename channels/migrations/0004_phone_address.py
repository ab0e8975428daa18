"""Let a browser's subscription fit on the Phone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels", "0003_protect")]
    operations = [
        migrations.AlterField("phonemessage", "address", models.CharField(max_length=1024))
    ]
