"""How does `requests` ask the address guard, and tell when the first byte leaves?

Connections lie deep in its pools; the call that a thread carries waits for them in `carried`.
"""

from __future__ import annotations

import socket
import threading
from typing import Any, Protocol

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from channels.calls import CONNECT_TIMEOUT_S
from channels.guard import AddressGuard, connect


class CarriedCall(Protocol):
    """What a connection needs to know of the call; guard None lets every address pass."""

    guard: AddressGuard | None

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
    """The same over TLS."""

    def _new_conn(self) -> socket.socket:
        return _connect(self)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        carried.call.begin_writing(self.sock)
        super().send(data)


def _connect(connection: HTTPConnection) -> socket.socket:
    return connect(
        connection._dns_host,
        connection.port or connection.default_port,
        guard=carried.call.guard,
        timeout_s=CONNECT_TIMEOUT_S,
    )


class _PoolHTTP(urllib3.HTTPConnectionPool):
    ConnectionCls = _GuardedHTTP


class _PoolHTTPS(urllib3.HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPS
