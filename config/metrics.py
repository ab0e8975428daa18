"""What does Prometheus learn about the work that is open? Counted in PostgreSQL when it asks.

So the numbers are right after restarts and for any number of processes. No label names a salon:
a metric of one salon is nobody else's business, and salons are many.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Final

from django.db import DatabaseError, InterfaceError
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from notifications.models import QUEUES, DueState
from tenants import rows
from tenants.rotation import read_keys_due
from tenants.scope import current, support_scope

# A range's recipients are leased (2) without a line each.
_LINES: Final = """
select queue, state, sum(lines)::bigint from (
  select queue, state, count(*) as lines from notifications_due group by queue, state
  union all select queue, 2, sum(remaining) from notifications_range group by queue
) work group by queue, state
"""
_OLDEST: Final = """
select queue, extract(epoch from now() - min(due_at))::float8 from (
  select queue, due_at from notifications_due
  union all select queue, due_at from notifications_range
) work where due_at <= now() group by queue
"""
_LEASES: Final = """
select count(*) from (
  select batch_id from notifications_due where state = 2
  union select batch_id from notifications_range
) work
"""
_CHUNKS: Final = "select queue, count(*) from notifications_chunk group by queue"
_LETTERS: Final = "select count(*) from notifications_deadletter where replayed_at is null"
_INTEGRATIONS: Final = "select provider, state, count(*) from channels_integration group by 1, 2"

DOCUMENTED: Final = {
    "kolokol_database_up": "1 when PostgreSQL answered this scrape",
    "kolokol_due_lines": "Lines of open work by queue and state",
    "kolokol_due_oldest_seconds": "How late the oldest line is that is due now",
    "kolokol_leases": "Batches that workers hold now",
    "kolokol_waiting_chunks": "Chunks of some 500 recipients that wait",
    "kolokol_dead_letters": "Notifications that ended in failure and were not replayed",
    "kolokol_keys_due": "API keys past their rotation date",
    "kolokol_integrations": "Accounts at providers by state",
}
_LABELS: Final = {
    "kolokol_due_lines": ("queue", "state"),
    "kolokol_due_oldest_seconds": ("queue",),
    "kolokol_waiting_chunks": ("queue",),
    "kolokol_integrations": ("provider", "state"),
}


Values = dict[tuple[str, ...], float]  # labels -> value


class OpenWork(Collector):
    """Collects at each scrape; a database that is away is a number, not an error page."""

    def describe(self) -> list[GaugeMetricFamily]:
        """Name the metrics without asking the database."""
        return [_family(name) for name in DOCUMENTED]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask the database."""
        up = _family("kolokol_database_up")
        try:
            families = measure(datetime.now(UTC))
        except (DatabaseError, InterfaceError):
            families = []
        up.add_metric([], 1.0 if families else 0.0)
        yield up
        yield from families


def measure(now: datetime) -> list[GaugeMetricFamily]:
    """Count open work, one query for each metric."""
    with _reading():
        return [
            _queued("kolokol_due_lines", _by_state(rows.fetch(_LINES))),
            _queued("kolokol_due_oldest_seconds", _by_queue(rows.fetch(_OLDEST))),
            _queued("kolokol_waiting_chunks", _by_queue(rows.fetch(_CHUNKS))),
            _single("kolokol_leases", rows.fetch(_LEASES)[0][0]),
            _single("kolokol_dead_letters", rows.fetch(_LETTERS)[0][0]),
            _queued(
                "kolokol_integrations", {(p, state): n for p, state, n in rows.fetch(_INTEGRATIONS)}
            ),
            _single("kolokol_keys_due", len(read_keys_due(now))),
        ]


def _reading() -> AbstractContextManager[None]:
    """Read all salons; a page of platform staff does so already."""
    scope = current()
    if scope is not None and scope.kind == "support":
        return nullcontext()
    return support_scope("open work of all salons is counted")


def _by_state(found: list[rows.Row]) -> Values:
    values: Values = {(queue, state.name.lower()): 0.0 for queue in QUEUES for state in DueState}
    for queue, state, count in found:
        values[QUEUES[queue], DueState(state).name.lower()] = float(count)
    return values


def _by_queue(found: list[rows.Row]) -> Values:
    values: Values = {(queue,): 0.0 for queue in QUEUES}
    for queue, value in found:
        values[(QUEUES[queue],)] = float(value)
    return values


def _queued(name: str, values: Values) -> GaugeMetricFamily:
    family = _family(name)
    for labels, value in values.items():
        family.add_metric(list(labels), value)
    return family


def _single(name: str, value: float) -> GaugeMetricFamily:
    family = _family(name)
    family.add_metric([], value)
    return family


def _family(name: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, DOCUMENTED[name], labels=_LABELS.get(name, ()))


def register() -> None:
    """Add the collector to this process's registry, once."""
    if not _registered:
        REGISTRY.register(OpenWork())
        _registered.append(True)


_registered: list[bool] = []
