"""The room that knows how one message leaves."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChannelsConfig(AppConfig):
    """Providers, transport, the Phone."""

    name = "channels"
    verbose_name = _("Channels")
