"""What holds a message back by somebody's will: preferences and stops."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models.workflows import Category
from tenants.ids import uuid7
from tenants.models import AddressKind
from tenants.models.base import TenantModel, inside

CHANNELS = (
    ("in_app", _("In-app")),
    ("email", _("E-mail")),
    ("sms", _("SMS")),
    ("chat", _("Messenger")),
    ("push", _("Push")),
)
#: A stop may also name one messenger.
STOPPABLE = (
    *CHANNELS,
    ("webhook", _("Webhook")),
    *(one for one in AddressKind.choices if one[0] not in dict(CHANNELS)),
)


class Preference(TenantModel):
    """A client's yes or no to a channel, of all messages or of one category or workflow.

    The narrower one wins: workflow before category before all; then one channel before all.
    """

    subscriber = inside(  # no index of its own: the constraint begins with it
        "tenants.Subscriber", related_name="preferences", db_index=False
    )
    workflow = inside(
        "notifications.Workflow",
        verbose_name=_("workflow"),
        null=True,
        blank=True,
        help_text=_("Empty: all workflows."),
    )
    category = models.CharField(
        _("category"),
        max_length=2,
        choices=Category,
        blank=True,
        help_text=_("Empty: both."),
    )
    channel = models.CharField(
        _("channel"),
        max_length=10,
        choices=CHANNELS,
        blank=True,
        help_text=_("Empty: all channels."),
    )
    is_on = models.BooleanField(_("wanted"), default=False)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "subscriber", "workflow", "category", "channel"],
                name="preference_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(workflow=None) | models.Q(category=""),
                name="preference_workflow_or_category",
            ),
        ]

    def __str__(self) -> str:
        return f"preference {self.pk}"


class _Stop(models.Model):
    """What must not go out now, since when and by whose hand; ended, it stays as the record."""

    channel = models.CharField(
        _("channel"),
        max_length=10,
        choices=STOPPABLE,
        blank=True,
        help_text=_("Empty: all channels."),
    )
    category = models.CharField(
        _("category"), max_length=2, choices=Category, blank=True, help_text=_("Empty: both.")
    )
    note = models.CharField(_("why"), max_length=200, blank=True)
    started_at = models.DateTimeField(_("stopped"), auto_now_add=True)
    started_by = models.CharField(_("by"), max_length=64, editable=False)
    ended_at = models.DateTimeField(_("goes on since"), null=True, editable=False)
    ended_by = models.CharField(_("ended by"), max_length=64, blank=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"stop {self.pk}"

    @property
    def is_open(self) -> bool:
        """Tell whether it still holds messages back."""
        return self.ended_at is None


class Stop(_Stop, TenantModel):
    """A stop of one salon."""

    class Meta:
        verbose_name = _("stop")
        verbose_name_plural = _("stops")
        indexes = [models.Index(fields=["tenant", "-started_at"], name="stop_tenant")]


class PlatformStop(_Stop):
    """A stop of all salons."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        verbose_name = _("stop of all salons")
        verbose_name_plural = _("stops of all salons")
