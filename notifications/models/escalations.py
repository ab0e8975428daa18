"""Which clients need a person, and what did people do? Cases, their lines, their conversations."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tenants.models import Mode
from tenants.models.base import HotModel, TenantModel, inside


class Cause(models.TextChoices):
    """Why somebody must look."""

    UNDELIVERABLE = "undeliverable", _("An important message did not arrive")
    NOT_CONFIRMED = "not_confirmed", _("The client did not confirm")
    CLIENT_WROTE = "client_wrote", _("The client wrote")
    ADDRESS_TAKEN = "address_taken", _("The address belongs to another client")
    NOVU_FAILED = "novu_failed", _("Novu did not deliver an important message")
    WEBHOOK_OFF = "webhook_off", _("A webhook was switched off")
    MANUAL = "manual", _("Opened by hand")


class CaseState(models.TextChoices):
    """Closed is the end; what happens afterwards opens another case."""

    OPEN = "open", _("Open")
    TAKEN = "taken", _("Taken")
    ANSWERED = "answered", _("Answered")
    CLOSED = "closed", pgettext_lazy("case", "Closed")


class Escalation(TenantModel):
    """A case: one client, one cause, one subject. While it is open, repetitions add to it.

    subject: a neutral reference of the salon's own software, such as an appointment's id.
    channel: where she wrote last, so that the answer goes there. told_at: when staff were told.
    """

    mode = models.CharField(_("mode"), max_length=4, choices=Mode, default=Mode.LIVE)
    cause = models.CharField(_("cause"), max_length=16, choices=Cause)
    subscriber = inside("tenants.Subscriber", null=True, db_index=False)
    subject_type = models.CharField(_("subject"), max_length=32, blank=True)
    subject_id = models.CharField(_("subject's id"), max_length=255, blank=True)
    notification_id = models.UUIDField(null=True)
    message_id = models.UUIDField(null=True)
    channel = models.CharField(_("channel"), max_length=16, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=CaseState, default=CaseState.OPEN)
    repeats = models.PositiveIntegerField(_("repeated"), default=0)
    opened_at = models.DateTimeField(_("opened"))
    changed_at = models.DateTimeField(_("changed"))
    deadline_at = models.DateTimeField(_("deadline"))
    told_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(_("taken at"), null=True)
    taken_by = models.CharField(_("taken by"), max_length=150, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True)
    closed_at = models.DateTimeField(_("closed at"), null=True)
    closed_by = models.CharField(_("closed by"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="escalation_tenant_id"),
            models.UniqueConstraint(
                fields=["tenant", "mode", "subscriber", "cause", "subject_type", "subject_id"],
                condition=~models.Q(state="closed"),
                nulls_distinct=False,
                name="escalation_once",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "subscriber"], name="escalation_subscriber"),
            models.Index(
                fields=["tenant"], name="escalation_untold", condition=models.Q(told_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"case {self.pk}"


class EscalationLine(TenantModel):
    """What happened in a case, append-only. desk_id: of the message or note at the desk.

    text: what the client wrote, what staff answered, or the provider's word. who: the person's
    name, empty for the platform.
    """

    class Kind(models.TextChoices):
        """What happened."""

        OPENED = "opened", _("Opened")
        REPEATED = "repeated", _("Happened again")
        WROTE = "wrote", _("The client wrote")
        TAKEN = "taken", pgettext_lazy("case line", "Taken")
        ANSWERED = "answered", _("Answered")
        CLOSED = "closed", pgettext_lazy("case", "Closed")

    escalation = inside("notifications.Escalation", related_name="lines", db_index=False)
    kind = models.CharField(_("what happened"), max_length=8, choices=Kind)
    text = models.TextField(_("text"), blank=True)
    who = models.CharField(_("who"), max_length=150, blank=True)
    transaction_id = models.CharField(_("transaction"), max_length=255, blank=True)
    desk_id = models.CharField(max_length=32, blank=True)
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("line of a case")
        verbose_name_plural = _("lines of cases")
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["escalation", "id"], name="escalationline_case"),
            models.Index(fields=["tenant", "id"], name="escalationline_new"),
            models.Index(
                fields=["tenant"],
                name="escalationline_unsent",
                condition=models.Q(kind="answered", transaction_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class DeskThread(TenantModel):
    """A client's conversation at the desk; what is sent to her from then on is shown there."""

    integration = inside("channels.Integration", db_index=False)
    subscriber = inside("tenants.Subscriber", db_index=False)
    inbox = models.CharField(max_length=20)
    conversation = models.CharField(max_length=32)
    used_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("conversation at the desk")
        verbose_name_plural = _("conversations at the desk")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "integration", "subscriber"], name="deskthread_client"
            ),
            models.UniqueConstraint(
                fields=["tenant", "integration", "conversation"], name="deskthread_conversation"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "subscriber"], name="deskthread_subscriber")]

    def __str__(self) -> str:
        return f"conversation {self.pk}"


class ExternalDelivery(HotModel):
    """What another platform (Novu) says of its own messages: its delivery log among ours.

    key: makes a repetition change nothing. raw: its own words, personal data masked.
    """

    integration_id = models.UUIDField()
    key = models.CharField(max_length=200)
    event = models.CharField(_("event"), max_length=64)
    external_id = models.CharField(_("external id"), max_length=128, blank=True)
    transaction_id = models.CharField(_("transaction"), max_length=255, blank=True)
    workflow = models.CharField(_("workflow"), max_length=120, blank=True)
    step = models.CharField(_("step"), max_length=120, blank=True)
    channel = models.CharField(_("channel"), max_length=16, blank=True)
    status = models.CharField(_("status"), max_length=32, blank=True)
    subscriber_key = models.CharField(_("client's key"), max_length=255, blank=True)
    provider = models.CharField(_("provider"), max_length=64, blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True)
    at = models.DateTimeField(_("time"))
    raw = models.JSONField(_("as received"), default=dict)
    metadata = models.JSONField(_("metadata"), default=dict)

    class Meta:
        verbose_name = _("external delivery")
        verbose_name_plural = _("external deliveries")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "integration_id", "key"], name="externaldelivery_once"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "id"], name="externaldelivery_tenant"),
            models.Index(fields=["tenant", "subscriber_key"], name="externaldelivery_client"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.pk}"
