"""The servers of a test run: the embedded pair, or those of TEST_DATABASE_URL, TEST_REDIS_URL.

Each xdist worker has a database and a Redis number of its own; they are cloned from one template
that is migrated once per state of the code.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from config import embedded

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("KOLOKOL_TEST_DATA", ROOT / "var" / "test"))
OWNER, APP = "kolokol_test_owner", "kolokol_test_app"
PASSWORD = "only-for-tests"


@dataclass(frozen=True)
class TestServers:
    """superuser_url can create roles and databases; the others name this worker's own."""

    __test__ = False
    superuser_url: str
    redis_url: str
    worker: str

    @property
    def database(self) -> str:
        return f"kolokol_test_{self.worker}"

    def url(self, role: str, database: str) -> str:
        parts = urlsplit(self.superuser_url)
        host = parts.netloc.rpartition("@")[2]
        place = f"{role}:{PASSWORD}@{host}"
        return urlunsplit(("postgresql", place, f"/{database}", parts.query, ""))


def find() -> TestServers:
    """Start or join the servers."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    superuser, redis = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    if not (superuser and redis):
        DATA.mkdir(parents=True, exist_ok=True)
        servers = embedded.hold(DATA, ephemeral=True, postgres=not superuser, redis=not redis)
        superuser, redis = superuser or servers.superuser_url, redis or servers.redis_url
    number = int(worker.removeprefix("gw")) + 1 if worker.startswith("gw") else 0
    return TestServers(superuser, _numbered(redis, number), worker)


def _numbered(url: str, number: int) -> str:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        query = dict(parse_qsl(parts.query)) | {"db": str(number)}
        return f"unix://{parts.path}?{urlencode(query)}"  # urlunsplit would eat the slashes
    return urlunsplit(parts._replace(path=f"/{number}"))


def enter_environment(servers: TestServers) -> None:
    """Tell the settings where everything is."""
    os.environ["DATABASE_URL"] = servers.url(APP, servers.database)
    os.environ["DATABASE_OWNER_URL"] = servers.url(OWNER, servers.database)
    os.environ["REDIS_URL"] = servers.redis_url


def make_database(servers: TestServers) -> None:
    """Clone this worker's database from the template; migrate the template if the code changed."""
    template = f"kolokol_template_{_fingerprint()}"
    with _lock(), psycopg.connect(servers.superuser_url, autocommit=True) as admin:
        if not _has(admin, "select 1 from pg_database where datname = %s", template):
            _make_template(admin, servers, template)
        _drop(admin, servers.database)
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                *map(sql.Identifier, (servers.database, template, OWNER))
            )
        )


def _make_template(
    admin: psycopg.Connection[tuple[object, ...]], servers: TestServers, template: str
) -> None:
    from django.core.management import call_command
    from django.db import connection

    if not _has(admin, "select 1 from pg_roles where rolname = %s", OWNER):
        admin.execute(
            sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(
                sql.Identifier(OWNER), sql.Literal(PASSWORD)
            )
        )
    draft = f"{template}_new"
    _drop(admin, draft)
    admin.execute(
        sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(draft), sql.Identifier(OWNER))
    )
    name = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = draft
    try:
        call_command("migrate", verbosity=0)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
    admin.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
            sql.Identifier(draft), sql.Identifier(template)
        )
    )


def _drop(admin: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _has(admin: psycopg.Connection[tuple[object, ...]], query: str, value: str) -> bool:
    return admin.execute(query, (value,)).fetchone() is not None


def _fingerprint() -> str:
    digest = hashlib.sha256()
    files = [*ROOT.glob("*/migrations/*.py"), ROOT / "tenants/rls.py", ROOT / "tenants/roles.py"]
    for path in sorted(files):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _lock() -> Iterator[None]:
    DATA.mkdir(parents=True, exist_ok=True)
    with (DATA / ".template.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
