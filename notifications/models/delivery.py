"""What was accepted and what became of it: the history of the delivery path.

Event, Notification, Message and LogEntry are partitioned by month on their time-ordered id.
What must be unique over time stands in EventKey.
"""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models import Mode
from tenants.models.base import HotModel, loose
from tenants.scope import ScopedManager


class Event(HotModel):
    """One accepted trigger; the payload stands here once for all its recipients."""

    mode = models.CharField(_("mode"), max_length=4, choices=Mode)
    transaction_id = models.CharField(_("transaction"), max_length=255)
    workflow = loose("notifications.Workflow")
    version = loose("notifications.WorkflowVersion")
    location = loose("tenants.Location", null=True)
    payload = models.JSONField(_("payload"), default=dict)
    overrides = models.JSONField(_("overrides"), default=dict)
    recipients = models.JSONField(_("recipients"), default=list)
    queue = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField(_("due"))
    expires_at = models.DateTimeField(_("expires"), null=True)
    canceled_at = models.DateTimeField(_("canceled"), null=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["tenant", "id"], name="event_tenant"),
            # what is scheduled: a few bytes per hundreds of events, as they come in time's order
            BrinIndex(fields=["due_at"], name="event_due"),
        ]

    def __str__(self) -> str:
        return f"event {self.pk}"


class EventKey(models.Model):
    """Makes a transaction id unique over all partitions of Event."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    mode = models.CharField(max_length=4, choices=Mode)
    transaction_id = models.CharField(max_length=255)
    event_id = models.UUIDField()

    objects = ScopedManager()

    class Meta:
        verbose_name = _("transaction id")
        verbose_name_plural = _("transaction ids")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "mode", "transaction_id"], name="eventkey_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.event_id}"


class NotificationState(models.TextChoices):
    """One vocabulary for code, API, log and metrics."""

    PENDING = "pending", _("Pending")
    RUNNING = "running", _("Running")
    DELAYED = "delayed", _("Delayed")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")
    SKIPPED = "skipped", _("Skipped")
    MERGED = "merged", _("Merged")
    CANCELED = "canceled", _("Canceled")


class Notification(HotModel):
    """One Event for one Subscriber: inserted once, finished once."""

    event = loose("notifications.Event")
    subscriber = loose("tenants.Subscriber")
    chunk_id = models.BigIntegerField(null=True)
    state = models.CharField(_("state"), max_length=9, choices=NotificationState)
    reason = models.CharField(_("reason"), max_length=100, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes = [
            # no id behind, here and below: recipients of one event share one entry, and others have
            # a shorter one
            models.Index(fields=["event"], name="notification_event"),
            # no tenant in front: with stale statistics row security would choose it for ids
            models.Index(fields=["subscriber"], name="notification_subscriber"),
        ]

    def __str__(self) -> str:
        return f"notification {self.pk}"


class MessageState(models.TextChoices):
    """Forward only. unknown: the provider may have taken it; final after 24 h."""

    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    READ = "read", _("Read")
    FAILED = "failed", _("Failed")
    BOUNCED = "bounced", _("Bounced")
    UNKNOWN = "unknown", _("Unknown")


class Message(HotModel):
    """One content for one address through one integration; inserted once, at settle."""

    notification = loose("notifications.Notification")
    integration_id = models.UUIDField(null=True)
    channel = models.CharField(_("channel"), max_length=10)
    provider = models.CharField(_("provider"), max_length=32)
    step = models.PositiveSmallIntegerField(_("step"))
    state = models.CharField(_("state"), max_length=9, choices=MessageState)
    provider_id = models.CharField(_("provider's id"), max_length=255, blank=True)
    language = models.CharField(_("language"), max_length=2)
    template_version = loose("notifications.TemplateVersion", null=True)
    address = models.CharField(_("address, masked"), max_length=64, blank=True)
    title = models.CharField(_("title"), max_length=500, blank=True)
    body = models.TextField(_("text"), blank=True)
    extra = models.JSONField(null=True)  # buttons, picture; in-app: read and archived moments
    reason = models.CharField(_("reason"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(fields=["notification"], name="message_notification"),
            models.Index(
                fields=["integration_id", "provider_id"],
                name="message_provider",
                condition=~models.Q(provider_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"


class LogEntry(HotModel):
    """One line of a message's story, append-only; what Message knows is not repeated."""

    notification = loose("notifications.Notification")
    message_id = models.UUIDField(null=True)
    step = models.PositiveSmallIntegerField(_("step"))
    status = models.CharField(_("status"), max_length=12)
    reason = models.CharField(_("reason"), max_length=100, blank=True)
    detail = models.TextField(_("detail"), blank=True)

    class Meta:
        verbose_name = _("log line")
        verbose_name_plural = _("delivery log")
        # The database knows no primary key: nobody asks for one line, and its index would cost a
        # fifth of what the line does.
        indexes = [
            models.Index(fields=["notification"], name="logentry_notification"),
            BrinIndex(fields=["id"], name="logentry_time"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"
