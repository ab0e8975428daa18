"""Which addresses must never be written to, whoever has them, now or later?"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models.audience import AddressKind
from tenants.models.base import TenantModel


class Suppression(TenantModel):
    """One line of the salon's list; the database keeps addresses of this value suppressed."""

    kind = models.CharField(_("kind"), max_length=10, choices=AddressKind)
    value = models.CharField(_("value"), max_length=1024)  # as an address holds it
    source = models.CharField(_("source"), max_length=32)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "kind", "value"], name="suppression_once")
        ]

    def __str__(self) -> str:
        return f"suppression {self.pk}"
