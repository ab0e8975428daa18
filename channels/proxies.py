"""How does a connection go through an account's proxy: HTTP CONNECT or SOCKS5, spoken by hand.

For the transport without libcurl, which knows no SOCKS; libcurl does the same by itself. Every
call is tunnelled, so that a proxy's own refusal is never taken for the provider's answer.
Sources: RFC 9110 (9.3.6), RFC 1928, RFC 1929.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import struct
import time
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import certifi

from channels.errors import BadCredentials, Permanent
from channels.guard import AddressGuard, connect, refusal

PORTS = {"http": 3128, "https": 443, "socks5": 1080, "socks5h": 1080}
HEAD_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy's address. scheme: one of PORTS; socks5h leaves names to the proxy."""

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


def read_proxy(url: str) -> Proxy:
    """Read a proxy's URL; raises Permanent, whose text never quotes it."""
    try:
        parts = urlsplit(url)
        port, host = parts.port or PORTS.get(parts.scheme, 0), parts.hostname
    except ValueError as error:
        raise Permanent("the proxy is not a URL") from error
    if not host or parts.scheme not in PORTS:
        raise Permanent("the proxy is not an http, https or socks5 URL")
    user, password = (unquote(part or "") for part in (parts.username, parts.password))
    return Proxy(parts.scheme, host, port, user, password)


def refused_login() -> BadCredentials:
    """Name the one thing a salon can mend about a proxy that refuses her."""
    return BadCredentials("the proxy refuses its user or password")


def tunnel(
    proxy: Proxy,
    target: tuple[str, int],
    *,
    guard: AddressGuard,
    is_trusted: bool,
    timeout_s: float,
) -> socket.socket:
    """Open a connection to the target through the proxy.

    is_trusted: the target may be anywhere. Raises Permanent when the proxy's address or the target
    is not allowed, BadCredentials when the proxy refuses its login, OSError for all else.
    """
    deadline = time.monotonic() + timeout_s
    opened = connect(proxy.host, proxy.port, guard=guard, timeout_s=timeout_s)
    try:
        if not is_trusted and not guard.permits_through(opened.getpeername()[0], target[0]):
            raise refusal()
        if proxy.scheme == "https":
            context = ssl.create_default_context(cafile=certifi.where())
            opened = context.wrap_socket(opened, server_hostname=proxy.host)
        speak = _http if proxy.scheme.startswith("http") else _socks
        speak(_Line(opened, deadline), proxy, target)
    except BaseException:
        opened.close()
        raise
    return opened


class _Line:
    """The way to the proxy; a proxy that drips its answer is given up at the deadline."""

    def __init__(self, opened: socket.socket, deadline: float) -> None:
        self._opened, self._deadline = opened, deadline

    def write(self, data: bytes) -> None:
        self._opened.sendall(data)

    def read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            left_s = self._deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("the proxy is too slow")
            self._opened.settimeout(left_s)
            piece = self._opened.recv(count - len(data))
            if not piece:
                raise OSError("the proxy hung up")
            data += piece
        return data


def _http(line: _Line, proxy: Proxy, target: tuple[str, int]) -> None:
    host = f"[{target[0]}]" if ":" in target[0] else target[0]
    lines = [f"CONNECT {host}:{target[1]} HTTP/1.1", f"Host: {host}:{target[1]}"]
    if proxy.user:
        login = b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {login}")
    line.write("\r\n".join([*lines, "", ""]).encode())
    status = _status(line)
    if status == 407:
        raise refused_login()
    if not 200 <= status < 300:
        raise OSError(f"the proxy says {status}")


def _status(line: _Line) -> int:
    """Read a proxy's answer byte by byte: what follows belongs to the target."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += line.read(1)
        if len(head) > HEAD_BYTES:
            raise OSError("the proxy's answer is broken")
    words = head.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise OSError("the proxy's answer is broken")
    return int(words[1])


def _socks(line: _Line, proxy: Proxy, target: tuple[str, int]) -> None:
    methods = b"\x00\x02" if proxy.user else b"\x00"
    line.write(bytes([5, len(methods)]) + methods)
    _, method = line.read(2)
    if method == 2:
        user, password = proxy.user.encode(), proxy.password.encode()
        line.write(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
        if line.read(2)[1] != 0:
            raise refused_login()
    elif method != 0:
        raise refused_login()
    line.write(b"\x05\x01\x00" + _address(proxy, target[0]) + struct.pack("!H", target[1]))
    _, reply, _, kind = line.read(4)
    if reply != 0:
        raise OSError(f"the proxy says {reply}")
    length = line.read(1)[0] if kind == 3 else {1: 4, 4: 16}.get(kind, 0)
    line.read(length + 2)


def _address(proxy: Proxy, host: str) -> bytes:
    if proxy.scheme == "socks5":
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        host = str(found[0][4][0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("idna")
        return b"\x03" + bytes([len(name)]) + name
    return (b"\x01" if address.version == 4 else b"\x04") + address.packed
