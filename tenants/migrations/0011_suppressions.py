"""The list of addresses that are never written to, whoever comes to have them."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.ids
from tenants.rls import Protect

# Addresses are written in many places (imports, triggers, callbacks): the database asks the list.
LISTED = """
CREATE FUNCTION kolokol_keep_suppressed() RETURNS trigger LANGUAGE plpgsql AS $$
begin
  if exists (select 1 from tenants_suppression s where s.tenant_id = new.tenant_id
      and s.kind = new.kind and s.value = new.value) then
    new.state := 'suppressed';
    new.reason := 'listed';
  end if;
  return new;
end $$;
CREATE TRIGGER keep_suppressed BEFORE INSERT OR UPDATE OF state, value ON tenants_address
  FOR EACH ROW WHEN (new.state = 'active') EXECUTE FUNCTION kolokol_keep_suppressed();
"""
UNLISTED = """
DROP TRIGGER keep_suppressed ON tenants_address;
DROP FUNCTION kolokol_keep_suppressed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0010_four_eyes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Suppression",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("phone", "Phone"),
                            ("email", "E-mail"),
                            ("telegram", "Telegram"),
                            ("whatsapp", "WhatsApp"),
                            ("vk", "VK"),
                            ("max", "MAX"),
                            ("instagram", "Instagram"),
                            ("push", "Push token"),
                            ("fcm", "Push: Android and others (FCM)"),
                            ("apns", "Push: iPhone (APNs)"),
                            ("web_push", "Push: browser"),
                            ("slack", "Slack"),
                            ("discord", "Discord"),
                            ("teams", "Microsoft Teams"),
                            ("mattermost", "Mattermost"),
                            ("ntfy", "ntfy"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("value", models.CharField(max_length=1024, verbose_name="value")),
                ("source", models.CharField(max_length=32, verbose_name="source")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "suppression",
                "verbose_name_plural": "suppressions",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "kind", "value"), name="suppression_once"
                    )
                ],
            },
        ),
        Protect("Suppression"),
        migrations.RunSQL(LISTED, UNLISTED),
    ]
