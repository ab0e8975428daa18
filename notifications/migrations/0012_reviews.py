"""Note who changed a draft and who is asked to look at it; what a pack said when it was copied."""

from django.conf import settings
from django.db import migrations, models


def person() -> models.Field:
    return models.ForeignKey(
        editable=False,
        null=True,
        on_delete=models.deletion.SET_NULL,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


def signature() -> models.Field:
    return models.ForeignKey(
        null=True,
        on_delete=models.deletion.SET_NULL,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0011_sending_batches"),
        ("tenants", "0010_four_eyes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        *(
            migrations.AddField(model, name, field)
            for model in ("messagetemplate", "workflow")
            for name, field in (
                ("editors", models.JSONField(default=list, editable=False)),
                ("edited_at", models.DateTimeField(editable=False, null=True)),
                ("submitted_at", models.DateTimeField(editable=False, null=True)),
                ("submitted_by", person()),
            )
        ),
        *(
            migrations.AddField(model, "submitted_by", signature())
            for model in ("templateversion", "workflowversion")
        ),
        migrations.AddField(
            "workflow", "pack_document", models.JSONField(default=dict, editable=False)
        ),
    ]
