"""What is the same about every call to a provider, whichever client makes it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

import certifi

from channels.errors import DeliveryError, NotStarted, Permanent
from channels.request import HttpRequest, HttpResponse

MAX_BODY_BYTES = 64 * 1024
CONNECT_TIMEOUT_S = 5.0
# A call that starts later could be answered when another worker already owns the row.
LEASE_MARGIN_S = 5.0
#: What belongs to the connection. Tenants share connections: who says himself where his request
#: ends puts another one behind it, whose answer goes to somebody else.
OF_CONNECTION = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.1

log = logging.getLogger("channels.calls")


def host_of(url: str) -> str:
    """Read the host of an http or https URL; raises Permanent for any other URL."""
    host = _host(url)
    if not host:
        raise Permanent("target is not an http or https URL")
    return host


def may_carry(names: Iterable[str]) -> bool:
    """Say whether a call may have headers of these names."""
    return all(_HEADER_NAME.fullmatch(name) and name.lower() not in OF_CONNECTION for name in names)


def time_allowed(timeout_s: float, *, lease_end: float, now: float) -> float:
    """Cut a time-out at the lease's end (monotonic); raises NotStarted when it is too near."""
    left = lease_end - now
    if left <= LEASE_MARGIN_S:
        raise NotStarted("the lease ends too soon")
    return min(timeout_s, left)


def ca_bundle(request: HttpRequest) -> str:
    """Name the certificates to trust; never the system's, which differ from machine to machine."""
    return request.ca_file or certifi.where()


def log_call(method: str, url: str, result: HttpResponse | DeliveryError, took_s: float) -> None:
    """Write one line per call. Path, query, headers and body stay out: tokens live there.

    A taken message is a line of the delivery log already, so its call is told at DEBUG only.
    """
    is_fine = isinstance(result, HttpResponse) and result.status < 300
    level = logging.DEBUG if is_fine else logging.INFO
    if not log.isEnabledFor(level):
        return
    outcome = str(result.status) if isinstance(result, HttpResponse) else result.outcome.value
    fields = {"host": _host(url), "method": method, "outcome": outcome, "ms": round(took_s * 1000)}
    log.log(level, "%(method)s %(host)s %(outcome)s %(ms)d ms", fields, extra=fields)


@lru_cache(maxsize=1024)
def _host(url: str) -> str:
    if "\\" in url:  # some parsers end the host there, and the guard would ask about another one
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return (parts.hostname or "") if parts.scheme in {"http", "https"} else ""
