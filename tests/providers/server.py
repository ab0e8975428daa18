"""Where do all fake providers live: one HTTP server, each provider under a path of its own name.

It plays the network's faults too: an answer that comes late, never, broken, or a line that is cut
after the call was taken. What a provider itself says is in the other modules.
"""

from __future__ import annotations

import base64
import contextlib
import email
import email.message
import email.policy
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

SLOW_S = 0.15
HANGS_S = 20.0  # at most; a client that gives up ends it


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it arrived. path: without the provider's name. url: as it was asked for."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    url: str = ""

    def json(self) -> Any:
        """Read the body as JSON; raises ValueError."""
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        """Read the body as a form of single fields, in either of its two encodings."""
        if self.content_type != "multipart/form-data":
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        policy = email.policy.default
        whole = email.message_from_bytes(head + self.body, policy=policy)
        return {
            str(part.get_param("name", header="content-disposition")): _text(part)
            for part in whole.iter_parts()
        }

    @property
    def login(self) -> tuple[str, str]:
        """Read the user and password of basic authentication."""
        scheme, _, coded = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return "", ""
        user, _, password = base64.b64decode(coded).decode().partition(":")
        return user, password

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and what the network makes of it: "", "slow", "lost" or "reset"."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    fate: str = ""


def as_json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """Write an answer in JSON."""
    raw = json.dumps(body, ensure_ascii=False).encode()
    return Reply(status, raw, {"Content-Type": "application/json", **(headers or {})})


def arrived(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[Call, str]:
    """Read a request: the call, and the name of the provider that its path begins with."""
    parts = urlsplit(url)
    name, _, path = parts.path.removeprefix("/").partition("/")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Call(method, f"/{path}", query, headers, body, url), name


def _text(part: email.message.Message) -> str:
    content = part.get_payload(decode=True)
    return content.decode() if isinstance(content, bytes) else ""


class Answering(Protocol):
    """What the server asks of a provider."""

    def serve(self, call: Call) -> Reply:
        """Answer one call."""


class ProviderServer(ThreadingHTTPServer):
    """Speaks for all providers in `fakes` on loopback; `base(name)` is the URL of one of them."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, fakes: Mapping[str, Answering]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fakes = fakes
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def base(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what these tests are about."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ProviderServer

    def do_POST(self) -> None:
        call, name = self._read()
        reply = self.server.fakes[name].serve(call)
        if reply.fate == "lost":
            self._wait_for_the_end()
        elif reply.fate == "reset":
            self._cut()
        else:
            time.sleep(SLOW_S if reply.fate == "slow" else 0)
            self._write(reply)

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815 (names of the base class)

    def _read(self) -> tuple[Call, str]:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {key.lower(): value for key, value in self.headers.items()}
        return arrived(self.command, self.path, headers, body)

    def _write(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _wait_for_the_end(self) -> None:
        self.close_connection = True
        self.connection.settimeout(HANGS_S)
        with contextlib.suppress(OSError):
            self.connection.recv(1)

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@contextlib.contextmanager
def deaf() -> Iterator[str]:
    """Give the base of a server that lets clients connect and never reads a byte."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def nobody() -> str:
    """Give a base where nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"
