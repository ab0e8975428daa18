"""The room that knows why now: visits and campaigns."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    """Appointments, segments, campaigns."""

    name = "campaigns"
    verbose_name = _("Campaigns")
