"""Find what is scheduled among all events: a range index, because they come in order of time."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("notifications", "0012_reviews")]
    operations = [
        migrations.AddIndex(
            model_name="event",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["due_at"], name="event_due"),
        ),
    ]
