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

    with (
        patch.object(psycopg.Cursor, "execute", noting(psycopg.Cursor.execute)),
        patch.object(Session, "execute", noting(Session.execute)),
    ):
        yield seen
