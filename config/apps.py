"""The wiring: commands, settings, pages of the whole house."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WiringConfig(AppConfig):
    """Commands and checks."""

    name = "config"
    verbose_name = _("Kolokol")
