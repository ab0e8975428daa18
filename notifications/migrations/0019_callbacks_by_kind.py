"""Find open callbacks by their kind: people's deeds do not wait behind reports."""

from django.db import migrations, models
from django.db.models.fields.json import KeyTextTransform


class Migration(migrations.Migration):
    dependencies = [("notifications", "0018_said_at_counters")]

    operations = [
        migrations.AddIndex(
            model_name="receivedcallback",
            index=models.Index(
                KeyTextTransform("type", "event"),
                "due_at",
                name="receivedcallback_of_kind",
                condition=models.Q(applied_at__isnull=True),
            ),
        ),
        migrations.RemoveIndex(model_name="receivedcallback", name="receivedcallback_open"),
    ]
