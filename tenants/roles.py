"""The database roles: made once by whoever may, then used by name everywhere."""

from __future__ import annotations

from typing import Any

import environ
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection
from psycopg import errors, sql

# How each session of the app role begins. Time limits keep one bad query from holding a snapshot
# over the whole queue. Compiling plans, most servers' default, costs a claim or a sweep hundreds of
# milliseconds, which no statement of ours takes without.
_SETTINGS = {
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "10s",
    "jit": "off",
}

# What platform staff write before they choose a salon: their own login, the admin's history,
# users and platform keys. None of these holds a salon's rows.
_STAFF_TABLES = ("django_", "auth_", "tenants_user", "tenants_platformkey")


def ensure_roles() -> None:
    """Make the app role and its three masks if they are missing; run as the owner.

    Raises ImproperlyConfigured with the statement to run when the owner may not create roles.
    """
    names = settings.DATABASE_ROLES
    # not settings.DATABASES: while the owner works, that dictionary holds the owner's own
    password = environ.Env.db_url_config(settings.DATABASE_URL)["PASSWORD"]
    try:
        _create(names["app"], sql.SQL("LOGIN NOINHERIT PASSWORD {}").format(sql.Literal(password)))
        for word in ("worker", "platform", "support"):
            _create(names[word], sql.SQL("NOLOGIN"))
            _grant_mask(names[word], names["app"])
        _set_up_sessions(names["app"])
    except ProgrammingError as refused:
        if not isinstance(refused.__cause__, errors.InsufficientPrivilege):
            raise
        raise ImproperlyConfigured(
            f"The owner role may not create roles: give it CREATEROLE, or create {names['app']} and"
            f" {names['worker']}, {names['platform']}, {names['support']} as deploy/ shows."
        ) from refused


def faults() -> list[str]:
    """Say what is wrong with the role that this process connects as; empty when all is well."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select rolname, rolsuper, rolbypassrls, exists(select 1 from pg_class c"
            " join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public'"
            " and c.relowner = r.oid) from pg_roles r where rolname = current_user"
        )
        name, is_super, bypasses, owns = cursor.fetchone()
    found = []
    if is_super:
        found.append(
            f"The database role {name} is a superuser: row-level security does not bind it."
        )
    if bypasses:
        found.append(
            f"The database role {name} has BYPASSRLS: row-level security does not bind it."
        )
    if owns:
        found.append(f"The database role {name} owns tables: DATABASE_URL must name the app role.")
    return found


def _create(name: str, options: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_roles where rolname = %s", [name])
        if cursor.fetchone():
            return
    _execute(sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(name), options))


def _grant_mask(mask: str, app: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_has_role(%s, %s, 'member')", [app, mask])
        if cursor.fetchone()[0]:
            return
    _execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(mask), sql.Identifier(app)))


def _set_up_sessions(app: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('server_version_num')::int")
        has_transaction_timeout = cursor.fetchone()[0] >= 170000
    more = {"transaction_timeout": "60s"} if has_transaction_timeout else {}
    for name, value in (_SETTINGS | more).items():
        _execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(
                sql.Identifier(app), sql.Identifier(name), sql.Literal(value)
            )
        )


def _execute(statement: sql.Composable) -> None:
    raw: Any = connection.connection
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(raw))


def grant_plain_tables() -> None:
    """Let the app role use Django's own tables, and platform staff what a login needs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = 'public' and c.relkind = 'r' and not c.relrowsecurity"
            " and not c.relispartition and c.relname not in ('django_migrations',"
            " 'kolokol_partitioned')"
        )
        tables = [row[0] for row in cursor.fetchall()]
    app, support = (sql.Identifier(settings.DATABASE_ROLES[word]) for word in ("app", "support"))
    for table in tables:
        roles = [app, support] if table.startswith(_STAFF_TABLES) else [app]
        _execute(
            sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {}").format(
                sql.Identifier(table), sql.SQL(", ").join(roles)
            )
        )
    _execute(sql.SQL("GRANT SELECT ON django_migrations TO {}").format(app))
    _execute(
        sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}, {}").format(app, support)
    )
