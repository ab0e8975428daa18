"""Run one SQL statement with prepared plans and server-side parameters: the engine's way in.

Django's own cursor writes parameters into the text, so no plan is ever kept; psycopg's keeps plans,
but its generators cost more than most statements here. So libpq is called straight: one call, one
answer. Rows come back as tuples, errors as Django's own. Callers open the scope first; this module
only executes.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.abc import Buffer, PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.types.json import JsonbLoader
from psycopg.waiting import Ready, Wait

Row = tuple[Any, ...]
Params = Sequence[Any] | dict[str, Any]
_Call = tuple[bytes, Sequence[Buffer | None], Sequence[Any] | None]  # name, values, formats

_PLACE = re.compile(r"%(?:\((\w+)\))?s|%%")


def fetch(sql: str, params: Params = ()) -> list[Row]:
    """Run a statement that gives rows."""
    connection = connections[DEFAULT_DB_ALIAS]
    with connection.wrap_database_errors:
        session = _session(connection)
        return session.read(session.execute(sql, params))


def run(sql: str, params: Params = ()) -> int:
    """Run a statement that gives no rows; return how many it touched."""
    connection = connections[DEFAULT_DB_ALIAS]
    with connection.wrap_database_errors:
        return _session(connection).execute(sql, params).command_tuples or 0


def fetch_last(statements: Sequence[tuple[str, Params]]) -> list[Row]:
    """Run statements as one transaction on one way to the server; give the last one's rows.

    Not inside a transaction. An error means that nothing is written, unless the connection was
    lost: then nobody knows.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    with connection.wrap_database_errors:
        session = _session(connection)
        return session.read(session.execute_all(statements))


def commit() -> None:
    """Commit the outermost block's transaction just before the block ends."""
    connection = connections[DEFAULT_DB_ALIAS]
    is_outermost = len(connection.atomic_blocks) == 1
    if is_outermost and connection.connection is not None and not connection.needs_rollback:
        with connection.wrap_database_errors:
            _session(connection).commit()


class Session:
    """One connection: its prepared statements, and how values are written and read."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        context = psycopg.Cursor(connection)
        # Django leaves jsonb as text for its own fields to read; here it comes as values.
        context.adapters.register_loader("jsonb", _Json)
        self.values = Transformer(context)
        self.names: dict[tuple[str, tuple[int, ...]], bytes] = {}

    def execute(self, sql: str, params: Params) -> PGresult:
        """Send one statement and wait for its answer; open the transaction that Django wants."""
        wire = self.connection.pgconn
        given, call = self._prepared(sql, params)
        if wire.transaction_status == TransactionStatus.IDLE and not self.connection.autocommit:
            return self._checked(wire.exec_(self._begin_with(call[0], given)))
        return self._checked(wire.exec_prepared(*call))  # type: ignore[arg-type]  # NULLs, too

    def execute_all(self, statements: Sequence[tuple[str, Params]]) -> PGresult:
        """Send statements together, which PostgreSQL runs as one transaction; give the last answer.

        Their values go beside them, not in their text: PostgreSQL logs the texts of what fails.
        """
        wire = self.connection.pgconn
        calls = [self._prepared(*statement)[1] for statement in statements]
        wire.enter_pipeline_mode()
        for call in calls:
            wire.send_query_prepared(*call)
        wire.pipeline_sync()
        answers = [self._checked(answer) for answer in self.connection.wait(_answers(wire))]
        return answers[-1]

    def read(self, result: PGresult) -> list[Row]:
        """Give the rows of an answer."""
        self.values.set_pgresult(result)
        found = self.values.load_rows(0, result.ntuples, tuple)
        self.values.set_pgresult(None)
        return found

    def commit(self) -> None:
        """End the transaction, if one is open."""
        wire = self.connection.pgconn
        if wire.transaction_status == TransactionStatus.INTRANS:
            self._checked(wire.exec_(b"COMMIT"))

    def _prepared(self, sql: str, params: Params) -> tuple[list[Any], _Call]:
        """Prepare a statement once; give its values in order, and what libpq is called with."""
        text, order = _translated(sql)
        given = [params[name] for name in order] if isinstance(params, dict) else list(params)
        written = self.values.dump_sequence(given, [PyFormat.AUTO] * len(given))
        types = self.values.types or ()
        name = self.names.get((sql, types)) or self._prepare(sql, text, types)
        return given, (name, written, self.values.formats)

    def _prepare(self, sql: str, text: bytes, types: tuple[int, ...]) -> bytes:
        name = f"rows_{len(self.names)}".encode()
        self._checked(self.connection.pgconn.prepare(name, text, types))
        self.names[sql, types] = name
        return name

    def _begin_with(self, name: bytes, given: Sequence[Any]) -> bytes:
        """Begin and execute on one way; only texts can share one, so the values become literals."""
        literals = b",".join(map(self.values.as_literal, given))
        return b"BEGIN; EXECUTE %b%b" % (name, b"(%b)" % literals if literals else b"")

    def _checked(self, result: PGresult) -> PGresult:
        if result.status != ExecStatus.FATAL_ERROR:
            return result
        if self.connection.pgconn.status != ConnStatus.OK:
            raise psycopg.OperationalError(result.get_error_message())
        raise psycopg.errors.error_from_result(result)


def _answers(wire: PGconn) -> PQGen[list[PGresult]]:
    """Send what is written and wait for the answers to all of it; end the pipeline."""
    while wire.flush():
        if (yield Wait.RW) & Ready.R:
            wire.consume_input()
    answers: list[PGresult] = []
    while True:
        while wire.is_busy():
            yield Wait.R
            wire.consume_input()
        answer = wire.get_result()
        if answer is None and wire.status != ConnStatus.OK:
            raise psycopg.OperationalError("the connection was lost")
        if answer is not None and answer.status == ExecStatus.PIPELINE_SYNC:
            wire.exit_pipeline_mode()
            return answers
        if answer is not None:
            answers.append(answer)


class _Json(JsonbLoader):
    """Most objects of a hot row are empty."""

    def load(self, data: Buffer) -> Any:
        text = str(data, "utf-8")
        return {} if text == "{}" else json.loads(text)


class _Kept(threading.local):
    """A thread's session, as long as its connection lives."""

    session: Session | None = None


_kept = _Kept()


def _session(connection: Any) -> Session:
    connection.ensure_connection()
    session = _kept.session
    if session is None or session.connection is not connection.connection:
        session = _kept.session = Session(connection.connection)
    return session


@lru_cache(maxsize=1_000)
def _translated(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """Write %s and %(name)s as PostgreSQL's $1, $2; give the names in that order."""
    names: list[str] = []

    def place(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        name = found[1] or str(len(names))
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _PLACE.sub(place, sql).encode(), tuple(names)
