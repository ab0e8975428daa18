"""On which servers is measured? The embedded pair as `make up` starts it: real, durable, fresh."""

from __future__ import annotations

import fcntl
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis

from config import embedded
from config.embedded_servers import SUPERUSER
from config.servers import DATABASE, prepare_servers

ROOT = Path(__file__).resolve().parent.parent.parent
VAR = ROOT / "var"
DATA = VAR / "bench"
SHOWN = (
    *("server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_level"),
    *("shared_buffers", "max_wal_size", "checkpoint_timeout", "autovacuum", "jit"),
)


@dataclass(frozen=True)
class Servers:
    """admin: a superuser's connection, for filling and counting; nothing measured goes over it."""

    admin: psycopg.Connection[Any]
    redis: redis.Redis
    postmaster_pid: int
    redis_pid: int

    def settings(self) -> dict[str, str]:
        """Read the settings that decide whether the figures mean anything."""
        shown = {name: self.one(f"show {name}") for name in SHOWN}
        return shown | {"unlogged_tables": str(self.one(_UNLOGGED))}

    def one(self, query: str, parameters: Any = ()) -> Any:
        """Give the first column of the first row."""
        row = self.admin.execute(query, parameters).fetchone()
        return row[0] if row else None


_UNLOGGED = "select count(*) from pg_class where relkind in ('r', 'p') and relpersistence <> 'p'"


def open_servers() -> Servers:
    """Start fresh servers, set Django up on them, migrate; one bench at a time per checkout."""
    _only_one()
    embedded.discard(DATA)
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["ALLOWED_PRIVATE_TARGETS"] = "127.0.0.1"  # the mock provider
    prepare_servers(DATA)
    _migrate()
    return _reach()


def close_servers() -> None:
    """Stop the servers and delete what was measured on: gigabytes after a full run."""
    embedded.release(DATA)
    embedded.discard(DATA)


def _only_one() -> None:
    VAR.mkdir(exist_ok=True)
    descriptor = os.open(VAR / "bench.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held until the process ends
    except BlockingIOError:
        sys.exit("Another bench runs in this checkout: wait for it, two would measure each other.")


def _migrate() -> None:
    import django
    from django.core.management import call_command
    from django.db import connections

    django.setup()
    call_command("migrate", verbosity=0)
    connections.close_all()


def _reach() -> Servers:
    found = embedded.start(DATA)
    url = found.database_url(SUPERUSER, embedded.secret(DATA, "postgres"), DATABASE)
    admin: psycopg.Connection[Any] = psycopg.connect(url, autocommit=True)
    row = admin.execute("select pg_read_file('postmaster.pid')").fetchone()
    client = redis.Redis.from_url(found.redis_url)
    assert row is not None
    return Servers(admin, client, int(row[0].split()[0]), int(client.info()["process_id"]))
