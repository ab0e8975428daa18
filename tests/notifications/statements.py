"""How many statements does something send to PostgreSQL? Counted at the driver, below Django."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import psycopg


@contextmanager
def statements() -> Iterator[list[str]]:
    """List the statements that are executed inside."""
    seen: list[str] = []
    execute = psycopg.Cursor.execute

    def note(cursor, query, *args, **kwargs):
        seen.append(str(query))
        return execute(cursor, query, *args, **kwargs)

    with patch.object(psycopg.Cursor, "execute", note):
        yield seen
