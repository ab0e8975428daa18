"""The room that decides what is sent and when."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """Templates, workflows, engine, delivery log."""

    name = "notifications"
    verbose_name = _("Notifications")
