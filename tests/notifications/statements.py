"""How many statements does something send to PostgreSQL? Counted below Django, on both ways."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import psycopg

from tenants.rows import Session


@contextmanager
def statements() -> Iterator[list[str]]:
    """List the statements that are executed inside."""
    seen: list[str] = []

    def noting(execute):
        def note(way, query, *args, **kwargs):
            seen.append(str(query))
            return execute(way, query, *args, **kwargs)

        return note

    def noting_all(execute_all):
        def note(way, queries):
            seen.append("; ".join(sql for sql, _ in queries))
            return execute_all(way, queries)

        return note

    with (
        patch.object(psycopg.Cursor, "execute", noting(psycopg.Cursor.execute)),
        patch.object(Session, "execute", noting(Session.execute)),
        patch.object(Session, "execute_all", noting_all(Session.execute_all)),
    ):
        yield seen
