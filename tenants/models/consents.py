"""What has a client agreed to, and what proves it? A ledger: rows are added, none is edited."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models.audience import AddressKind
from tenants.models.base import TenantModel, loose


class Purpose(models.TextChoices):
    """What the law asks for apart: keeping somebody's data, and advertising to her."""

    PERSONAL_DATA = "personal_data", _("Personal data")
    ADVERTISING = "advertising", _("Advertising")


class Consent(TenantModel):
    """One change of mind. It outlives its subscriber: only its owner role may erase a row.

    evidence names where the proof lies (a callback, a form, a contract) and holds no personal data.
    """

    subscriber = loose("tenants.Subscriber")  # no constraint: a proof outlives whom it concerns
    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose)
    channel = models.CharField(
        _("channel"),
        max_length=10,
        choices=AddressKind,
        blank=True,
        help_text=_("Empty: all channels."),
    )
    given = models.BooleanField(_("given"))
    text_version = models.CharField(
        _("version of the text"),
        max_length=64,
        blank=True,
        help_text=_("Of the wording that the client agreed to."),
    )
    source = models.CharField(_("source"), max_length=32, help_text=_("Where it was said."))
    actor = models.CharField(_("who wrote it down"), max_length=64)
    evidence = models.CharField(
        _("proof"), max_length=200, blank=True, help_text=_("Where the proof lies.")
    )
    at = models.DateTimeField(_("said at"))

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [
            models.Index(
                fields=["tenant", "subscriber", "purpose", "-at", "-id"], name="consent_standing"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(purpose__in=Purpose.values), name="consent_purpose"
            )
        ]

    def __str__(self) -> str:
        return f"consent {self.pk}"
