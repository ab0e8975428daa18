"""Cases of webhooks that were switched off."""

from django.db import migrations, models

CAUSES = [
    ("undeliverable", "An important message did not arrive"),
    ("not_confirmed", "The client did not confirm"),
    ("client_wrote", "The client wrote"),
    ("address_taken", "The address belongs to another client"),
    ("novu_failed", "Novu did not deliver an important message"),
    ("webhook_off", "A webhook was switched off"),
    ("manual", "Opened by hand"),
]


class Migration(migrations.Migration):
    dependencies = [("notifications", "0021_narrow_history")]

    operations = [
        migrations.AlterField(
            model_name="escalation",
            name="cause",
            field=models.CharField(choices=CAUSES, max_length=16, verbose_name="cause"),
        )
    ]
