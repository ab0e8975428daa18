"""A real HTTP server on loopback that fails in the ways providers fail, and counts arrivals."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class FaultServer(ThreadingHTTPServer):
    """Answers by path; `arrivals` holds one line per request that was read completely."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(
        self, certificate: Path | None = None, address: tuple[str, int] = ("127.0.0.1", 0)
    ) -> None:
        super().__init__(address, _Handler)
        self.arrivals: list[tuple[str, str, dict[str, str], bytes]] = []
        self.connections = 0
        self.scheme = "https" if certificate else "http"
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self.tls and certificate:
            self.tls.load_cert_chain(certificate)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.server_address[1]}{path}"

    def process_request(self, request, client_address):
        self.connections += 1
        super().process_request(request, client_address)

    def finish_request(self, request, client_address):
        """Shake hands here: at the accept a client that goes leaves a socket open."""
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        with self.tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request, client_address):
        """Clients that hang up are what these tests are about."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.arrivals.append((self.command, self.path, headers, body))
        getattr(self, "answer_" + self.path.split("?")[0].strip("/"), self.answer_ok)()

    do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815 (names of the base class)

    def answer_ok(self) -> None:
        self.reply(200, b'{"ok":true}')

    def answer_slow(self) -> None:
        time.sleep(1.5)
        self.reply(200, b"late")

    def answer_drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(40):
            self.wfile.write(b"z")
            time.sleep(0.1)

    def answer_hangup(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def answer_partial(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"half")
        self.close_connection = True

    def answer_moved(self) -> None:
        to = self.path.partition("?to=")[2] or "/ok"
        self.reply(302, b"", {"Location": to, "Set-Cookie": "tenant=other"})

    def answer_huge(self) -> None:
        self.reply(200, b"x" * 300_000)

    def answer_exact(self) -> None:
        self.reply(200, b"x" * 65_536)

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """Silence."""


def self_signed(folder: Path) -> Path:
    """Write key and certificate for localhost into one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "localhost.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
