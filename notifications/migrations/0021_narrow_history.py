"""Bytes that nobody reads: an index entry of each log line, most of one of each recipient.

The log is read by notification, and by time in stretches, for which a few bytes per hundreds of
lines do. Recipients of one event share one entry of an index that has no id behind. Notifications'
pages need little room, now that recipients of one batch do not lie side by side.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations, models

NO_KEY = "ALTER TABLE notifications_logentry DROP CONSTRAINT notifications_logentry_pkey"
KEY = (
    "ALTER TABLE notifications_logentry ADD CONSTRAINT notifications_logentry_pkey PRIMARY KEY (id)"
)
FILL = """
UPDATE kolokol_partitioned SET fillfactor = {0} WHERE name = 'notifications_notification';
DO $$
DECLARE part regclass;
BEGIN
  FOR part IN SELECT inhrelid FROM pg_inherits
      WHERE inhparent = 'notifications_notification'::regclass LOOP
    EXECUTE format('ALTER TABLE %s SET (fillfactor = {0})', part);
  END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0020_claim_laps")]

    operations = [
        migrations.RunSQL(NO_KEY, KEY),
        migrations.AddIndex("logentry", BrinIndex(fields=["id"], name="logentry_time")),
        migrations.RemoveIndex("notification", "notification_event"),
        migrations.AddIndex(
            "notification", models.Index(fields=["event"], name="notification_event")
        ),
        migrations.RunSQL(FILL.format(80), FILL.format(50)),
    ]
