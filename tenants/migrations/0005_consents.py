"""The ledger of consents: rows are added, never changed; only the owner erases, and says so."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.ids
from tenants.rls import Protect, sql_names

KINDS = [
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
]
PURPOSES = [("personal_data", "Personal data"), ("advertising", "Advertising")]

# Grants refuse the app; this refuses everybody who has them: a slip of the owner's hand, too.
# app.erase is for the erasure of a person, in the transaction that does it.
KEEP = """
CREATE FUNCTION kolokol_consents_stay() RETURNS trigger LANGUAGE plpgsql AS $$
begin
  if tg_op = 'DELETE' and current_user = {owner_text}
     and current_setting('app.erase', true) = 'on' then
    return old;
  end if;
  raise exception 'consents are only added to' using errcode = 'insufficient_privilege';
end $$;
CREATE TRIGGER consents_stay BEFORE UPDATE OR DELETE ON tenants_consent
  FOR EACH ROW EXECUTE FUNCTION kolokol_consents_stay();
CREATE TRIGGER consents_stay_all BEFORE TRUNCATE ON tenants_consent
  FOR EACH STATEMENT EXECUTE FUNCTION kolokol_consents_stay();
"""
UNDO = """
DROP TRIGGER consents_stay_all ON tenants_consent;
DROP TRIGGER consents_stay ON tenants_consent;
DROP FUNCTION kolokol_consents_stay();
"""


def owner_text() -> str:
    return "'" + sql_names()["owner"].strip('"') + "'"


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_address_kinds")]
    operations = [
        migrations.CreateModel(
            "Consent",
            [
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "purpose",
                    models.CharField("purpose", max_length=16, choices=PURPOSES),
                ),
                (
                    "channel",
                    models.CharField(
                        "channel",
                        max_length=10,
                        choices=KINDS,
                        blank=True,
                        help_text="Empty: all channels.",
                    ),
                ),
                ("given", models.BooleanField("given")),
                (
                    "text_version",
                    models.CharField(
                        "version of the text",
                        max_length=64,
                        blank=True,
                        help_text="Of the wording that the client agreed to.",
                    ),
                ),
                (
                    "source",
                    models.CharField("source", max_length=32, help_text="Where it was said."),
                ),
                ("actor", models.CharField("who wrote it down", max_length=64)),
                (
                    "evidence",
                    models.CharField(
                        "proof", max_length=200, blank=True, help_text="Where the proof lies."
                    ),
                ),
                ("at", models.DateTimeField("said at")),
                (
                    "subscriber",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.subscriber",
                    ),
                ),
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
                "verbose_name": "consent",
                "verbose_name_plural": "consents",
                "indexes": [
                    models.Index(
                        fields=["tenant", "subscriber", "purpose", "-at", "-id"],
                        name="consent_standing",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(purpose__in=["personal_data", "advertising"]),
                        name="consent_purpose",
                    )
                ],
            },
        ),
        Protect("Consent", verbs="select, insert"),
        migrations.RunSQL(KEEP.format(owner_text=owner_text()), UNDO),
    ]
