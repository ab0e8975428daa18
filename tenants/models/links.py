"""How does a client's messenger find its way to her? By a link that is good once."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models.audience import AddressKind
from tenants.models.base import TenantModel, inside


class LinkToken(TenantModel):
    """What a deep link carries, as a digest: whoever reads the table cannot use it."""

    subscriber = inside("tenants.Subscriber", db_index=False)
    channel = models.CharField(_("channel"), max_length=10, choices=AddressKind)
    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField(_("expires"))
    used_at = models.DateTimeField(_("used"), null=True)

    class Meta:
        verbose_name = _("link to a messenger")
        verbose_name_plural = _("links to messengers")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "digest"], name="linktoken_digest"),
        ]
        indexes = [
            models.Index(fields=["tenant", "subscriber"], name="linktoken_subscriber"),
            models.Index(fields=["expires_at"], name="linktoken_expires"),
            # a lent bot does not know whose link was opened
            models.Index(fields=["digest"], name="linktoken_by_digest"),
        ]

    def __str__(self) -> str:
        return f"link {self.pk}"
