"""The room that knows who sends and who receives."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _


class TenantsConfig(AppConfig):
    """Salons, members, keys, clients."""

    name = "tenants"
    verbose_name = _("Salons and clients")

    def ready(self) -> None:
        """Let the ORM write lists as the engine does: many rows go as an array per column."""
        connection_created.connect(_write_lists, dispatch_uid="tenants.arrays")


def _write_lists(connection: Any, **_named: object) -> None:
    from tenants.arrays import ListDumper

    connection.connection.adapters.register_dumper(list, ListDumper)
