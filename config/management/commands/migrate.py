"""Bring the database up to date as its owner: roles, tables, row-level security, grants."""

from __future__ import annotations

from typing import Any

from django.core.management.commands.migrate import Command as Migrate

from tenants.owner import as_owner
from tenants.roles import ensure_roles, grant_plain_tables


class Command(Migrate):
    """Django's migrate, run by the owner role."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Make roles, migrate, grant."""
        with as_owner():
            ensure_roles()
            super().handle(*args, **options)
            grant_plain_tables()
