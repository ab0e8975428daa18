"""A real proxy on loopback: HTTP CONNECT and SOCKS5 on one port, with a login if it has one."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import struct
import threading
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer


class ProxyServer(ThreadingTCPServer):
    """targets: "host:port" as clients named them. login: "user:password", "" for none.

    fault: an HTTP status to refuse every CONNECT with. goes_to: where all tunnels really lead,
    whatever the client named.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, login: str = "", certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.targets: list[str] = []
        self.login = login
        self.fault = 0
        self.goes_to: tuple[str, int] | None = None
        self.context: ssl.SSLContext | None = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, scheme: str, login: str = "", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{login + '@' if login else ''}{host}:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        """Clients that hang up are part of it."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseRequestHandler):
    server: ProxyServer

    def handle(self) -> None:
        line = self.request
        if self.server.context:
            line = self.server.context.wrap_socket(line, server_side=True)
        with contextlib.closing(line):
            first = line.recv(1)
            if first == b"\x05":
                self.socks(line)
            elif first:
                self.connect(line, first)

    def connect(self, line, first: bytes) -> None:
        head = first
        while not head.endswith(b"\r\n\r\n"):
            head += line.recv(1)
        expected = base64.b64encode(self.server.login.encode()) if self.server.login else b""
        if expected and b"Basic " + expected not in head:
            line.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
        elif self.server.fault:
            line.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % self.server.fault)
        else:
            host, _, port = head.split()[1].decode().rpartition(":")
            self.tunnel(line, host.strip("[]"), int(port), b"HTTP/1.1 200 OK\r\n\r\n")

    def socks(self, line) -> None:
        methods = line.recv(line.recv(1)[0])
        wanted = 2 if self.server.login else 0
        if wanted not in methods:
            line.sendall(b"\x05\xff")
            return
        line.sendall(bytes([5, wanted]))
        if wanted == 2:
            line.recv(1)
            user = line.recv(line.recv(1)[0])
            password = line.recv(line.recv(1)[0])
            is_known = f"{user.decode()}:{password.decode()}" == self.server.login
            line.sendall(b"\x01" + (b"\x00" if is_known else b"\x01"))
            if not is_known:
                return
        kind = line.recv(4)[3]
        if kind == 3:
            host = line.recv(line.recv(1)[0]).decode()
        else:
            family = socket.AF_INET if kind == 1 else socket.AF_INET6
            host = socket.inet_ntop(family, line.recv(4 if kind == 1 else 16))
        (port,) = struct.unpack("!H", line.recv(2))
        self.tunnel(line, host, port, b"\x05\x00\x00\x01" + bytes(6))

    def tunnel(self, line, host: str, port: int, welcome: bytes) -> None:
        self.server.targets.append(f"{host}:{port}")
        with socket.create_connection(self.server.goes_to or (host, port)) as far:
            line.sendall(welcome)
            back = threading.Thread(target=_pump, args=(far, line), daemon=True)
            back.start()
            _pump(line, far)
            back.join(5)


def _pump(source, sink) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
