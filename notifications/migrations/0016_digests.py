"""Gather events of a client into one message."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import tenants.ids
from tenants.rls import Protect


def loose(to: str) -> models.Field:
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=to,
    )


class Migration(migrations.Migration):
    dependencies = [("notifications", "0015_gates"), ("tenants", "0010_four_eyes")]
    operations = [
        migrations.CreateModel(
            name="Digest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("key", models.UUIDField()),
                ("step", models.CharField(max_length=64)),
                (
                    "members",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), size=None
                    ),
                ),
                ("is_open", models.BooleanField(default=True)),
                ("closes_at", models.DateTimeField()),
                ("notification", loose("notifications.notification")),
                ("subscriber", loose("tenants.subscriber")),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "digest",
                "verbose_name_plural": "digests",
                "indexes": [models.Index(fields=["notification"], name="digest_notification")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_open", True)),
                        fields=("tenant", "subscriber", "key"),
                        name="digest_open",
                    )
                ],
            },
        ),
        Protect("Digest"),
    ]
