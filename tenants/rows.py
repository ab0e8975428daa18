"""Run one SQL statement with prepared plans and server-side parameters: the engine's way in.

Django's own cursor writes parameters into the text, so no plan is ever kept. Rows come back as
tuples, errors as Django's own. Callers open the scope first; this module only executes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection
from psycopg.types.json import JsonbLoader

from tenants.arrays import ListDumper

Row = tuple[Any, ...]


def fetch(sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
    """Run a statement that gives rows."""
    with connection.wrap_database_errors, _cursor() as cursor:
        return cursor.execute(sql, params, prepare=True).fetchall()


def run(sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> int:
    """Run a statement that gives no rows; return how many it touched."""
    with connection.wrap_database_errors, _cursor() as cursor:
        return cursor.execute(sql, params, prepare=True).rowcount


def _cursor() -> psycopg.Cursor[Row]:
    connection.ensure_connection()
    cursor = psycopg.Cursor(connection.connection)
    # Django leaves jsonb as text for its own fields to read; here it comes as values.
    cursor.adapters.register_loader("jsonb", JsonbLoader)
    cursor.adapters.register_dumper(list, ListDumper)
    return cursor
