"""Many calls at once through `requests` in threads: the transport that is always there.

A call is in one of three states, changed under its lock: waiting, writing, over. A time-out takes
effect whatever the thread is doing: a waiting call never gets to write, a writing one loses its
socket. So the reported failure is true even when a resolver or a dripping server hangs.
"""

from __future__ import annotations

import http.client
import queue
import socket
import threading
import time
from collections import OrderedDict

import requests
import urllib3
from requests.adapters import HTTPAdapter

from channels.calls import (
    CONNECT_TIMEOUT_S,
    MAX_BODY_BYTES,
    ca_bundle,
    host_of,
    log_call,
    may_carry,
    time_allowed,
)
from channels.errors import (
    Ambiguous,
    DeliveryError,
    NotStarted,
    Permanent,
    Temporary,
    Unsupported,
)
from channels.guard import AddressGuard
from channels.guarded_adapter import GuardedAdapter, carried
from channels.proxies import read_proxy
from channels.request import HttpRequest, HttpResponse

WAYS_KEPT = 4  # of each thread: its connections with and without trust, and those of proxies

Result = tuple[int, HttpResponse | DeliveryError]

#: The request itself is wrong; it would fail for ever and nothing was written.
MALFORMED = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    UnicodeError,
)


class RequestsTransport:
    """Transport over threads with a Session each; see channels.transport.Transport."""

    def __init__(self, slots: int, guard: AddressGuard) -> None:
        self._slots = slots
        self._guard = guard
        self._open: dict[int, _Call] = {}
        self._waiting: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._done: list[Result] = []
        self._threads: list[threading.Thread] = []
        self._serial = 0

    @property
    def free(self) -> int:
        return self._slots - len(self._open)

    def submit(self, key: int, request: HttpRequest, lease_end: float) -> None:
        try:
            call = self._new_call(key, request, lease_end)
        except DeliveryError as error:
            log_call(request.method, request.url, error, 0.0)
            self._done.append((key, error))
            return
        self._open[call.serial] = call
        if len(self._threads) < len(self._open):
            self._add_thread()
        self._waiting.put(call)

    def poll(self, timeout_s: float) -> list[Result]:
        deadline = time.monotonic() + timeout_s
        is_woken = self._advance(0.0)
        while not self._done and not is_woken:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            is_woken = self._advance(left)
        done, self._done = self._done, []
        return done

    def wake(self) -> None:
        self._finished.put(None)

    def close(self) -> None:
        for call in self._open.values():
            call.expire()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(CONNECT_TIMEOUT_S)

    def _new_call(self, key: int, request: HttpRequest, lease_end: float) -> _Call:
        now = time.monotonic()
        timeout_s = time_allowed(request.timeout_s, lease_end=lease_end, now=now)
        host = host_of(request.url)
        if request.http2:
            raise Unsupported("HTTP/2 needs pycurl (pip install pycurl)")
        if not may_carry(request.headers):
            raise Permanent("the request cannot be written")
        if not self.free:
            raise NotStarted("no free slot")
        self._serial += 1
        call = _Call(self._serial, key, request, started_at=now, deadline=now + timeout_s)
        call.guard = self._guard
        call.is_trusted = request.trusted or self._guard.trusts(host)
        return call

    def _add_thread(self) -> None:
        thread = threading.Thread(
            target=_carry, args=(self._waiting, self._finished), name="transport", daemon=True
        )
        thread.start()
        self._threads.append(thread)

    def _advance(self, wait_s: float) -> bool:
        """Take what the threads finished and end what is overdue; say whether we were woken."""
        now = time.monotonic()
        for call in [call for call in self._open.values() if call.deadline <= now]:
            self._report(call, call.expire())
        if self._done:
            wait_s = 0.0
        elif self._open:
            nearest = min(call.deadline for call in self._open.values())
            wait_s = min(wait_s, max(0.0, nearest - now))
        try:
            finished = self._finished.get(timeout=wait_s)
            while finished is not None:
                self._report(finished, finished.result)
                finished = self._finished.get_nowait()
        except queue.Empty:
            return False
        return True

    def _report(self, call: _Call, result: HttpResponse | DeliveryError | None) -> None:
        if result is None or self._open.pop(call.serial, None) is None:
            return
        took_s = time.monotonic() - call.started_at
        log_call(call.request.method, call.request.url, result, took_s)
        self._done.append((call.key, result))


class _Call:
    """One call, shared by the thread that carries it and the one that polls."""

    guard: AddressGuard
    is_trusted: bool

    def __init__(
        self,
        serial: int,
        key: int,
        request: HttpRequest,
        *,
        started_at: float,
        deadline: float,
    ) -> None:
        self.serial, self.key, self.request = serial, key, request
        self.proxy = read_proxy(request.proxy) if request.proxy else None
        self.started_at, self.deadline = started_at, deadline
        self.result: HttpResponse | DeliveryError | None = None
        self._lock = threading.Lock()
        self._is_over = False
        self._socket: socket.socket | None = None

    def begin_writing(self, connected: socket.socket) -> None:
        """Note that bytes leave now; raises _Overdue when the call has already been reported."""
        with self._lock:
            if self._is_over:
                raise _Overdue
            self._socket = connected

    def finish(self, result: HttpResponse | DeliveryError) -> bool:
        """Keep the result, unless the call has been reported as overdue."""
        with self._lock:
            if self._is_over:
                return False
            self._is_over, self.result = True, result
            return True

    def expire(self) -> DeliveryError | None:
        """End the call wherever it stands; None when its result is already on the way."""
        with self._lock:
            if self._is_over:
                return None
            self._is_over = True
            if self._socket is not None:
                _cut(self._socket)
            return self.failure("time-out")

    def failure(self, fault: str) -> DeliveryError:
        if self._socket is None:
            return Temporary(f"{fault} before the request was written")
        return Ambiguous(f"{fault} after the request was written")


class _Overdue(Exception):
    """The call was reported as timed out while it was still waiting to write."""


def _carry(
    waiting: queue.SimpleQueue[_Call | None], finished: queue.SimpleQueue[_Call | None]
) -> None:
    # A kept connection that a trusted request opened must not serve a guarded one, nor one that
    # went through a proxy serve who has not its login.
    adapters: OrderedDict[tuple[bool, str], GuardedAdapter] = OrderedDict()
    while (call := waiting.get()) is not None:
        carried.call = call
        if call.finish(_perform(call, _adapter(adapters, call))):
            finished.put(call)
    for adapter in adapters.values():
        adapter.close()


def _adapter(
    adapters: OrderedDict[tuple[bool, str], GuardedAdapter], call: _Call
) -> GuardedAdapter:
    """Find the kept connections of this way, or begin new ones and let the oldest go."""
    way = (call.is_trusted, call.request.proxy)
    if way not in adapters:
        adapters[way] = GuardedAdapter(pool_maxsize=1, max_retries=0)
        if len(adapters) > WAYS_KEPT:
            adapters.popitem(last=False)[1].close()
    adapters.move_to_end(way)
    return adapters[way]


def _perform(call: _Call, adapter: HTTPAdapter) -> HttpResponse | DeliveryError:
    try:
        return _exchange(call, adapter)
    except DeliveryError as refused:
        return refused
    except MALFORMED as error:
        return Permanent(f"{type(error).__name__}: the request cannot be written")
    except (
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        OSError,
        ValueError,
        _Overdue,
    ) as error:
        return call.failure(type(error).__name__)


def _exchange(call: _Call, adapter: HTTPAdapter) -> HttpResponse:
    # The adapter alone: a Session would keep cookies and read redirects, for all tenants.
    left_s = max(0.001, call.deadline - time.monotonic())
    request = call.request
    prepared = requests.Request(
        request.method, request.url, headers=dict(request.headers), data=request.body or None
    ).prepare()
    response = adapter.send(
        prepared,
        stream=True,
        timeout=(min(left_s, CONNECT_TIMEOUT_S), left_s),
        verify=ca_bundle(request),
        proxies={},
    )
    body = _read(response.raw)
    headers = {name.lower(): value for name, value in response.raw.headers.items()}
    return HttpResponse(response.status_code, headers, body)


def _read(raw: urllib3.HTTPResponse) -> bytes:
    """Read the body up to the cap; one read may be short, and only the last one tells why."""
    body = b""
    while piece := raw.read(MAX_BODY_BYTES + 1 - len(body), decode_content=False):
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raw.close()
            return body[:MAX_BODY_BYTES]
    if raw.length_remaining:
        raise http.client.IncompleteRead(body, raw.length_remaining)
    return body


def _cut(connected: socket.socket) -> None:
    """End a connection under a thread that reads from it."""
    try:
        # Past SSLSocket.shutdown, which would let the thread read on without TLS.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)
    except OSError:
        return
