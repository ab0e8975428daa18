"""Which messages were in flight when a fault struck: what the database says about it.

A line with a message id is being sent, or was interrupted while it was; so is one of a batch that
is sending, unless it waits for room. A killed or stopped worker
changes nothing any more, so its lines, read after the signal, are exactly what it had in flight.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

_FLYING = """
select coalesce(d.message_id, kolokol_message_id(b.id, d.id))::text from notifications_due d
{join} notifications_batch b on b.id = d.batch_id
where (d.message_id is not null or b.is_sending and d.state = 2 and d.flags & 256 = 0)
"""
OF_WORKER = _FLYING.format(join="join") + "and b.worker = %s"
# Not those that wait for their next attempt: they keep the id of one that was answered.
OF_ALL = _FLYING.format(join="left join") + "and d.state <> 0"
# A batch without lines is only a lease that runs out; the sweep forgets it then.
OPEN = """
select (select count(*) from notifications_due), (select count(*) from notifications_chunk),
  (select count(*) from notifications_fanout),
  (select count(*) from notifications_batch b where b.lease_until < now() - interval '10 seconds'
    or exists (select 1 from notifications_due d where d.batch_id = b.id))
"""
COMMIT_S = 0.1  # a commit that was on its way when the signal came


@dataclass
class Watch:
    """Reads over all tenants as the tables' owner; reconnects when the server was away."""

    url: str
    patience_s: float = 90.0
    _connection: psycopg.Connection[Any] | None = field(default=None)

    def of_worker(self, pid: int) -> set[str]:
        """Name what a worker that has just been stopped or killed left in flight."""
        time.sleep(COMMIT_S)
        name = f"{socket.gethostname()}:{pid}"[:64]
        return {row[0] for row in self.rows(OF_WORKER, [name])}

    def of_all(self) -> set[str]:
        """Name everything in flight."""
        return {row[0] for row in self.rows(OF_ALL)}

    def open_work(self) -> tuple[int, ...]:
        """Count lines, chunks, fan-outs and batches."""
        return tuple(self.rows(OPEN)[0])

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Read, waiting for a server that is just coming back."""
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = psycopg.connect(self.url, autocommit=True, connect_timeout=5)
                return self._connection.execute(query, values or None).fetchall()
            except psycopg.OperationalError:
                self.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
