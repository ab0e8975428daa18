"""Every metric of the delivery path: name, labels, meaning, in one place.

Workers count what they settle; what must survive restarts is computed from PostgreSQL when
Prometheus asks (config.metrics).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from prometheus_client import Counter as Metric
from prometheus_client import Histogram

SETTLED = Metric(
    "kolokol_settled_total", "Results that a worker has written, by log status", ["status"]
)
# A quarter of a second is the provider's own; a day is what quiet hours and pauses can cost.
_SECONDS = (0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86400)
DELIVERED = Histogram(
    "kolokol_delivered_seconds",
    "From the moment a trigger was due until its message arrived, as the provider told",
    ["channel"],
    buckets=_SECONDS,
)


def count(statuses: Iterable[str]) -> None:
    """Add a batch's log statuses."""
    for status, amount in Counter(statuses).items():
        if status:
            SETTLED.labels(status).inc(amount)


def delivered(channel: str, seconds: float) -> None:
    """Note how long one message took. channel: kind of its address."""
    DELIVERED.labels(channel).observe(max(0.0, seconds))
