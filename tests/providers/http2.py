"""Where do providers live that speak HTTP/2 only: over plain TCP, by prior knowledge (RFC 9113).

Faults are played on the stream of their call: others on the same connection go on.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.providers.hpack import Decoder, packed
from tests.providers.server import SLOW_S, Answering, Reply, arrived

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, WINDOW, MORE = 0, 1, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 0x1, 0x4, 0x8, 0x20
ACK = 0x1
INTERNAL_ERROR = 2


class Http2Server:
    """A listener on loopback, like ProviderServer; `base(name)` is the URL of one provider."""

    def __init__(self, fakes: Mapping[str, Answering]) -> None:
        self._fakes = fakes
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def base(self, name: str) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/{name}"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                opened, _ = self._listener.accept()
                self.connections += 1
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = _Connection(opened, self._fakes)
                threading.Thread(target=connection.run, daemon=True).start()


@dataclass
class _Stream:
    block: bytes = b""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class _Connection:
    """Reads frames in its thread; answers may come from timers too, hence the lock."""

    def __init__(self, opened: socket.socket, fakes: Mapping[str, Answering]) -> None:
        self._socket = opened
        self._file = opened.makefile("rb")
        self._fakes = fakes
        self._decoder = Decoder()
        self._streams: dict[int, _Stream] = {}
        self._lock = threading.Lock()

    def run(self) -> None:
        with contextlib.suppress(OSError, struct.error), self._socket, self._file:
            if self._file.read(len(PREFACE)) != PREFACE:
                return
            self._send(SETTINGS, 0, 0, b"")
            while True:
                length, kind, flags, number = self._head()
                self._take(kind, flags, number, self._file.read(length))

    def _head(self) -> tuple[int, int, int, int]:
        high, low, kind, flags, number = struct.unpack("!BHBBI", self._file.read(9))
        return high << 16 | low, kind, flags, number & 0x7FFFFFFF

    def _take(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            self._send(SETTINGS, ACK, 0, b"")
        elif kind == PING and not flags & ACK:
            self._send(PING, ACK, 0, payload)
        elif kind == RESET:
            self._streams.pop(number, None)
        elif kind in {HEADERS, MORE}:
            self._read_headers(kind, flags, number, payload)
        elif kind == DATA:
            self._read_data(flags, number, payload)

    def _read_headers(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        stream = self._streams.setdefault(number, _Stream())
        if kind == HEADERS:
            payload = _bare(payload, flags)
            payload = payload[5:] if flags & PRIORITY else payload
        stream.block += payload
        if not flags & END_HEADERS:
            return
        stream.headers = self._decoder.read(stream.block)
        if flags & END_STREAM:
            self._answer(number)

    def _read_data(self, flags: int, number: int, payload: bytes) -> None:
        if payload:  # give back what the client may write
            self._send(WINDOW, 0, 0, struct.pack("!I", len(payload)))
        if number not in self._streams:
            return
        self._streams[number].body += _bare(payload, flags)
        if flags & END_STREAM:
            self._answer(number)

    def _answer(self, number: int) -> None:
        stream = self._streams.pop(number)
        given = stream.headers
        call, name = arrived(given[":method"], given[":path"], given, stream.body)
        reply = self._fakes[name].serve(call)
        if reply.fate == "reset":
            self._send(RESET, 0, number, struct.pack("!I", INTERNAL_ERROR))
        elif reply.fate == "slow":
            threading.Timer(SLOW_S, self._write, (number, reply)).start()
        elif reply.fate != "lost":
            self._write(number, reply)

    def _write(self, number: int, reply: Reply) -> None:
        headers = {name.lower(): value for name, value in reply.headers.items()}
        block = packed({":status": str(reply.status), **headers})
        ends = END_HEADERS | (0 if reply.body else END_STREAM)
        with contextlib.suppress(OSError):
            self._send(HEADERS, ends, number, block)
            if reply.body:
                self._send(DATA, END_STREAM, number, reply.body)

    def _send(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        size = len(payload)
        head = struct.pack("!BHBBI", size >> 16, size & 0xFFFF, kind, flags, number)
        with self._lock:
            self._socket.sendall(head + payload)


def _bare(payload: bytes, flags: int) -> bytes:
    """Take the padding off."""
    return payload[1 : len(payload) - payload[0]] if flags & PADDED else payload
