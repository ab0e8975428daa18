"""Go round the waiting campaigns until the batch is full.

Whoever was last in turn got a hundred recipients and the claim ended: a salon that was alone never
filled a batch. Now the claim ends after a lap in which nobody had anything to give.
"""

from importlib import import_module

from django.db import migrations

CLAIM = import_module("notifications.migrations.0011_sending_batches").CLAIM

CHANGES = {
    "wrapped boolean := false;": "moved boolean := true;",
    "exit when wrapped;": "exit when not moved;",
    "wrapped := true; cur :=": "moved := false; cur :=",
    "taken := taken + got;": "taken := taken + got; moved := moved or got > 0;",
}


def _changed(text: str) -> str:
    for old, new in CHANGES.items():
        if text.count(old) != 1:
            raise ValueError(f"not what is to be changed: {old}")
        text = text.replace(old, new)
    return text


class Migration(migrations.Migration):
    dependencies = [("notifications", "0019_callbacks_by_kind")]
    operations = [migrations.RunSQL(_changed(CLAIM), CLAIM)]
