"""Which messages were in flight when a fault struck: what the database says about it.

A line with a message id is being sent, or was interrupted while it was; so is one of a batch that
is sending, unless it waits for room, and who is left in its ranges. A killed or stopped worker
changes nothing any more, so its lines, read after the signal, are exactly what it had in flight.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

_LINES = """
select coalesce(d.message_id, kolokol_message_id(b.id, d.id))::text from notifications_due d
{join} notifications_batch b on b.id = d.batch_id
where (d.message_id is not null or b.is_sending and d.state = 2 and d.flags & 256 = 0)
"""
# Members of ranges: those who have not ended, and have no line.
_RANGES = """
union all select kolokol_message_id(b.id, kolokol_line(m.range_id, m.place))::text
from notifications_batch b cross join lateral (
  select r.id as range_id, n.id, n.finished_at,
    row_number() over (partition by r.id order by n.id) as place
  from notifications_range r join notifications_notification n on n.event_id = r.event_id
    and n.chunk_id = r.chunk_id and n.id > r.after and n.id <= r.last
  where r.batch_id = b.id) m
where b.is_sending and m.finished_at is null
  and not exists (select 1 from notifications_due d where d.notification_id = m.id)
"""
_ITS = " and b.worker = %(worker)s"
OF_WORKER = _LINES.format(join="join") + _ITS + _RANGES + _ITS
# Not those that wait for their next attempt: they keep the id of one that was answered.
OF_ALL = _LINES.format(join="left join") + " and d.state <> 0" + _RANGES
# A batch without lines is only a lease that runs out; the sweep forgets it then.
OPEN = """
select (select count(*) from notifications_due), (select count(*) from notifications_chunk),
  (select count(*) from notifications_range), (select count(*) from notifications_fanout),
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
        return {row[0] for row in self.rows(OF_WORKER, {"worker": name})}

    def of_all(self) -> set[str]:
        """Name everything in flight."""
        return {row[0] for row in self.rows(OF_ALL)}

    def open_work(self) -> tuple[int, ...]:
        """Count lines, chunks, ranges, fan-outs and batches."""
        return tuple(self.rows(OPEN)[0])

    def rows(self, query: str, values: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Read, waiting for a server that is just coming back."""
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = psycopg.connect(self.url, autocommit=True, connect_timeout=5)
                return self._connection.execute(query, values).fetchall()
            except psycopg.OperationalError:
                self.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
