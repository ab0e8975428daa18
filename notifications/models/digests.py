"""What is being gathered into one message: an open digest is a row that joining locks."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models.base import HotModel, loose


class Digest(HotModel):
    """Notifications of one client at one step, to be told as one.

    notification: the first, which goes on for all. members: all, also the first. key: digest of
    workflow, step and the value that they are gathered by.
    """

    notification = loose("notifications.Notification")
    subscriber = loose("tenants.Subscriber")
    key = models.UUIDField()
    step = models.CharField(max_length=64)
    members = ArrayField(models.UUIDField())
    is_open = models.BooleanField(default=True)
    closes_at = models.DateTimeField()

    class Meta:
        verbose_name = _("digest")
        verbose_name_plural = _("digests")
        indexes = [models.Index(fields=["notification"], name="digest_notification")]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "subscriber", "key"],
                condition=models.Q(is_open=True),
                name="digest_open",
            )
        ]

    def __str__(self) -> str:
        return f"digest {self.pk}"
