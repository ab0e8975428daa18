"""Every metric of the delivery path: name, labels, meaning, in one place.

Workers count what they settle; what must survive restarts is computed from PostgreSQL when
Prometheus asks (config.metrics).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from prometheus_client import Counter as Metric
from prometheus_client import Histogram

from notifications.models import QUEUES

SETTLED = Metric(
    "kolokol_settled_total", "Results that a worker has written, by log status", ["status"]
)
# Steps instead of a histogram: one addition per batch and step, in the path that must stay fast.
WITHIN_MS = (1_000, 5_000, 30_000, 300_000)
WITHIN = ("1", "5", "30", "300", "longer")
TAKEN = frozenset({"sent", "delivered"})
ACCEPTED = Metric(
    "kolokol_accepted_total",
    "Messages that a provider took, by queue and by how many seconds after their trigger;"
    " pauses and quiet hours included",
    ["queue", "within"],
)

# A quarter of a second is the provider's own; a day is what quiet hours and pauses can cost.
_SECONDS = (0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86400)
DELIVERED = Histogram(
    "kolokol_delivered_seconds",
    "From the moment a trigger was due until its message arrived, as the provider told",
    ["channel"],
    buckets=_SECONDS,
)
WEBHOOKS = Metric(
    "kolokol_webhooks_total",
    "Calls to salons' webhooks, by the delivery's state after it",
    ["state"],
)


def count(statuses: Iterable[str]) -> None:
    """Add a batch's log statuses."""
    for status, amount in Counter(statuses).items():
        if status:
            SETTLED.labels(status).inc(amount)


def accepted(sent: Iterable[tuple[int, UUID]], now: datetime) -> None:
    """Add what a batch has sent: number of the queue, and the notification."""
    now_ms = int(now.timestamp() * 1000)
    ages = Counter((queue, bisect_left(WITHIN_MS, now_ms - (key.int >> 80))) for queue, key in sent)
    for (queue, step), amount in ages.items():
        ACCEPTED.labels(QUEUES[queue], WITHIN[step]).inc(amount)


def delivered(channel: str, seconds: float) -> None:
    """Note how long one message took. channel: kind of its address."""
    DELIVERED.labels(channel).observe(max(0.0, seconds))
