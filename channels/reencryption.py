"""How do all stored credentials come under the newest key: slice by slice, and again if need be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured

from channels import default_accounts
from channels.models import DefaultIntegration, Integration
from channels.secrets import is_current, rotate
from tenants.models import Tenant
from tenants.scope import batch_scope, platform_scope, support_scope


@dataclass(slots=True)
class Counts:
    """rotated: written anew. current: needed nothing. unreadable: none of the keys opens it."""

    rotated: int = 0
    current: int = 0
    unreadable: int = 0


def reencrypt(salons_at_once: int) -> Counts:
    """Write what an older key wrote under the first one; a transaction per slice of salons.

    Raises ImproperlyConfigured for a malformed key, before anything is written.
    """
    counts = Counts()
    for slice_ in _slices(salons_at_once):
        with batch_scope(slice_):
            rows = Integration.objects.filter(tenant_id__in=slice_)
            _rotate(rows.select_for_update().order_by("pk"), counts)
    with support_scope("the platform's own accounts"):
        _rotate(DefaultIntegration.objects.select_for_update().order_by("pk"), counts)
    default_accounts.forget()
    return counts


def _slices(size: int) -> Iterator[list[UUID]]:
    with platform_scope("salons are walked by their ids"):
        ids = iter(list(Tenant.objects.order_by("pk").values_list("pk", flat=True)))
    while slice_ := list(islice(ids, size)):
        yield slice_


def _rotate(rows: Iterable[Any], counts: Counts) -> None:
    for row in rows:
        if is_current(row.credentials):
            counts.current += 1
            continue
        try:
            row.credentials = rotate(row.credentials)
        except ImproperlyConfigured:
            counts.unreadable += 1
            continue
        row.save(update_fields=["credentials"])
        counts.rotated += 1
