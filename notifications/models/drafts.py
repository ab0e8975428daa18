"""Who changed what is not published yet, and is it to be looked at by somebody else?"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models.base import TenantModel


class DraftState(models.TextChoices):
    """Where what stands on the screen is on its way to the clients."""

    DRAFT = "draft", _("draft")
    REVIEW = "review", _("in review")
    PUBLISHED = "published", _("published")


class Draft(TenantModel):
    """A row that is edited freely; what runs is a frozen version of it.

    editors: ids of the people who changed it since the last version. edited_at: empty when nothing
    was changed since. Written by notifications.reviewing.
    """

    editors = models.JSONField(default=list, editable=False)
    edited_at = models.DateTimeField(null=True, editable=False)
    submitted_at = models.DateTimeField(null=True, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        abstract = True

    @property
    def state(self) -> DraftState:
        """Tell how far the draft is."""
        if self.submitted_at is not None:
            return DraftState.REVIEW
        is_open = self.edited_at is not None or self.published_id is None  # type: ignore[attr-defined]  # each has its own
        return DraftState.DRAFT if is_open else DraftState.PUBLISHED

    @staticmethod
    def in_state(state: DraftState) -> models.Q:
        """Ask a query for the rows of one state."""
        if state == DraftState.REVIEW:
            return models.Q(submitted_at__isnull=False)
        is_open = models.Q(edited_at__isnull=False) | models.Q(published=None)
        return models.Q(submitted_at=None) & (is_open if state == DraftState.DRAFT else ~is_open)


class Frozen(TenantModel):
    """A published state of a draft. submitted_by: who asked for the second person's look."""

    number = models.PositiveIntegerField(_("version"))
    published_at = models.DateTimeField(_("published"), auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"v{self.number}"
