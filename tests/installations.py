"""A whole installation beside the tests' own: a database that was just migrated, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

from tests.servers import TestServers, make_database


@contextmanager
def empty_installation() -> Iterator[TestServers]:
    """Let this process work in a database that was just migrated."""
    here = settings.SERVERS
    there = replace(here, worker=f"{here.worker}empty")
    make_database(there)
    _move_to(there.database)
    try:
        yield there
    finally:
        _move_to(here.database)
        with psycopg.connect(here.superuser_url, autocommit=True) as admin:
            gone = sql.Identifier(there.database)
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(gone))


def _move_to(database: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = database
