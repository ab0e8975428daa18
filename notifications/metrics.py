"""Every metric of the delivery path: name, labels, meaning, in one place.

Workers count what they settle; what must survive restarts is computed from PostgreSQL when
Prometheus asks (config.metrics).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from prometheus_client import Counter as Metric

SETTLED = Metric(
    "kolokol_settled_total", "Results that a worker has written, by log status", ["status"]
)


def count(statuses: Iterable[str]) -> None:
    """Add a batch's log statuses."""
    for status, amount in Counter(statuses).items():
        if status:
            SETTLED.labels(status).inc(amount)
