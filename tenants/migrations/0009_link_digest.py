"""Find a link by its digest alone: a lent bot does not know whose it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0008_letters")]

    operations = [
        migrations.AddIndex(
            model_name="linktoken",
            index=models.Index(fields=["digest"], name="linktoken_by_digest"),
        ),
    ]
