"""The room that decides what is sent and when."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """Templates, workflows, engine, delivery log."""

    name = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        """Listen to the room of tenants; let secrets of webhooks be written under new keys."""
        from channels import reencryption
        from notifications import events
        from notifications.models import WebhookEndpoint
        from tenants.events import listen

        listen(events.hear_of_subscribers)
        reencryption.include(WebhookEndpoint, "secrets")
