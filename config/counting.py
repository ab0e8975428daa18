"""How many API calls, how fast, with which answers? The same metrics as for pages, counted once.

django-prometheus asks for each metric's labels anew at every call: a tenth of a trigger.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponseBase
from django_prometheus.middleware import Metrics

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Counters(NamedTuple):
    """What one kind of call and answer counts into."""

    requests: Any  # the library has no types
    by_method: Any
    bytes_in: Any
    latency: Any
    view_latency: Any
    responses: Any
    by_status: Any
    by_view: Any
    bytes_out: Any


def count(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    """Count one answered call."""
    found = getattr(request, "resolver_match", None)
    method = request.method if request.method in _METHODS else "<invalid method>"
    to = _counters(found.view_name if found else "<unnamed view>", method, response.status_code)
    to.requests.inc()
    to.by_method.inc()
    to.bytes_in.observe(_length(request))
    to.latency.observe(seconds)
    to.view_latency.observe(seconds)
    to.responses.inc()
    to.by_status.inc()
    to.by_view.inc()
    to.bytes_out.observe(len(getattr(response, "content", b"")))


@lru_cache(maxsize=2_000)
def _counters(view: str, method: str, status: int) -> _Counters:
    kept = Metrics.get_instance()
    code = str(status)
    return _Counters(
        requests=kept.requests_total,
        by_method=kept.requests_by_method.labels(method=method),
        bytes_in=kept.requests_body_bytes,
        latency=kept.requests_latency_before,
        view_latency=kept.requests_latency_by_view_method.labels(view=view, method=method),
        responses=kept.responses_total,
        by_status=kept.responses_by_status.labels(status=code),
        by_view=kept.responses_by_status_view_method.labels(status=code, view=view, method=method),
        bytes_out=kept.responses_body_bytes,
    )


def _length(request: HttpRequest) -> int:
    given = request.META.get("CONTENT_LENGTH") or ""
    return int(given) if given.isdigit() else 0
