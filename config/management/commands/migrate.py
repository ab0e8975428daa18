"""Bring the database up to date as its owner: roles, tables, row-level security, grants."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.commands.migrate import Command as Migrate
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from tenants.owner import as_owner
from tenants.roles import ensure_roles, grant_plain_tables


class Command(Migrate):
    """Django's migrate, run by the owner role."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Make roles, migrate, grant."""
        with as_owner():
            _refuse_half_way()
            ensure_roles()
            super().handle(*args, **options)
            grant_plain_tables()


def _refuse_half_way() -> None:
    """Refuse a database that has seen a part of what one migration replaces: no way leads on."""
    seen = set(MigrationRecorder(connection).applied_migrations())
    for migration in MigrationLoader(None).disk_migrations.values():
        missing = set(migration.replaces) - seen
        if missing and len(missing) < len(migration.replaces):
            raise ImproperlyConfigured(
                "An unfinished version of Kolokol left this database half-way: bring it up to date"
                " with commit 5ceda1a first, or begin with an empty one."
            )
