"""Where a salon's own software hears of events, and what it was told."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models import Mode
from tenants.models.base import HotModel, TenantModel, loose


class WebhookEndpoint(TenantModel):
    """An address of the salon's software; it hears of events of one mode."""

    class Off(models.TextChoices):
        """Why it hears nothing any more."""

        BY_HAND = "by_hand", _("Switched off by hand")
        GONE = "gone", _("It answered 410: it wants no more calls")
        FAILING = "failing", _("It has failed for days")

    mode = models.CharField(_("mode"), max_length=4, choices=Mode, default=Mode.LIVE)
    url = models.CharField(_("address"), max_length=1000, help_text=_("Begins with https://."))
    description = models.CharField(_("description"), max_length=200, blank=True)
    events = models.JSONField(
        _("events"), default=list, blank=True, help_text=_("None chosen: all of them.")
    )
    is_enabled = models.BooleanField(_("switched on"), default=True)
    disabled_reason = models.CharField(_("reason"), max_length=10, choices=Off, blank=True)
    secrets = models.TextField(editable=False)  # encrypted: current, and previous for a while
    previous_until = models.DateTimeField(_("old secret works until"), null=True, editable=False)
    failing_since = models.DateTimeField(_("fails since"), null=True, editable=False)
    not_before = models.DateTimeField(null=True, editable=False)  # it asked us to wait
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        indexes = [models.Index(fields=["tenant", "mode"], name="webhookendpoint_tenant")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(mode__in=["live", "test"]), name="webhookendpoint_mode_known"
            )
        ]

    def __str__(self) -> str:
        return f"webhook {self.pk}"


class WebhookDelivery(HotModel):
    """One event on its way to one endpoint; written with the change that it tells of.

    id: also when it was written. event_id: the same for every endpoint and every attempt.
    """

    class State(models.TextChoices):
        """Failed: given up; can be sent again by hand."""

        PENDING = "pending", _("Under way")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")

    endpoint = loose("notifications.WebhookEndpoint", verbose_name=_("webhook"))
    event_id = models.UUIDField(_("event"))
    type = models.CharField(_("event"), max_length=60)
    body = models.TextField(_("body"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("next attempt"))
    lease = models.UUIDField(null=True)  # the fencing token of whoever sends it now
    status = models.PositiveSmallIntegerField(_("answer"), null=True)  # the last HTTP status
    answer = models.CharField(_("what it said"), max_length=300, blank=True)
    attempted_at = models.DateTimeField(_("last attempt"), null=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        indexes = [
            models.Index(
                fields=["endpoint", "due_at"],
                name="webhookdelivery_open",
                condition=models.Q(state="pending"),
            ),
            models.Index(fields=["tenant", "endpoint", "id"], name="webhookdelivery_list"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["pending", "delivered", "failed"]),
                name="webhookdelivery_state_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"
