"""One conversation with a mail server: what each refusal and each lost connection means."""

from __future__ import annotations

import json
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import ClassVar

import certifi

from channels.bounces import envelope_sender
from channels.contract import Outbound, Receipt
from channels.errors import Ambiguous, BadCredentials, DeliveryError, NotStarted, Temporary
from channels.guard import AddressGuard, connect
from channels.mime import Sender, build, envelope_address, message_id
from channels.smtp_answers import clean, greeting_failure, refusal

STEP_TIMEOUT_S = 20.0  # one command and its reply; servers that greylist answer slowly
CONNECT_TIMEOUT_S = 5.0
MOST_REPLY = 64 * 1024  # bytes of one reply: a server of one's own could go on for ever
SECURITIES = {"tls", "starttls", "none"}


@dataclass(frozen=True, slots=True)
class SmtpAccount:
    """A salon's account at its mail server.

    security: "tls" (465), "starttls" (587) or "none". username: empty for no login.
    ca_file: the server's own bundle, else certifi's. bounce_address: where letters come back, each
    to a name of its own; empty: to the sender.
    """

    host: str
    port: int
    security: str
    sender: Sender
    username: str = ""
    password: str = ""
    ca_file: str = ""
    bounce_address: str = ""
    method: ClassVar[str] = "SMTP"

    def __repr__(self) -> str:
        return f"SmtpAccount({self.host}:{self.port})"

    @classmethod
    def of(cls, credentials: Mapping[str, str]) -> SmtpAccount:
        """Read the fields of channels.adapters.smtp; raises BadCredentials."""
        port, security = credentials.get("port", ""), credentials.get("security") or "starttls"
        if security not in SECURITIES or not port.isdecimal() or not 0 < int(port) < 65536:
            raise BadCredentials("port is 1-65535, security is tls, starttls or none")
        sender = Sender(
            address=credentials["from_address"],
            name=credentials.get("from_name", ""),
            reply_to=credentials.get("reply_to", ""),
        )
        return cls(
            host=credentials["host"],
            port=int(port),
            security=security,
            sender=sender,
            username=credentials.get("username", ""),
            password=credentials.get("password", ""),
            bounce_address=credentials.get("bounce_address", ""),
        )

    def open(self, guard: AddressGuard) -> SmtpConnection:
        """Make a connection; it connects when it first sends."""
        return SmtpConnection(self, guard)


class SmtpConnection:
    """A connection that carries one message after another. Belongs to one thread."""

    def __init__(self, account: SmtpAccount, guard: AddressGuard) -> None:
        self._account = account
        self._guard = guard
        self._client: _Client | None = None

    def send(self, outbound: Outbound, lease_end: float) -> Receipt:
        """Send one e-mail; raises DeliveryError. lease_end: time.monotonic() seconds."""
        message = build(self._account.sender, outbound, sent_at=datetime.now(UTC))
        recipient = envelope_address(outbound.address)
        try:
            client = self._ready(lease_end)
            self._envelope(client, self._author(outbound), recipient, lease_end)
            code, words = self._content(client, message.as_bytes(), lease_end)
        except NotStarted:
            self._drop()  # the server may be in the middle of this message
            raise
        except OSError as error:  # what smtplib raises is an OSError too
            self._drop()
            raise Temporary(f"{type(error).__name__} before the message was sent") from error
        if code != 250:
            raise refusal("DATA", code, words)
        raw = json.dumps({"code": code, "words": clean(words)})
        return Receipt(provider_id=message_id(self._account.sender, outbound), raw=raw)

    def log_in(self, lease_end: float) -> None:
        """Connect, encrypt and log in as `send` does, and send nothing; raises DeliveryError."""
        self._ready(lease_end)

    def close(self) -> None:
        """Say goodbye, as a server expects of an idle client."""
        if self._client is None:
            return
        try:
            self._client.sock_timeout(1.0)
            self._client.quit()
        except OSError:
            self._drop()
        self._client = None

    def _ready(self, lease_end: float) -> _Client:
        """Give a connection that answers, old or new, with nothing left from the last message."""
        if self._client is not None:
            try:
                self._client.sock_timeout(_step_s(lease_end))
                if self._client.rset()[0] == 250:
                    return self._client
            except OSError:
                pass  # the server closed an idle connection: nothing of this message was in it
            self._drop()
        self._client = self._open(lease_end)
        return self._client

    def _open(self, lease_end: float) -> _Client:
        client = _Client(self._account, self._guard)
        try:
            self._greet(client, lease_end)
        except DeliveryError:
            client.close()
            raise
        except (OSError, UnicodeError) as error:  # what smtplib raises is an OSError too
            client.close()
            raise greeting_failure(error) from error
        return client

    def _greet(self, client: _Client, lease_end: float) -> None:
        account = self._account
        client.timeout = min(CONNECT_TIMEOUT_S, _step_s(lease_end))
        code, words = client.connect(account.host, account.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, words)
        client.sock_timeout(_step_s(lease_end))
        client.ehlo_or_helo_if_needed()
        if account.security == "starttls":
            client.starttls(context=_tls(account.ca_file))
            client.ehlo_or_helo_if_needed()
        if account.username:
            client.sock_timeout(_step_s(lease_end))
            client.login(account.username, account.password)

    def _author(self, outbound: Outbound) -> str:
        """Give the envelope's sender, to whom the letter comes back."""
        if bounce_address := self._account.bounce_address:
            return envelope_sender(envelope_address(bounce_address), outbound.message_id)
        return envelope_address(self._account.sender.address)

    def _envelope(self, client: _Client, author: str, recipient: str, lease_end: float) -> None:
        for step, command in (("MAIL", f"FROM:<{author}>"), ("RCPT", f"TO:<{recipient}>")):
            client.sock_timeout(_step_s(lease_end))
            code, words = client.docmd(step, command)
            if code not in {250, 251}:
                raise refusal(step, code, words)

    def _content(self, client: _Client, content: bytes, lease_end: float) -> tuple[int, bytes]:
        client.sock_timeout(_step_s(lease_end))
        code, words = client.docmd("DATA")
        if code != 354:
            raise refusal("DATA", code, words)
        client.sock_timeout(_step_s(lease_end))
        # One call: when it fails, its last bytes, the final dot among them, were not taken.
        client.send(_dotted(content))
        try:
            client.sock_timeout(_step_s(lease_end, floor_s=1.0))
            return client.getreply()
        except OSError as error:
            self._drop()
            raise Ambiguous(f"{type(error).__name__} after the final dot") from error

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


class _Client(smtplib.SMTP):
    """smtplib over a guarded socket, with TLS from the first byte where it is set."""

    def __init__(self, account: SmtpAccount, guard: AddressGuard) -> None:
        super().__init__(local_hostname="localhost", timeout=CONNECT_TIMEOUT_S)
        self._account, self._guard = account, guard
        self._host = account.host  # starttls checks the certificate against it

    def sock_timeout(self, timeout_s: float) -> None:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        self.sock.settimeout(timeout_s)

    def getreply(self) -> tuple[int, bytes]:
        """Read one reply, however many lines it has, within one time-out."""
        if self.file is None and self.sock is not None:
            self.file = _Reply(self.sock)
        if self.file is not None:
            self.file.begin()
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        opened = connect(host, port, guard=self._guard, timeout_s=timeout)
        if self._account.security != "tls":
            return opened
        try:
            return _tls(self._account.ca_file).wrap_socket(opened, server_hostname=host)
        except OSError:
            opened.close()
            raise


class _Reply:
    """The lines of a server that may drip them, or never come to an end."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self._unread = bytearray()
        self._deadline = 0.0
        self._left = 0

    def begin(self) -> None:
        self._deadline = time.monotonic() + (self._socket.gettimeout() or STEP_TIMEOUT_S)
        self._left = MOST_REPLY

    def readline(self, most: int) -> bytes:
        while b"\n" not in self._unread and len(self._unread) < most:
            if not (piece := self._piece()):
                break
            self._unread += piece
        end = min(self._unread.find(b"\n") + 1 or len(self._unread), most)
        line = bytes(self._unread[:end])
        del self._unread[:end]
        self._left -= len(line)
        if self._left < 0:
            raise OSError("the reply does not end")
        return line

    def close(self) -> None:
        self._unread.clear()

    def _piece(self) -> bytes:
        timeout_s, left_s = self._socket.gettimeout(), self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the reply takes too long")
        self._socket.settimeout(left_s)
        try:
            return self._socket.recv(4096)
        finally:
            self._socket.settimeout(timeout_s)


@lru_cache(maxsize=64)
def _tls(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file or certifi.where())


def _step_s(lease_end: float, *, floor_s: float = 0.0) -> float:
    """Give a command's time-out; raises NotStarted when the lease is over."""
    left = max(lease_end - time.monotonic(), floor_s)
    if left <= 0:
        raise NotStarted("the lease ended before the message was sent")
    return min(STEP_TIMEOUT_S, left)


def _dotted(content: bytes) -> bytes:
    """Double leading dots and add the final one (RFC 5321, 4.5.2)."""
    stuffed = re.sub(rb"(?m)^\.", b"..", content)
    return stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n"
