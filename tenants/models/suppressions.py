"""Which addresses must never be written to, whoever has them, now or later?"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models.audience import AddressKind
from tenants.models.base import TenantModel


class Suppression(TenantModel):
    """One line of the salon's list; the database keeps addresses of this value suppressed.

    Lifted, it stays as the record. added_by, lifted_by: "staff:…", "key:…" or "command".
    """

    kind = models.CharField(_("kind"), max_length=10, choices=AddressKind)
    value = models.CharField(_("value"), max_length=1024)  # as an address holds it
    note = models.CharField(_("why"), max_length=200, blank=True)
    added_by = models.CharField(_("by"), max_length=64, editable=False)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    lifted_at = models.DateTimeField(_("lifted"), null=True, editable=False)
    lifted_by = models.CharField(_("lifted by"), max_length=64, blank=True, editable=False)
    lift_note = models.CharField(_("why it was lifted"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "value"],
                condition=models.Q(lifted_at=None),
                name="suppression_once",
            )
        ]

    def __str__(self) -> str:
        return f"suppression {self.pk}"
