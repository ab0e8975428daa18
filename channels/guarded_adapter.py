"""How does `requests` ask the address guard, take a proxy, and tell when the first byte leaves?

Connections lie deep in its pools; the call that a thread carries waits for them in `carried`.
"""

from __future__ import annotations

import socket
import threading
from typing import Any, Protocol

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_ import create_urllib3_context
from urllib3.util.ssltransport import SSLTransport

from channels.calls import CONNECT_TIMEOUT_S
from channels.guard import AddressGuard, connect
from channels.proxies import Proxy, tunnel


class CarriedCall(Protocol):
    """What a connection needs to know of the call.

    is_trusted: its target may be anywhere. proxy: None for the straight way.
    """

    guard: AddressGuard
    is_trusted: bool
    proxy: Proxy | None

    def begin_writing(self, connected: socket.socket) -> None:
        """Note that bytes leave now; may raise to stop them."""


class _Carried(threading.local):
    call: CarriedCall


carried = _Carried()


class GuardedAdapter(HTTPAdapter):
    """Serve the call in `carried`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PoolHTTP, "https": _PoolHTTPS}


class _GuardedHTTP(HTTPConnection):
    """A connection that asks the call's guard, and tells the call when bytes leave."""

    def _new_conn(self) -> socket.socket:
        return _connect(self)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        carried.call.begin_writing(self.sock)
        super().send(data)


class _GuardedHTTPS(HTTPSConnection):
    """The same over TLS; through a proxy that itself speaks TLS, it lies inside the other."""

    _under: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        return _connect(self)

    def connect(self) -> None:
        proxy = carried.call.proxy
        if proxy is None or proxy.scheme != "https":
            super().connect()
            return
        context = create_urllib3_context()
        context.load_verify_locations(self.ca_certs)
        self._under = self._new_conn()
        self.sock = SSLTransport(self._under, context, server_hostname=self.host)
        self.is_verified = True

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        carried.call.begin_writing(self._under or self.sock)
        super().send(data)


def _connect(connection: HTTPConnection) -> socket.socket:
    target = (connection._dns_host, connection.port or connection.default_port)
    try:
        return _opened(carried.call, target)
    except OSError as error:
        # urllib3 takes a reset that has a number for one after the request was written.
        raise OSError(type(error).__name__) from error


def _opened(call: CarriedCall, target: tuple[str, int]) -> socket.socket:
    if call.proxy is None:
        guard = None if call.is_trusted else call.guard
        return connect(*target, guard=guard, timeout_s=CONNECT_TIMEOUT_S)
    return tunnel(
        call.proxy,
        target,
        guard=call.guard,
        is_trusted=call.is_trusted,
        timeout_s=CONNECT_TIMEOUT_S,
    )


class _PoolHTTP(urllib3.HTTPConnectionPool):
    ConnectionCls = _GuardedHTTP


class _PoolHTTPS(urllib3.HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPS
