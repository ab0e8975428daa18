"""Many calls at once through libcurl's multi interface: the fast transport.

The life of a call:
1. `submit` takes a free slot (an easy handle), sets the request on it, gives it to the multi.
2. libcurl names the sockets and the timer it waits for; `poll` waits for both in one selector.
3. OPENSOCKETFUNCTION refuses addresses before the first packet; PREREQFUNCTION refuses a kept
   connection that a trusted request had opened.
4. `poll` reads what finished, tells an answer from a failure before or after the first byte
   written, and frees the slot.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Mapping
from io import BytesIO

import pycurl

from channels.calls import (
    CONNECT_TIMEOUT_S,
    MAX_BODY_BYTES,
    ca_bundle,
    host_of,
    log_call,
    time_allowed,
)
from channels.contract import HttpRequest, HttpResponse
from channels.errors import Ambiguous, DeliveryError, NotStarted, Permanent, Temporary
from channels.guard import AddressGuard, refusal

Result = tuple[int, HttpResponse | DeliveryError]

EVENTS = {
    pycurl.POLL_IN: selectors.EVENT_READ,
    pycurl.POLL_OUT: selectors.EVENT_WRITE,
    pycurl.POLL_INOUT: selectors.EVENT_READ | selectors.EVENT_WRITE,
}
ACTIONS = {
    selectors.EVENT_READ: pycurl.CSELECT_IN,
    selectors.EVENT_WRITE: pycurl.CSELECT_OUT,
    selectors.EVENT_READ | selectors.EVENT_WRITE: pycurl.CSELECT_IN | pycurl.CSELECT_OUT,
}
#: The request itself is wrong; it would fail for ever and nothing was written.
MALFORMED = {pycurl.E_UNSUPPORTED_PROTOCOL, pycurl.E_URL_MALFORMAT}


class CurlTransport:
    """Transport over one CurlMulti; see channels.transport.Transport."""

    def __init__(self, slots: int, guard: AddressGuard) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, slots)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._slots = {slot.easy: slot for slot in (_Slot(guard) for _ in range(slots))}
        self._free = list(self._slots.values())
        self._done: list[Result] = []
        self._timer_at: float | None = None
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake_read, selectors.EVENT_READ)

    @property
    def free(self) -> int:
        return len(self._free)

    def submit(self, key: int, request: HttpRequest, lease_end: float) -> None:
        try:
            slot = self._start(key, request, lease_end)
        except DeliveryError as error:
            log_call(request.method, request.url, error, 0.0)
            self._done.append((key, error))
            return
        self._multi.add_handle(slot.easy)

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
        os.write(self._wake_write, b"w")

    def close(self) -> None:
        for slot in self._slots.values():
            if slot not in self._free:
                self._multi.remove_handle(slot.easy)
            slot.close()
        self._multi.close()
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _start(self, key: int, request: HttpRequest, lease_end: float) -> _Slot:
        now = time.monotonic()
        timeout_s = time_allowed(request.timeout_s, lease_end=lease_end, now=now)
        host = host_of(request.url)
        if not self._free:
            raise NotStarted("no free slot")
        slot = self._free.pop()
        try:
            slot.load(key, request, host=host, timeout_s=timeout_s, now=now)
        except (pycurl.error, UnicodeError, ValueError) as error:
            self._free.append(slot)
            raise Permanent("the request cannot be written") from error
        return slot

    def _advance(self, wait_s: float) -> bool:
        """Move all transfers on, once; say whether another thread woke us."""
        now = time.monotonic()
        if self._timer_at is not None:
            wait_s = min(wait_s, max(0.0, self._timer_at - now))
        is_woken = False
        for ready, mask in self._selector.select(wait_s):
            if ready.fd == self._wake_read:
                is_woken = bool(os.read(self._wake_read, 4096))
            else:
                self._multi.socket_action(ready.fd, ACTIONS[mask])
        if self._timer_at is not None and time.monotonic() >= self._timer_at:
            self._timer_at = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._collect()
        return is_woken

    def _collect(self) -> None:
        waiting = 1
        while waiting:
            waiting, answered, failed = self._multi.info_read()
            for easy in answered:
                self._finish(easy, 0)
            for easy, code, _ in failed:
                self._finish(easy, code)

    def _finish(self, easy: pycurl.Curl, code: int) -> None:
        slot = self._slots[easy]
        self._multi.remove_handle(easy)
        result = slot.result(code)
        log_call(slot.method, slot.url, result, time.monotonic() - slot.started_at)
        self._done.append((slot.key, result))
        slot.unload()
        self._free.append(slot)

    def _watch(self, what: int, fd: int, _multi: object, _data: object) -> None:
        known = fd in self._selector.get_map()
        if what == pycurl.POLL_REMOVE:
            if known:
                self._selector.unregister(fd)
        elif known:
            self._selector.modify(fd, EVENTS[what])
        else:
            self._selector.register(fd, EVENTS[what])

    def _set_timer(self, timeout_ms: int) -> None:
        self._timer_at = None if timeout_ms < 0 else time.monotonic() + timeout_ms / 1000


class _Slot:
    """One easy handle and the call that it carries now."""

    def __init__(self, guard: AddressGuard) -> None:
        self.key = 0
        self.url = self.method = ""
        self.started_at = 0.0
        self._guard = guard
        self._is_trusted = self._is_refused = self._is_cut = False
        self._lines: list[bytes] = []
        self._body = bytearray()
        self._opened: list[socket.socket] = []
        self.easy = self._new_handle()

    def load(
        self, key: int, request: HttpRequest, *, host: str, timeout_s: float, now: float
    ) -> None:
        self.key, self.url, self.method, self.started_at = key, request.url, request.method, now
        self._is_trusted = request.trusted or self._guard.trusts(host)
        self._is_refused = self._is_cut = False
        easy = self.easy
        easy.setopt(pycurl.URL, request.url)
        easy.setopt(pycurl.HTTPHEADER, _header_lines(request.headers))
        easy.setopt(pycurl.CAINFO, ca_bundle(request))
        easy.setopt(pycurl.TIMEOUT_MS, max(1, int(timeout_s * 1000)))
        easy.setopt(pycurl.CONNECTTIMEOUT_MS, int(min(timeout_s, CONNECT_TIMEOUT_S) * 1000) or 1)
        self._load_body(request)

    def unload(self) -> None:
        self._lines.clear()
        self._body.clear()
        for opened in self._opened:  # pycurl works on a copy of the descriptor
            opened.close()
        self._opened.clear()

    def close(self) -> None:
        self.unload()
        self.easy.close()

    def result(self, code: int) -> HttpResponse | DeliveryError:
        if code == 0 or (code == pycurl.E_WRITE_ERROR and self._is_cut):
            return self._response()
        if self._is_refused and not self._opened:
            return refusal()
        # REQUEST_SIZE counts what was issued, over all attempts that libcurl made by itself.
        if code == pycurl.E_SEND_FAIL_REWIND or self.easy.getinfo(pycurl.REQUEST_SIZE) > 0:
            return Ambiguous(f"curl error {code} after the request was written")
        if code in MALFORMED:
            return Permanent(f"curl error {code}: the URL cannot be used")
        return Temporary(f"curl error {code} before the request was written")

    def _new_handle(self) -> pycurl.Curl:
        easy = pycurl.Curl()
        easy.setopt(pycurl.NOSIGNAL, 1)
        easy.setopt(pycurl.FOLLOWLOCATION, 0)
        easy.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        easy.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
        easy.setopt(pycurl.PROXY, "")  # a proxy of the environment would hide the address
        easy.setopt(pycurl.SSL_VERIFYPEER, 1)
        easy.setopt(pycurl.SSL_VERIFYHOST, 2)
        easy.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        easy.setopt(pycurl.PREREQFUNCTION, self._before_request)
        easy.setopt(pycurl.HEADERFUNCTION, self._lines.append)
        easy.setopt(pycurl.WRITEFUNCTION, self._keep)
        return easy

    def _load_body(self, request: HttpRequest) -> None:
        """Give the body so that libcurl cannot rewind it, hence never sends it twice in silence.

        A request without a body needs no rewinding, so it gets a connection of its own:
        libcurl repeats only on kept ones.
        """
        easy = self.easy
        easy.setopt(pycurl.FRESH_CONNECT, 0 if request.body else 1)
        if request.body or request.method not in {"GET", "HEAD", "DELETE"}:
            easy.setopt(pycurl.POST, 1)
            easy.setopt(pycurl.POSTFIELDSIZE_LARGE, len(request.body))
            easy.setopt(pycurl.READFUNCTION, BytesIO(request.body).read)
        elif request.method == "HEAD":
            easy.setopt(pycurl.NOBODY, 1)
        else:
            easy.setopt(pycurl.HTTPGET, 1)
        easy.setopt(pycurl.CUSTOMREQUEST, request.method)

    def _open_socket(
        self, _purpose: int, address: tuple[int, int, int, tuple[str, int]]
    ) -> socket.socket | int:
        family, kind, protocol, target = address
        if not (self._is_trusted or self._guard.permits(target[0])):
            self._is_refused = True
            return int(pycurl.SOCKET_BAD)
        opened = socket.socket(family, kind, protocol)
        self._opened.append(opened)
        return opened

    def _before_request(self, remote_ip: str, *_ports: object) -> int:
        if self._is_trusted or self._guard.permits(remote_ip):
            return int(pycurl.PREREQFUNC_OK)
        self._is_refused = True
        return int(pycurl.PREREQFUNC_ABORT)

    def _keep(self, data: bytes) -> int | None:
        self._body += data[: MAX_BODY_BYTES - len(self._body) + 1]
        if len(self._body) <= MAX_BODY_BYTES:
            return None
        self._is_cut = True
        return -1

    def _response(self) -> HttpResponse:
        status = int(self.easy.getinfo(pycurl.RESPONSE_CODE))
        return HttpResponse(status, _headers(self._lines), bytes(self._body[:MAX_BODY_BYTES]))


def _header_lines(headers: Mapping[str, str]) -> list[str]:
    """Write the headers, and take away what libcurl would add by itself."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("line break in a header")
    names = {name.lower() for name in headers}
    lines.append("Expect:")
    if "content-type" not in names:
        lines.append("Content-Type:")
    return lines


def _headers(lines: list[bytes]) -> dict[str, str]:
    """Read the headers of the last answer: 100 Continue and early hints come before it."""
    headers: dict[str, str] = {}
    for line in lines:
        text = line.decode("latin-1")
        if text.startswith("HTTP/"):
            headers = {}
            continue
        name, colon, value = text.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return headers
