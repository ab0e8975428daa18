"""The short way to PostgreSQL: rows and errors as Django gives them, one send to begin and ask."""

from __future__ import annotations

import tempfile

import psycopg
import pytest
from django.conf import settings
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from tenants import rows
from tenants.ids import uuid7


def sent(work) -> list[str]:
    """List what libpq sends: its own trace."""
    connection.ensure_connection()
    with tempfile.TemporaryFile() as trace:
        wire = connection.connection.pgconn
        wire.trace(trace.fileno())
        try:
            work()
        finally:
            wire.untrace()
        trace.seek(0)
        lines = (line.split("\t") for line in trace.read().decode().splitlines())
        return [parts[3] for parts in lines if parts[1] == "F" and parts[3] in ("Query", "Execute")]


def in_one_block(statement: str) -> None:
    with transaction.atomic():
        rows.fetch(statement)
        rows.commit()


def test_values_come_back_as_they_went():
    key, moment = uuid7(), timezone.now()
    given = {"a": 1, "b": "it's \"\\ %s", "c": None, "d": key, "e": moment, "f": ["x", "'"]}

    found = rows.fetch(
        "select %(a)s::int, %(b)s::text, %(c)s::text, %(d)s::uuid, %(e)s::timestamptz,"
        " %(f)s::text[], '{\"g\": [2]}'::jsonb, 7 %% 4, %(a)s::int",
        given,
    )

    assert found == [(*given.values(), {"g": [2]}, 3, 1)]


def test_the_first_statement_of_a_block_takes_its_values_as_they_are():
    key, text = uuid7(), "'); drop table tenants_tenant; -- \\ ü"

    with transaction.atomic():
        found = rows.fetch(
            "select %s::uuid, %s::text, %s::bigint, %s::text[], %s::text, %s::uuid[]",
            [key, text, 2**40, [text], None, [key, key]],
        )

    assert found == [(key, text, 2**40, [text], None, [key, key])]


def test_a_block_begins_with_its_first_statement_and_commits_once():
    in_one_block("select 1")

    assert sent(lambda: in_one_block("select 1")) == ["Query", "Query"]


def test_the_same_statement_with_larger_numbers_is_another_plan():
    assert [rows.fetch("select %s + 0", [n])[0][0] for n in (5, 70_000, 2**40)] == [
        5,
        70_000,
        2**40,
    ]


def test_errors_are_djangos_and_undo_the_block():
    with pytest.raises(DataError), transaction.atomic():
        rows.fetch("select 1 / %s::int", [0])
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.run("insert into tenants_user (password) values (null)")

    assert rows.fetch("select 1") == [(1,)]


def test_a_block_that_is_to_be_undone_is_not_committed_early():
    name = f"t{uuid7().hex}"
    with transaction.atomic():
        rows.run(f"create temporary table {name} ()")
        transaction.set_rollback(True)
        rows.commit()

    assert rows.fetch("select to_regclass(%s::text)", [name]) == [(None,)]


def test_an_inner_block_commits_nothing():
    with transaction.atomic():
        rows.fetch("select 1")
        with transaction.atomic():
            rows.commit()
        assert (
            connection.connection.pgconn.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        )


def test_a_connection_that_the_server_has_ended_is_a_lost_one():
    pid = rows.fetch("select pg_backend_pid()")[0][0]
    with psycopg.connect(settings.SERVERS.superuser_url, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", [pid])

    for _ in range(2):
        with pytest.raises(OperationalError):
            rows.fetch("select 1")
    connection.close()

    assert rows.fetch("select 1") == [(1,)]
