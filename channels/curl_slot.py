"""One libcurl handle: how is a request set on it, and what does its end mean?"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from io import BytesIO

import certifi
import pycurl

from channels.calls import CONNECT_TIMEOUT_S, MAX_BODY_BYTES, ca_bundle, may_carry
from channels.errors import Ambiguous, DeliveryError, Permanent, Temporary
from channels.guard import AddressGuard, refusal
from channels.proxies import Proxy, read_proxy, refused_login
from channels.request import HttpRequest, HttpResponse

#: The request itself is wrong; it would fail for ever and nothing was written.
MALFORMED = {pycurl.E_UNSUPPORTED_PROTOCOL, pycurl.E_URL_MALFORMAT}


class CurlSlot:
    """One easy handle and the call that it carries now."""

    def __init__(self, guard: AddressGuard) -> None:
        self.key = 0
        self.url = self.method = ""
        self.started_at = 0.0
        self._guard = guard
        self._is_trusted = self._is_refused = self._is_cut = self._is_begun = False
        self._host = ""
        self._proxy: Proxy | None = None
        self._is_http2 = False
        self._lines: list[bytes] = []
        self._pieces: list[bytes] = []
        self._size_bytes = 0
        self._opened: list[socket.socket] = []
        self._head: tuple[object, ...] = ()
        self._headers: Mapping[str, str] = {}
        self._timeout_ms = 0
        self.easy = self._new_handle()

    def load(
        self, key: int, request: HttpRequest, *, host: str, timeout_s: float, now: float
    ) -> None:
        """Set the request; of a call that repeats the last one's head only the body."""
        self.key, self.started_at = key, now
        self._is_refused = self._is_cut = self._is_begun = False
        head = _head(request)
        if head != self._head or request.headers != self._headers:
            self._head = ()  # what is half set must not count as set
            self._load_head(request, host)
            self._head, self._headers = head, dict(request.headers)
        timeout_ms = max(1, int(timeout_s * 1000))
        if timeout_ms != self._timeout_ms:
            self.easy.setopt(pycurl.TIMEOUT_MS, timeout_ms)
            connect_ms = min(timeout_ms, int(CONNECT_TIMEOUT_S * 1000))
            self.easy.setopt(pycurl.CONNECTTIMEOUT_MS, connect_ms)
            self._timeout_ms = timeout_ms
        if _has_body(request):
            self._load_body(request.body)

    def unload(self) -> None:
        self._lines.clear()
        self._pieces.clear()
        self._size_bytes = 0
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
        if self._proxy and self.easy.getinfo(pycurl.HTTP_CONNECTCODE) == 407:
            return refused_login()
        # REQUEST_SIZE counts what was issued, over all attempts that libcurl made by itself; some
        # versions count what is said to a proxy too, before the request begins.
        is_written = self._is_begun and self.easy.getinfo(pycurl.REQUEST_SIZE) > 0
        if code == pycurl.E_SEND_FAIL_REWIND or is_written:
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
        easy.setopt(pycurl.NOPROXY, "")
        easy.setopt(pycurl.SSL_VERIFYPEER, 1)
        easy.setopt(pycurl.SSL_VERIFYHOST, 2)
        easy.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        easy.setopt(pycurl.PREREQFUNCTION, self._before_request)
        easy.setopt(pycurl.HEADERFUNCTION, self._lines.append)
        easy.setopt(pycurl.WRITEFUNCTION, self._keep)
        return easy

    def _load_head(self, request: HttpRequest, host: str) -> None:
        """Set all but the body.

        A request without a body needs no rewinding, so it gets a connection of its own:
        libcurl repeats only on kept ones.
        """
        easy = self.easy
        self.url, self.method, self._host = request.url, request.method, host
        self._is_trusted = request.trusted or self._guard.trusts(host)
        if request.proxy or self._proxy:
            self._load_proxy(request.proxy)
        if request.http2 or self._is_http2:
            self._load_version(request)
        easy.setopt(pycurl.HTTPHEADER, _header_lines(request.headers))
        easy.setopt(pycurl.URL, request.url)
        easy.setopt(pycurl.CAINFO, ca_bundle(request))
        easy.setopt(pycurl.FRESH_CONNECT, 0 if request.body else 1)
        if _has_body(request):
            easy.setopt(pycurl.POST, 1)
        elif request.method == "HEAD":
            easy.setopt(pycurl.NOBODY, 1)
        else:
            easy.setopt(pycurl.HTTPGET, 1)
        easy.setopt(pycurl.CUSTOMREQUEST, request.method)

    def _load_proxy(self, url: str) -> None:
        """Set the proxy of this call, or take that of the last one away; always a tunnel."""
        self._proxy = read_proxy(url) if url else None
        easy = self.easy
        easy.setopt(pycurl.PROXY, url)
        easy.setopt(pycurl.HTTPPROXYTUNNEL, 1 if url else 0)
        easy.setopt(pycurl.PROXY_CAINFO, certifi.where())

    def _load_version(self, request: HttpRequest) -> None:
        """Speak HTTP/2 over plain TCP too, and wait for one connection rather than open many."""
        self._is_http2 = request.http2
        is_plain = request.http2 and request.url.startswith("http:")
        known, asked = pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE, pycurl.CURL_HTTP_VERSION_2TLS
        self.easy.setopt(pycurl.HTTP_VERSION, known if is_plain else asked)
        self.easy.setopt(pycurl.PIPEWAIT, int(request.http2))

    def _load_body(self, body: bytes) -> None:
        """Give the body so that libcurl cannot rewind it, hence never sends it twice in silence."""
        self.easy.setopt(pycurl.POSTFIELDSIZE_LARGE, len(body))
        self.easy.setopt(pycurl.READFUNCTION, BytesIO(body).read)

    def _open_socket(
        self, _purpose: int, address: tuple[int, int, int, tuple[str, int]]
    ) -> socket.socket | int:
        family, kind, protocol, target = address
        if not self._may_reach(target[0]):
            self._is_refused = True
            return int(pycurl.SOCKET_BAD)
        opened = socket.socket(family, kind, protocol)
        self._opened.append(opened)
        return opened

    def _before_request(self, remote_ip: str, *_ports: object) -> int:
        if self._may_reach(remote_ip):
            self._is_begun = True
            return int(pycurl.PREREQFUNC_OK)
        self._is_refused = True
        return int(pycurl.PREREQFUNC_ABORT)

    def _may_reach(self, ip: str) -> bool:
        """Ask the guard about an address that a socket leads to: the target's, or the proxy's."""
        guard, proxy = self._guard, self._proxy
        if proxy is None:
            return self._is_trusted or guard.permits(ip)
        is_open = guard.trusts(proxy.host) or guard.permits(ip)
        return is_open and (self._is_trusted or guard.permits_through(ip, self._host))

    def _keep(self, data: bytes) -> int | None:
        self._pieces.append(data)
        self._size_bytes += len(data)
        if self._size_bytes <= MAX_BODY_BYTES:
            return None
        self._is_cut = True
        return -1

    def _response(self) -> HttpResponse:
        status = int(self.easy.getinfo(pycurl.RESPONSE_CODE))
        body = b"".join(self._pieces)
        return HttpResponse(status, AnswerHeaders(self._lines.copy()), body[:MAX_BODY_BYTES])


class AnswerHeaders(Mapping[str, str]):
    """The headers of an answer, read when somebody asks: of what was taken hardly anybody does."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = lines

    def __getitem__(self, name: str) -> str:
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)

    @cached_property
    def _read(self) -> dict[str, str]:
        return _headers(self._lines)


def _head(request: HttpRequest) -> tuple[object, ...]:
    """Name what is set on a handle besides headers, body and time."""
    way = (request.ca_file, request.trusted, request.http2, request.proxy)
    return (request.url, request.method, bool(request.body), way)


def _has_body(request: HttpRequest) -> bool:
    """Say whether it is sent as one that has a body, be it empty."""
    return bool(request.body) or request.method not in {"GET", "HEAD", "DELETE"}


def _header_lines(headers: Mapping[str, str]) -> list[str]:
    """Write the headers, and take away what libcurl would add by itself."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("line break in a header")
    if not may_carry(headers):
        raise ValueError("a header of the connection")
    names = {name.lower() for name in headers}
    lines.append("Expect:")
    if "content-type" not in names:
        lines.append("Content-Type:")
    return lines


def _headers(lines: Sequence[bytes]) -> dict[str, str]:
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
