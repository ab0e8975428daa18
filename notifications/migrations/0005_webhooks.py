"""Add where a salon's own software hears of events, and what it was told."""

import django.db.models.deletion
import tenants.ids
from django.db import migrations, models

from tenants.rls import Protect, sql_names

ID = models.UUIDField(default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False)

# A change of the health of an endpoint is no change of configuration.
VERSION = """
CREATE TRIGGER config_version AFTER INSERT OR DELETE OR UPDATE OF is_enabled, events, mode
  ON notifications_webhookendpoint FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed();
"""
UNVERSION = "DROP TRIGGER config_version ON notifications_webhookendpoint;"

# Which endpoints of all salons have something due: ids only, so that neither bodies nor secrets
# leave their salon. Endpoints with open work are walked by index hops: one with a million lines
# costs no more than one with a single line.
DUE = """
CREATE FUNCTION kolokol_webhooks_due()
RETURNS TABLE (tenant_id uuid, endpoint_id uuid, is_failing boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET enable_seqscan = off AS $$
  with recursive hop(id) as (
      (select d.endpoint_id from notifications_webhookdelivery d where d.state = 'pending'
        order by d.endpoint_id limit 1)
    union all
      select (select d.endpoint_id from notifications_webhookdelivery d where d.state = 'pending'
        and d.endpoint_id > h.id order by d.endpoint_id limit 1) from hop h where h.id is not null
  )
  select e.tenant_id, e.id, e.failing_since is not null
  from hop h
  join notifications_webhookendpoint e on e.id = h.id
  join tenants_tenant t on t.id = e.tenant_id
  where e.is_enabled and t.state = 'active' and (e.not_before is null or e.not_before <= now())
    and exists (select 1 from notifications_webhookdelivery d where d.endpoint_id = e.id
      and d.state = 'pending' and d.due_at <= now())
$$;
REVOKE ALL ON FUNCTION kolokol_webhooks_due() FROM public;
GRANT EXECUTE ON FUNCTION kolokol_webhooks_due() TO {platform};
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0004_escalations")]
    operations = [
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                ("id", ID),
                (
                    "mode",
                    models.CharField(
                        choices=[("live", "Live"), ("test", "Test")],
                        default="live",
                        max_length=4,
                        verbose_name="mode",
                    ),
                ),
                (
                    "url",
                    models.CharField(
                        help_text="Begins with https://.", max_length=1000, verbose_name="address"
                    ),
                ),
                (
                    "description",
                    models.CharField(blank=True, max_length=200, verbose_name="description"),
                ),
                (
                    "events",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="None chosen: all of them.",
                        verbose_name="events",
                    ),
                ),
                ("is_enabled", models.BooleanField(default=True, verbose_name="switched on")),
                (
                    "disabled_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("by_hand", "Switched off by hand"),
                            ("gone", "It answered 410: it wants no more calls"),
                            ("failing", "It has failed for days"),
                        ],
                        max_length=10,
                        verbose_name="reason",
                    ),
                ),
                ("secrets", models.TextField(editable=False)),
                (
                    "previous_until",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="old secret works until"
                    ),
                ),
                (
                    "failing_since",
                    models.DateTimeField(editable=False, null=True, verbose_name="fails since"),
                ),
                ("not_before", models.DateTimeField(editable=False, null=True)),
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
                "verbose_name": "webhook",
                "verbose_name_plural": "webhooks",
                "indexes": [models.Index(fields=["tenant", "mode"], name="webhookendpoint_tenant")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(mode__in=["live", "test"]),
                        name="webhookendpoint_mode_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", ID),
                ("event_id", models.UUIDField(verbose_name="event")),
                ("type", models.CharField(max_length=60, verbose_name="event")),
                ("body", models.TextField(verbose_name="body")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Under way"),
                            ("delivered", "Delivered"),
                            ("failed", "Failed"),
                        ],
                        default="pending",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("due_at", models.DateTimeField(verbose_name="next attempt")),
                ("lease", models.UUIDField(null=True)),
                ("status", models.PositiveSmallIntegerField(null=True, verbose_name="answer")),
                (
                    "answer",
                    models.CharField(blank=True, max_length=300, verbose_name="what it said"),
                ),
                ("attempted_at", models.DateTimeField(null=True, verbose_name="last attempt")),
                (
                    "endpoint",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="notifications.webhookendpoint",
                        verbose_name="webhook",
                    ),
                ),
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
                "verbose_name": "webhook delivery",
                "verbose_name_plural": "webhook deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(state="pending"),
                        fields=["endpoint", "due_at"],
                        name="webhookdelivery_open",
                    ),
                    models.Index(fields=["tenant", "endpoint", "id"], name="webhookdelivery_list"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(state__in=["pending", "delivered", "failed"]),
                        name="webhookdelivery_state_known",
                    )
                ],
            },
        ),
        Protect("WebhookEndpoint"),
        Protect("WebhookDelivery"),
        migrations.RunSQL(VERSION, UNVERSION),
        migrations.RunSQL(DUE.format(**sql_names()), "DROP FUNCTION kolokol_webhooks_due();"),
    ]
