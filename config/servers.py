"""Make the embedded servers ready for Kolokol: roles, database, secrets, environment.

What the environment names already (DATABASE_URL, REDIS_URL, SECRET_KEY...) is left alone. The
result is also written to <data>/environment, so that every other command joins these servers.
"""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
from psycopg import sql

from config import embedded

OWNER, APP, DATABASE = "kolokol_owner", "kolokol_app", "kolokol"
#: Which servers this process has started itself, for whoever keeps them alive.
EMBEDDED = {"postgres": False, "redis": False}


def prepare_servers(data: Path) -> None:
    """Start what is missing and complete the environment of this process."""
    has_database, has_redis = "DATABASE_URL" in os.environ, "REDIS_URL" in os.environ
    data.mkdir(parents=True, exist_ok=True)
    made: dict[str, str] = {}
    if not (has_database and has_redis):
        servers = embedded.hold(data, postgres=not has_database, redis=not has_redis)
        if not has_database:
            made |= _database(data, servers)
        if not has_redis:
            made["REDIS_URL"] = servers.redis_url
    made["SECRET_KEY"] = os.environ.get("SECRET_KEY") or embedded.secret(data, "secret_key")
    made["ENCRYPTION_KEYS"] = os.environ.get("ENCRYPTION_KEYS") or embedded.secret(
        data, "encryption_key"
    )
    os.environ.update(made)
    EMBEDDED.update(postgres=not has_database, redis=not has_redis)


def write_environment(data: Path, names: tuple[str, ...]) -> None:
    """Write the variables that other commands need, readable by their owner only."""
    target, draft = data / "environment", data / "environment.new"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        for name in names:
            if name in os.environ:
                file.write(f"{name}={os.environ[name]}\n")
    draft.rename(target)


def _database(data: Path, servers: embedded.Servers) -> dict[str, str]:
    owner, app = embedded.secret(data, "owner_password"), embedded.secret(data, "app_password")
    with psycopg.connect(servers.superuser_url, autocommit=True) as admin:
        if not admin.execute("select 1 from pg_roles where rolname = %s", [OWNER]).fetchone():
            admin.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(
                    sql.Identifier(OWNER), sql.Literal(owner)
                )
            )
        if not admin.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(OWNER)
                )
            )
    return {
        "DATABASE_URL": servers.database_url(APP, app, DATABASE),
        "DATABASE_OWNER_URL": servers.database_url(OWNER, owner, DATABASE),
    }
