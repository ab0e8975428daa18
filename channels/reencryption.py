"""How do all stored credentials come under the newest key: slice by slice, and again if need be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

from channels import default_accounts
from channels.models import DefaultIntegration, Integration
from channels.secrets import is_current, rotate
from tenants.models import Tenant
from tenants.rows import run
from tenants.scope import batch_scope, platform_scope, support_scope

#: Salons' tables -> the column that is encrypted.
_KEPT: dict[Any, str] = {Integration: "credentials"}


@dataclass(slots=True)
class Counts:
    """rotated: written anew. current: needed nothing. unreadable: none of the keys opens it."""

    rotated: int = 0
    current: int = 0
    unreadable: int = 0


def include(model: Any, column: str) -> None:
    """Rotate another table of salons, too: an upper room's."""
    _KEPT[model] = column


def reencrypt(salons_at_once: int) -> Counts:
    """Write what an older key wrote under the first one; a transaction per slice of salons.

    Raises ImproperlyConfigured for a malformed key, before anything is written.
    """
    counts = Counts()
    for slice_ in _slices(salons_at_once):
        with batch_scope(slice_):
            for model, column in _KEPT.items():
                rows = model.objects.filter(tenant_id__in=slice_)
                _rotate(rows.select_for_update().order_by("pk"), column, counts)
    with support_scope("the platform's own accounts"):
        rows = DefaultIntegration.objects.select_for_update().order_by("pk")
        _rotate(rows, "credentials", counts)
    default_accounts.forget()
    return counts


def _slices(size: int) -> Iterator[list[UUID]]:
    with platform_scope("salons are walked by their ids"):
        ids = iter(list(Tenant.objects.order_by("pk").values_list("pk", flat=True)))
    while slice_ := list(islice(ids, size)):
        yield slice_


def _rotate(rows: QuerySet[Any], column: str, counts: Counts) -> None:
    anew: dict[UUID, str] = {}
    for pk, kept in rows.values_list("pk", column):
        if is_current(kept):
            counts.current += 1
            continue
        try:
            anew[pk] = rotate(kept)
        except ImproperlyConfigured:
            counts.unreadable += 1
    if anew:
        _write(rows.model, column, anew)
    counts.rotated += len(anew)


def _write(model: Any, column: str, anew: dict[UUID, str]) -> None:
    """Write all rows of a slice by one statement."""
    run(
        f'update "{model._meta.db_table}" t set {column} = anew.kept'  # noqa: S608  (our models' names)
        " from unnest(%s::uuid[], %s::text[]) anew (id, kept) where t.id = anew.id",
        [list(anew), list(anew.values())],
    )
