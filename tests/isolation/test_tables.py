"""A salon's row is another salon's nothing: every table, every role, every verb."""

# ruff: noqa: S608  (names of tables and columns come from our own models)
from __future__ import annotations

import json

import pytest
from django.db import ProgrammingError, connection

from tenants.scope import OutsideScope, batch_scope, platform_scope, support_scope, tenant_scope
from tests.for_each import for_each
from tests.isolation.planting import (
    forget_open_work,
    model_of,
    our_models,
    plant,
    superuser,
    table_of,
)
from tests.isolation.tables import CLOSED, GUARDED, OPEN, PLAIN, TABLES

OURS = ("tenants_", "channels_", "notifications_", "campaigns_", "config_", "kolokol_")
REFUSED = "permission denied|row-level security"
#: Tables of the database that carry no row-level security, beside Django's own and PLAIN.
UNPROTECTED = {"kolokol_partitioned"}  # names of tables
every_table = for_each("name", TABLES)


@pytest.fixture(scope="module")
def salons(django_db_setup, django_db_blocker):
    """Alice's salon, whose rows are wanted, and Charlie's, who wants them."""
    with django_db_blocker.unblock():
        yield plant(), plant()
        forget_open_work()


def test_every_model_stands_on_the_list():
    assert our_models() == TABLES.keys() | PLAIN.keys() | GUARDED.keys() | CLOSED | OPEN


def test_no_table_of_the_database_is_forgotten():
    plain = {table_of(name) for name in PLAIN} | UNPROTECTED

    with superuser() as one:
        found = one.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'p', 'v', 'm') and not (relrowsecurity and relforcerowsecurity)"
        ).fetchall()

    assert {name for (name,) in found if name.startswith(OURS)} == plain


@every_table
@for_each("role", ["app", "worker"])
def test_no_verb_touches_the_other_salons_rows(salons, name, role):
    alice, charlie = salons
    table, where = table_of(name), f"where {TABLES[name].column} = %s"
    statements = {
        "select": f"select 1 from {table} {where}",
        "update": f"update {table} set id = id {where}",
        "delete": f"delete from {table} {where}",
    }

    for verb, statement in statements.items():
        if verb not in TABLES[name].verbs:
            with pytest.raises(ProgrammingError, match="permission denied"), scope(role, charlie):
                run(statement, alice.tenant.pk)
            continue
        with scope(role, charlie):
            assert run(statement, alice.tenant.pk) == 0
    with scope(role, charlie):
        assert run(f"select 1 from {table} {where}", charlie.tenant.pk) >= 1
        assert read(f"select count(*) from {table}") == own_count(name, charlie)


@every_table
@for_each("role", ["app", "worker"])
def test_nothing_can_be_put_into_the_other_salon(salons, name, role):
    alice, charlie = salons
    table = table_of(name)
    theirs = raw_row(name, alice)

    with pytest.raises(ProgrammingError, match="row-level security"), scope(role, charlie):
        run(
            f"insert into {table} select * from jsonb_populate_record(null::{table}, %s::jsonb)",
            json.dumps(theirs),
        )


@every_table
@for_each("role", ["app", "worker"])
def test_no_own_row_can_be_moved_into_the_other_salon(salons, name, role):
    alice, charlie = salons
    column = TABLES[name].column

    with pytest.raises(ProgrammingError, match=REFUSED), scope(role, charlie):
        run(f"update {table_of(name)} set {column} = %s", alice.tenant.pk)


@every_table
def test_without_a_scope_there_are_no_rows(salons, name):
    assert read(f"select count(*) from {table_of(name)}") == 0
    with batch_scope([]):
        assert read(f"select count(*) from {table_of(name)}") == 0


@every_table
def test_the_orm_refuses_to_ask_without_a_scope(salons, name):
    rows = model_of(name)._default_manager.all()

    for ask in (rows.count, rows.exists, rows.first, rows.delete, lambda: list(rows)):
        with pytest.raises(OutsideScope):
            ask()
    with pytest.raises(OutsideScope):
        rows.update(id=None)


@every_table
def test_the_orm_finds_nothing_of_the_other_salon(salons, name):
    alice, charlie = salons
    theirs = alice.of(name)

    with tenant_scope(charlie.tenant.pk):
        rows = model_of(name)._default_manager
        assert not rows.filter(pk=theirs.pk).exists()
        assert rows.filter(pk=charlie.of(name).pk).exists()


@every_table
def test_a_batch_sees_exactly_its_tenants(salons, name):
    alice, charlie = salons
    column = TABLES[name].column

    with batch_scope([alice.tenant.pk, charlie.tenant.pk]):
        found = run(f"select distinct {column} from {table_of(name)}")

    assert found == 2


@every_table
def test_support_reads_all_and_writes_nothing(salons, name):
    table, column = table_of(name), TABLES[name].column

    with support_scope("a test"):
        for salon in salons:
            assert run(f"select 1 from {table} where {column} = %s", salon.tenant.pk) >= 1
    for statement in (f"update {table} set id = id", f"delete from {table}"):
        with pytest.raises(ProgrammingError, match="permission denied"), support_scope("a test"):
            run(statement)
    with pytest.raises(ProgrammingError, match="permission denied"), support_scope("a test"):
        run(f"insert into {table} select * from {table} limit 1")


@every_table
def test_the_platform_role_may_do_only_what_it_was_granted(salons, name):
    table = table_of(name)
    statements = {
        "select": f"select 1 from {table}",
        "insert": f"insert into {table} select * from {table} limit 1",
        "update": f"update {table} set id = id where false",
        "delete": f"delete from {table} where false",
    }

    for verb, statement in statements.items():
        if verb in TABLES[name].platform.split():
            with platform_scope("a test"):
                run(statement)
            continue
        with pytest.raises(ProgrammingError, match="permission denied"), platform_scope("a test"):
            run(statement)


@pytest.mark.parametrize(("name", "secret"), GUARDED.items())
def test_a_salon_may_use_the_platforms_rows_and_neither_write_them_nor_read_secrets(
    salons, name, secret
):
    table, charlie = table_of(name), salons[1]
    refused = (
        f"select {secret} from {table}",
        f"insert into {table} select * from {table}",
        f"update {table} set id = id",
        f"delete from {table}",
    )

    for statement in refused:
        with pytest.raises(ProgrammingError, match=REFUSED), scope("app", charlie):
            run(statement)
    for statement in refused[1:]:
        with pytest.raises(ProgrammingError, match=REFUSED), scope("worker", charlie):
            run(statement)
    with scope("app", charlie):
        run(f"select id, state from {table}")
    with scope("worker", charlie):
        run(f"select {secret} from {table}")


@for_each("name", sorted(CLOSED))
@for_each(
    "verb",
    ["select 1 from", "insert into {0} select * from", "update {0} set id = id", "delete from"],
)
def test_a_salon_may_do_nothing_with_what_is_nobodys_yet(salons, name, verb):
    table = table_of(name)
    statement = verb.format(table) if "set" in verb else f"{verb.format(table)} {table}"

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        tenant_scope(salons[1].tenant.pk),
    ):
        run(statement)


def scope(role, salon):
    if role == "worker":
        return batch_scope([salon.tenant.pk])
    return tenant_scope(salon.tenant.pk)


def run(statement, *values):
    """Run as the role of the open scope; return how many rows it touched or gave."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def read(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def own_count(name, salon):
    with superuser() as one:
        return one.execute(
            f"select count(*) from {table_of(name)} where {TABLES[name].column} = %s".encode(),
            [salon.tenant.pk],
        ).fetchall()[0][0]


def raw_row(name, salon):
    with superuser() as one:
        return one.execute(
            f"select to_jsonb(t) from {table_of(name)} t where id = %s".encode(),
            [salon.of(name).pk],
        ).fetchall()[0][0]
