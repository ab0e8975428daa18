"""Does row-level security hold, in the catalog and in deed?

Catalog: every table with tenant_id is ENABLEd and FORCEd and has its policies. Deed: without a
scope nothing is visible, and inside one salon's scope no row of another is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from tenants import rows
from tenants.scope import platform_scope, tenant_scope

REMEDY: Final = "run 'manage.py migrate', and let nobody but it change tables"

# The salon itself is protected by its id; a partition needs no policy, because nobody is granted
# access to it directly.
_TABLES: Final = """
select c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relispartition,
  coalesce((select array_agg(p.polname::text || ':' || array_to_string(array(
    select r.rolname::text from unnest(p.polroles) u(o) left join pg_roles r on r.oid = u.o), ','))
    from pg_policy p where p.polrelid = c.oid), '{}'),
  c.relispartition and exists (select 1 from unnest(%s::text[]) m(role)
    where has_table_privilege(m.role, c.oid, 'select'))
from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
where c.relkind in ('r', 'p') and (c.relname = 'tenants_tenant' or exists (
  select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id'
  and not a.attisdropped))
order by c.relname
"""


def rls_faults(now: datetime) -> list[str]:
    """Look at the catalog, then try."""
    names = settings.DATABASE_ROLES
    masks = [names[word] for word in ("app", "worker", "platform", "support")]
    tables = rows.fetch(_TABLES, [masks])
    found = [fault for table in tables for fault in _table_faults(*table)]
    parents = [name for name, _, _, is_partition, *_ in tables if not is_partition]
    return found + _visible_outside(parents) + _visible_inside(parents)


def _table_faults(
    name: str,
    is_on: bool,
    is_forced: bool,
    is_partition: bool,
    policies: list[str],
    is_open: bool,
) -> list[str]:
    if not (is_on and is_forced):
        return [f"The table {name} is not under forced row-level security: {REMEDY}."]
    if is_open:
        return [f"The partition {name} can be read directly, past its policies: {REMEDY}."]
    if is_partition:
        return []
    names = settings.DATABASE_ROLES
    wanted = {f"{word}:{names[word]}" for word in ("owner", "app", "worker", "support")}
    allowed = wanted | {f"platform:{names['platform']}"}
    missing, extra = wanted - set(policies), set(policies) - allowed
    return [
        f"The table {name} {verb} the policy {policy}: {REMEDY}."
        for verb, these in (("lacks", missing), ("has beside ours", extra))
        for policy in sorted(these)
    ]


def _visible_outside(tables: list[str]) -> list[str]:
    seen = [table for table in tables if _sees_any(table, "true")]
    return [f"Without a scope rows of {table} are visible: {REMEDY}." for table in seen]


def _visible_inside(tables: list[str]) -> list[str]:
    with platform_scope("the self-check needs a salon to stand in"):
        salon = rows.fetch("select id from tenants_tenant order by id desc limit 1")
    if not salon:
        return []
    found = []
    with tenant_scope(salon[0][0]):
        for table in tables:
            column = "id" if table == "tenants_tenant" else "tenant_id"
            if _sees_any(table, f"{column} <> current_setting('app.tenant_id')::uuid"):
                found.append(f"In one salon's scope other salons' {table} are visible: {REMEDY}.")
    return found


def _sees_any(table: str, condition: str) -> bool:
    statement = sql.SQL("select exists (select 1 from {} where {})").format(
        sql.Identifier(table),
        sql.SQL(condition),
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.as_string(cursor.connection))
        return bool(cursor.fetchone()[0])
