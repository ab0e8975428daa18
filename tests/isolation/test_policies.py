"""What does the database itself say of its tables: policies, grants, partitions, doors."""

# ruff: noqa: S608  (names of tables and columns come from our own models)
from __future__ import annotations

import pytest
from django.conf import settings
from django.db import ProgrammingError, connection

from tenants.scope import tenant_scope
from tests.for_each import for_each
from tests.isolation.planting import forget_open_work, plant, superuser, table_of
from tests.isolation.tables import TABLES

VERBS = ("select", "insert", "update", "delete")
#: What runs with the owner's rights, hence past row-level security: few, and each for a reason.
DOORS = {
    "kolokol_make_partitions": "app",
    "kolokol_enter": "app",
    "kolokol_memberships": "app",
    "kolokol_integration_tenant": "app",
    "kolokol_integrations_by_route": "app",
    "kolokol_keep_callbacks": "app",
    "kolokol_callback_home": "platform",
    "kolokol_take": "platform",
    "kolokol_claim_suspect": "platform",
    "kolokol_sweep": "platform",
    "kolokol_webhooks_due": "platform",
    "kolokol_config_changed": "trigger",
}
every_table = for_each("name", TABLES)


def test_a_session_of_the_app_role_holds_no_snapshot_long_and_compiles_no_plan():
    with superuser() as one:
        role = settings.DATABASE_ROLES["app"]
        (begun_with,) = one.execute(
            "select rolconfig from pg_roles where rolname = %s", [role]
        ).fetchone()

    assert {"statement_timeout=30s", "idle_in_transaction_session_timeout=10s", "jit=off"} <= set(
        begun_with
    )


def test_every_partition_is_protected_and_granted_to_nobody():
    with superuser() as one:
        rows = one.execute(
            "select c.relname, c.relrowsecurity and c.relforcerowsecurity, array(select r from"
            " unnest(%s::text[]) r where has_table_privilege(r, c.oid, 'select')) from pg_class c"
            " join pg_inherits i on i.inhrelid = c.oid where c.relkind = 'r'",
            [[settings.DATABASE_ROLES[who] for who in ("app", "worker", "support", "platform")]],
        ).fetchall()

    assert len(rows) >= 4 * 5  # four tables, a month behind and three ahead
    assert [row for row in rows if not row[1] or row[2]] == []


def test_a_partition_cannot_be_read_around_its_table():
    alice = plant()
    forget_open_work()

    for name in ("event", "notification", "message", "logentry"):
        with superuser() as one:
            found = one.execute(
                f"select tableoid::regclass::text from notifications_{name} limit 1".encode()
            ).fetchone()
        assert found is not None
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            tenant_scope(alice.tenant.pk),
        ):
            connection.cursor().execute(f"select 1 from {found[0]}")


@every_table
def test_policies_are_the_expected_ones(name):
    table = TABLES[name]
    roles = settings.DATABASE_ROLES
    with superuser() as one:
        found = {
            row[0]: row[1:]
            for row in one.execute(
                "select policyname, roles::text[], cmd, permissive, qual, with_check"
                " from pg_policies where tablename = %s",
                [table_of(name)],
            ).fetchall()
        }

    wanted = {"owner", "app", "worker", "support"} | ({"platform"} if table.platform else set())
    assert found.keys() == wanted
    assert {policy: row[0] for policy, row in found.items()} == {x: [roles[x]] for x in wanted}
    assert {policy: row[1] for policy, row in found.items() if row[1] != "ALL"} == {
        "support": "SELECT"
    }
    assert {row[4] for row in found.values()} == {None}  # USING is the check of writes too
    for policy, setting in (("app", "app.tenant_id"), ("worker", "app.tenant_ids")):
        assert found[policy][3].startswith(f"({table.column} = ")
        assert f"'{setting}'" in found[policy][3]


@every_table
def test_grants_are_the_expected_ones(name):
    table = TABLES[name]
    wanted = {
        "app": table.verbs,
        "worker": table.verbs,
        "support": "select",
        "platform": table.platform,
    }

    with superuser() as one:
        for who, verbs in wanted.items():
            found = [
                verb
                for verb in (*VERBS, "truncate")
                if one.execute(
                    "select has_table_privilege(%s, %s, %s)",
                    [settings.DATABASE_ROLES[who], table_of(name), verb],
                ).fetchall()[0][0]
            ]
            assert " ".join(found) == verbs, who


def test_few_functions_run_with_the_owners_rights_and_each_is_known():
    with superuser() as one:
        found = one.execute(
            "select proname, has_function_privilege(%s, oid, 'execute'),"
            " has_function_privilege(%s, oid, 'execute'),"
            " exists(select 1 from aclexplode(proacl) where grantee = 0),"
            " array_to_string(proconfig, ' ') like '%%search_path=public%%'"
            " from pg_proc where prosecdef and pronamespace = 'public'::regnamespace",
            [settings.DATABASE_ROLES["app"], settings.DATABASE_ROLES["platform"]],
        ).fetchall()

    rights = {"app": (True, False, False), "platform": (False, True, False)}
    assert {name for name, *_ in found} == DOORS.keys()
    for name, *may, has_path in found:
        assert has_path, name
        if DOORS[name] != "trigger":  # PostgreSQL itself calls those
            assert tuple(may) == rights[DOORS[name]], name


def test_the_app_role_is_bound_by_row_level_security():
    with superuser() as one:
        found = one.execute(
            "select rolname from pg_roles where rolname = any(%s) and (rolsuper or rolbypassrls)",
            [[settings.DATABASE_ROLES[who] for who in ("app", "worker", "support", "platform")]],
        ).fetchall()

    assert found == []
