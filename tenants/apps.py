"""The room that knows who sends and who receives."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TenantsConfig(AppConfig):
    """Salons, members, keys, clients."""

    name = "tenants"
    verbose_name = _("Salons and clients")
