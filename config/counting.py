"""How many API calls, how fast, with which answers? The metrics of pages that tell it, and no more.

django-prometheus counts each call into ten metrics and looks for their labels anew every time: a
tenth of a trigger. By status and by method can be summed from by status, view and method.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from django_prometheus.middleware import Metrics

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Counters(NamedTuple):
    """What one kind of call and answer counts into."""

    requests: Any  # the library has no types
    responses: Any
    by_view: Any
    latency: Any
    view_latency: Any


def count(view: str, method: str | None, status: int, seconds: float) -> None:
    """Count one answered call. view: name of its route, "" when there is none."""
    known = method if method in _METHODS else "<invalid method>"
    to = _counters(view or "<unnamed view>", known, status)
    to.requests.inc()
    to.responses.inc()
    to.by_view.inc()
    to.latency.observe(seconds)
    to.view_latency.observe(seconds)


@lru_cache(maxsize=2_000)
def _counters(view: str, method: str, status: int) -> _Counters:
    kept = Metrics.get_instance()
    by_view = kept.responses_by_status_view_method
    return _Counters(
        requests=kept.requests_total,
        responses=kept.responses_total,
        by_view=by_view.labels(status=str(status), view=view, method=method),
        latency=kept.requests_latency_before,
        view_latency=kept.requests_latency_by_view_method.labels(view=view, method=method),
    )
