"""The open work of the delivery path: rows that are deleted when done, and what guards it."""

from __future__ import annotations

from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext_lazy as _

from tenants.models.base import HotModel, TenantModel, loose
from tenants.scope import ScopedManager


class DueState(models.IntegerChoices):
    """Later rows stay out of the queue index; suspects are claimed alone.

    Sending is no state: a leased line may have been handed over when it has a message id, or when
    its batch is sending and it does not wait for a slot. So marking touches no index.
    """

    LATER = 0
    READY = 1
    LEASED = 2
    SUSPECT = 4


class Due(models.Model):
    """The narrow list of open work: one notification at one step."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    notification = loose("notifications.Notification")
    queue = models.PositiveSmallIntegerField()
    state = models.PositiveSmallIntegerField(choices=DueState, default=DueState.READY)
    step = models.PositiveSmallIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    claims = models.PositiveSmallIntegerField(default=0)
    # bits: 1 timer has run, 2 mk slot reserved (notifications.engine)
    flags = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    batch_id = models.UUIDField(null=True)  # the fencing token
    message_id = models.UUIDField(null=True)  # set when a send may have happened

    objects = ScopedManager()

    class Meta:
        verbose_name = _("open work")
        verbose_name_plural = _("open work")
        indexes = [
            models.Index(
                fields=["queue", "tenant", "due_at", "id"],
                name="due_ready",
                condition=models.Q(state=1),
            ),
            models.Index(fields=["due_at"], name="due_later", condition=models.Q(state=0)),
            models.Index(fields=["batch_id"], name="due_leased", condition=models.Q(state=2)),
            models.Index(fields=["queue"], name="due_suspect", condition=models.Q(state=4)),
            models.Index(fields=["notification"], name="due_notification"),
        ]

    def __str__(self) -> str:
        return f"due {self.pk}"


class Chunk(models.Model):
    """Some 500 recipients of one event that wait together, outside the queue index.

    Claiming takes the next notifications after `taken_to` and puts them into a Range in the same
    transaction, so a recipient is either here or there, never in both.
    """

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    event_id = models.UUIDField()
    queue = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField()
    taken_to = models.UUIDField()  # ids up to here are in a Range, have a line, or are done
    last = models.UUIDField()

    objects = ScopedManager()

    class Meta:
        verbose_name = _("chunk of recipients")
        verbose_name_plural = _("chunks of recipients")
        indexes = [
            models.Index(fields=["queue", "tenant", "due_at", "id"], name="chunk_queue"),
            models.Index(fields=["event_id"], name="chunk_event"),
        ]

    def __str__(self) -> str:
        return f"chunk {self.pk}"


class Range(models.Model):
    """Recipients of one chunk whom one batch holds: leased without a line of open work for each.

    Whose notification is open and has no line belongs to it still. Who does not end with what the
    batch decided gets a line; once the lease is over, so does everybody who is left.
    """

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    event_id = models.UUIDField()
    chunk_id = models.BigIntegerField()
    batch_id = models.UUIDField()  # the fencing token
    queue = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField()  # when it was claimed
    after = models.UUIDField()  # ids above this one
    last = models.UUIDField()  # up to this one
    remaining = models.PositiveSmallIntegerField()  # so many have not left it

    objects = ScopedManager()

    class Meta:
        verbose_name = _("range of recipients")
        verbose_name_plural = _("ranges of recipients")
        indexes = [
            models.Index(fields=["batch_id"], name="range_batch"),
            models.Index(fields=["event_id"], name="range_event"),
        ]

    def __str__(self) -> str:
        return f"range {self.pk}"


class Batch(models.Model):
    """What one worker has leased: the fencing token and the lease's end for all its rows."""

    id = models.UUIDField(primary_key=True)
    worker = models.CharField(max_length=64)
    lease_until = models.DateTimeField()
    # its lines may have been handed over, but for those that wait for a slot
    is_sending = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        indexes = [models.Index(fields=["lease_until"], name="batch_lease")]

    def __str__(self) -> str:
        return f"batch {self.pk}"


class FanOut(models.Model):
    """An event whose recipients are still being written: a topic's or everybody's."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    event_id = models.UUIDField()
    topic_id = models.UUIDField(null=True)  # empty: every client of the salon
    exclude = models.JSONField(default=list)  # subscriber ids
    cursor = models.UUIDField(null=True)  # the last subscriber that was written
    queue = models.PositiveSmallIntegerField()

    objects = ScopedManager()

    class Meta:
        verbose_name = _("fan-out")
        verbose_name_plural = _("fan-outs")

    def __str__(self) -> str:
        return f"fan-out {self.pk}"


class DeadLetter(TenantModel):
    """A notification that ended in failure and can be sent again by hand."""

    notification = loose("notifications.Notification")
    step = models.PositiveSmallIntegerField(_("step"))
    queue = models.PositiveSmallIntegerField()
    reason = models.CharField(_("reason"), max_length=100)
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    replayed_at = models.DateTimeField(_("replayed"), null=True)

    class Meta:
        verbose_name = _("dead letter")
        verbose_name_plural = _("dead letters")
        indexes = [models.Index(fields=["tenant", "created_at"], name="deadletter_tenant")]

    def __str__(self) -> str:
        return f"{self.reason} {self.pk}"


class Counter(models.Model):
    """A limit's reservation: how much of it is used in its window."""

    id = models.UUIDField(primary_key=True)  # digest of tenant, mode, what is limited, and whom
    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    used = models.IntegerField(default=0)
    granted = models.IntegerField(default=0)  # by the last reservation
    most = models.IntegerField(default=0)
    ends_at = models.DateTimeField()
    said = models.BinaryField(null=True)  # what was said to her within the hour: said_texts

    objects = ScopedManager()

    class Meta:
        verbose_name = _("counter")
        verbose_name_plural = _("counters")

    def __str__(self) -> str:
        return f"counter {self.pk}"


class LentCallback(models.Model):
    """A call to an account that the platform lends: kept until it is known whose it is."""

    id = models.UUIDField(primary_key=True)
    account_id = models.UUIDField()
    key = models.CharField(max_length=200)
    event = models.JSONField()
    due_at = models.DateTimeField()
    attempt = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("callback of a lent account")
        verbose_name_plural = _("callbacks of lent accounts")
        constraints = [
            models.UniqueConstraint(fields=["account_id", "key"], name="lentcallback_once")
        ]
        indexes = [models.Index(fields=["due_at"], name="lentcallback_due")]

    def __str__(self) -> str:
        return f"callback {self.pk}"


class ReceivedCallback(HotModel):
    """A provider's call to us, verified and kept until a job has applied it."""

    integration_id = models.UUIDField()
    key = models.CharField(max_length=200)
    event = models.JSONField()
    due_at = models.DateTimeField()
    attempt = models.PositiveSmallIntegerField(default=0)
    applied_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("callback")
        verbose_name_plural = _("callbacks")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "integration_id", "key"], name="receivedcallback_once"
            )
        ]
        indexes = [
            models.Index(
                KeyTextTransform("type", "event"),
                "due_at",
                name="receivedcallback_of_kind",
                condition=models.Q(applied_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"callback {self.pk}"
