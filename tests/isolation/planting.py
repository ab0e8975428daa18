"""Plant a salon: one row in every table, each text of which holds the salon's canary.

A canary is a word that exists nowhere else: whoever finds it has seen the salon.
"""

# ruff: noqa: S608  (names of tables and columns come from our own models)
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import uuid4

import psycopg
from django.apps import apps
from django.conf import settings
from django.db import transaction

from tenants.accounts import create_tenant
from tenants.models import (
    Tenant,
)
from tenants.scope import tenant_scope
from tests.factories import ApiKeyFactory
from tests.isolation.tables import TABLES, Planted

OUR_APPS = ("tenants", "channels", "notifications", "campaigns", "config")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def plant() -> Planted:
    """Make a salon with a row in every table."""
    one = Planted(f"kanarek{uuid4().hex[:12]}")
    one.rows["tenants.Tenant"] = create_tenant(one.word("salon"), one.word("name"))
    with tenant_scope(one.tenant.pk):
        for name, table in TABLES.items():
            one.rows.setdefault(name, None)
            if one.rows[name] is None:
                one.rows[name] = table.make(one)
    one.keys |= {
        "test": ApiKeyFactory.create(tenant=one.tenant, mode="test").text,
        "expired": ApiKeyFactory.create(tenant=one.tenant, expires_at=LONG_AGO).text,
        "revoked": ApiKeyFactory.create(tenant=one.tenant, revoked_at=LONG_AGO).text,
    }
    return one


@lru_cache(maxsize=1)
def _watcher() -> psycopg.Connection[Any]:
    servers = settings.SERVERS
    return psycopg.connect(servers.superuser_url, dbname=servers.database, autocommit=True)


@contextmanager
def superuser() -> Iterator[psycopg.Connection[Any]]:
    """See everything, as the operator of the database may."""
    yield _watcher()


@contextmanager
def undone():
    """Let a call do its work, then undo it: the salon is looked at again by the next test."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def forget_open_work() -> None:
    """Leave nothing that another test's worker would take."""
    with superuser() as one:
        for table in ("due", "chunk", "range", "fanout", "batch"):
            one.execute(f"delete from notifications_{table}".encode())


def snapshot(tenant: Tenant) -> dict[str, str]:
    """Digest a salon's rows of each table; last_used_at of keys is nobody's business."""
    parts = [
        f"select '{name}', md5(coalesce(string_agg((to_jsonb(t) - 'last_used_at')::text, '|'"
        f" order by t.id), '')) from \"{table_of(name)}\" t where t.{table.column} = %(tenant)s"
        for name, table in TABLES.items()
    ]
    with superuser() as one:
        found = one.execute(" union all ".join(parts).encode(), {"tenant": tenant.pk}).fetchall()
    return dict(found)


def model_of(name: str) -> type[Any]:
    """Give the model of a table on the list."""
    return apps.get_model(name)


def table_of(name: str) -> str:
    """Give the table's name in the database."""
    return str(model_of(name)._meta.db_table)


def our_models() -> set[str]:
    """Name every model of our apps, those that Django makes for itself too."""
    return {
        model._meta.label
        for app in OUR_APPS
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
    }
