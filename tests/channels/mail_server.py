"""Real mail servers on loopback: aiosmtpd with faults by address, and a scripted one that dies."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import socket
import ssl
import struct
import threading
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class MailServer:
    """Keeps what it got. Recipients named after a fault get it: full@, unknown@, policy@..."""

    def __init__(self, certificate=None, *, mode="none", login=None) -> None:
        self.mails: list[tuple[str, list[str], email.message.EmailMessage]] = []
        self.connections = 0
        self.open = 0
        self.transports: list[asyncio.Transport] = []
        self._login = login
        self._options: dict[str, Any] = {"hostname": "mail.test", "enable_SMTPUTF8": True}
        if login:
            self._options |= {"authenticator": self._authenticate, "auth_required": True}
            self._options |= {"auth_require_tls": mode == "starttls"}
        context = _context(certificate) if certificate else None
        if mode == "starttls":
            self._options |= {"tls_context": context, "require_starttls": True}
        # aiosmtpd's own Controller connects once to look whether it runs; we count connections.
        self._loop = asyncio.new_event_loop()
        self._options["loop"] = self._loop
        self._server = self._loop.run_until_complete(
            self._loop.create_server(
                lambda: Counted(self, **self._options),
                "127.0.0.1",
                0,
                ssl=context if mode == "tls" else None,
            )
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 (aiosmtpd's name)
        if address.startswith("refused-sender"):
            return "550 5.1.8 sender refused"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 (aiosmtpd's name)
        fault = address.partition("@")[0]
        if fault in RCPT_FAULTS:
            return RCPT_FAULTS[fault].format(address)
        if fault == "hangup":
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 (aiosmtpd's name)
        fault = envelope.rcpt_tos[0].partition("@")[0]
        if fault in DATA_FAULTS:
            return DATA_FAULTS[fault]
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, parsed))
        if fault == "lost-answer":
            server.transport.abort()
        if fault == "closing":
            server.transport.close()
        return "250 2.0.0 queued as 4F7"

    def _authenticate(self, server, session, envelope, mechanism, data):
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        return AuthResult(
            success=(data.login.decode(), data.password.decode()) == self._login, handled=False
        )

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for transport in self.transports:
            transport.abort()
        await asyncio.sleep(0.01)


class Counted(SMTP):
    """Counts connections, each once although STARTTLS makes them again."""

    def connection_made(self, transport):
        self.event_handler.transports.append(transport)
        if self.transport is None:
            self.event_handler.connections += 1
            self.event_handler.open += 1
        super().connection_made(transport)

    def connection_lost(self, error):
        self.event_handler.open -= 1
        super().connection_lost(error)


def _context(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


RCPT_FAULTS = {
    "unknown": "550 5.1.1 <{}>: no such user",
    "policy": "550 5.7.1 not in this house",
    "relaying": "550 5.7.1 relaying denied",
    "full": "452 4.2.2 mailbox full",
    "overfull": "552 5.2.2 mailbox full",
    "grey": "450 4.7.1 come back later",
    "shutdown": "421 4.3.2 shutting down",
    "login": "530 5.7.0 authentication required",
}
DATA_FAULTS = {
    "spam": "554 5.7.1 looks like spam",
    "busy": "451 4.3.0 try again",
}


class DyingServer:
    """Speaks up to the body and cuts the line before the final dot can arrive."""

    def __init__(self, greeting: bytes = b"220 hello\r\n") -> None:
        self._greeting = greeting
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        if not self._greeting:
            return
        connection.sendall(self._greeting)
        with contextlib.suppress(OSError):
            for line in connection.makefile("rb"):
                if not line.startswith(b"DATA"):
                    connection.sendall(b"250 OK\r\n")
                    continue
                connection.sendall(b"354 go\r\n")
                connection.recv(1000)
                reset = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                return
