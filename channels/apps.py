"""The room that knows how one message leaves."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class ChannelsConfig(AppConfig):
    """Providers, transport, the Phone."""

    name = "channels"
    verbose_name = _("Channels")

    def ready(self) -> None:
        """Tell MAX's adapter, which knows no settings, whom to trust."""
        from channels.adapters.max import MaxAdapter

        MaxAdapter.ca_file = settings.MAX_CA_BUNDLE
