"""What every row of a salon has: a time-ordered id, its tenant, a manager that minds the scope."""

from __future__ import annotations

from typing import Any

from django.db import models

from tenants.ids import uuid7
from tenants.scope import ScopedManager


class TenantModel(models.Model):
    """A configuration or audience row of one salon."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.PROTECT, related_name="+", db_index=False, editable=False
    )

    objects = ScopedManager()

    class Meta:
        abstract = True


class HotModel(models.Model):
    """A row of the delivery path: no foreign key constraints (they tripled a fan-out)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
        editable=False,
    )

    objects = ScopedManager()

    class Meta:
        abstract = True


def inside(to: str, **options: Any) -> Any:
    """Declare a foreign key that a composite (tenant_id, ...) constraint guards in the database."""
    options.setdefault("on_delete", models.CASCADE)
    options.setdefault("related_name", "+")
    return models.ForeignKey(to, db_constraint=False, **options)


def loose(to: str, **options: Any) -> Any:
    """Declare a reference on a hot table: no constraint, no index of its own."""
    return models.ForeignKey(
        to,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        **options,
    )
