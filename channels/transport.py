"""How do requests reach the providers: many at once, each at most once, within its lease."""

from __future__ import annotations

import importlib.util
import time
from typing import Protocol

from channels.calls import LEASE_MARGIN_S
from channels.errors import DeliveryError
from channels.guard import AddressGuard
from channels.request import HttpRequest, HttpResponse
from channels.transport_requests import RequestsTransport

Result = tuple[int, HttpResponse | DeliveryError]


class Transport(Protocol):
    """A set of slots that each carry one call. Belongs to one thread; only `wake` is for others.

    A failure before anything of the request was written is Temporary (Permanent when the target
    is not allowed), any failure after it is Ambiguous. Nothing is sent twice, no redirect is
    followed, no cookie is used, and no proxy but the request's own.
    """

    @property
    def free(self) -> int:
        """Slots that a call could start in now."""

    def submit(self, key: int, request: HttpRequest, lease_end: float) -> None:
        """Start a call; poll reports it under this key. lease_end: time.monotonic() seconds.

        Nothing starts in the lease's last 5 s or without a free slot: poll says NotStarted.
        """

    def poll(self, timeout_s: float) -> list[Result]:
        """Give what has finished; wait at most timeout_s for the first."""

    def wake(self) -> None:
        """End a waiting poll early, from any thread."""

    def close(self) -> None:
        """Drop all connections; what is still in flight stays without a result."""


def open_transport(
    slots: int = 100, guard: AddressGuard | None = None, client: str = ""
) -> Transport:
    """Open the fastest client that is installed, or the one named: "curl" or "requests"."""
    guard = guard or AddressGuard()
    if not client:
        client = "curl" if importlib.util.find_spec("pycurl") else "requests"
    if client == "requests":
        return RequestsTransport(slots, guard)
    from channels.transport_curl import CurlTransport  # pycurl is optional

    return CurlTransport(slots, guard)


def call(request: HttpRequest, guard: AddressGuard | None = None) -> HttpResponse:
    """Make one single call (a check, a probe) and wait for its answer; raises DeliveryError."""
    client = "" if request.http2 else "requests"  # a thread is cheaper than a TLS handle
    transport = open_transport(1, guard, client)
    try:
        # The lease is what this caller waits for, not a row in the database.
        transport.submit(0, request, time.monotonic() + request.timeout_s + LEASE_MARGIN_S + 1)
        done: list[Result] = []
        while not done:
            done = transport.poll(request.timeout_s)
    finally:
        transport.close()
    result = done[0][1]
    if isinstance(result, DeliveryError):
        raise result
    return result
