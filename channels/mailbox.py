"""Which reports lie in a mailbox that were not read yet? One look by IMAP, which changes nothing.

1. The mailbox is opened read-only: what a person has not read stays unread.
2. New is what has a higher number (UID) than the last look came to; the first look, or one after
   the server numbered anew, goes a few days back.
3. Only letters that say to be reports are fetched whole.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import certifi

from channels.bounces import MOST_BYTES
from channels.errors import BadCredentials, Temporary
from channels.faults import FAULTS
from channels.guard import AddressGuard, connect

STEP_TIMEOUT_S = 10.0
LOOK_S = 40.0  # of one look, whatever the server does
MOST_LETTERS = 200  # of one look; what is left then is for the next
ENOUGH_BYTES = 4 * 1024 * 1024  # of letters of one look: several are held at once
MOST_LOOK_BYTES = 4 * ENOUGH_BYTES  # whatever the server says of itself
LOOK_BACK = timedelta(days=3)
PORTS = {"tls": 993, "starttls": 143, "none": 143}
#: As IMAP writes them, whatever the locale.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where returned letters arrive. security: a key of PORTS. ca_file: else certifi's."""

    host: str
    port: int
    user: str
    password: str
    security: str = "tls"
    ca_file: str = ""

    def __repr__(self) -> str:
        return f"Mailbox({self.host}:{self.port})"

    @classmethod
    def of(cls, credentials: Mapping[str, str]) -> Mailbox | None:
        """Read the fields of channels.adapters.smtp; None where no mailbox is named.

        Login and password may be the same as for sending.
        """
        host = credentials.get("imap_host", "")
        if not host:
            return None
        security = credentials.get("imap_security") or "tls"
        return cls(
            host=host,
            port=int(credentials.get("imap_port") or PORTS[security]),
            user=credentials.get("imap_user") or credentials.get("username", ""),
            password=credentials.get("imap_password") or credentials.get("password", ""),
            security=security,
        )


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a mailbox was read. validity: the server's word for how it numbers its letters."""

    validity: int = 0
    uid: int = 0


def look(
    mailbox: Mailbox, cursor: Cursor, guard: AddressGuard, today: date
) -> tuple[list[bytes], Cursor]:
    """Fetch the reports that came since the cursor, and say how far the mailbox is read now.

    Raises BadCredentials for a refused login, Permanent for an address that may not be called,
    Temporary for everything else that goes wrong.
    """
    with _opened(mailbox, guard) as client:
        return _look(client, cursor, today)


def try_login(mailbox: Mailbox, guard: AddressGuard) -> None:
    """Log in and open the mailbox, read nothing; raises as `look` does."""
    with _opened(mailbox, guard) as client:
        _ask(client.select("INBOX", readonly=True))


def _look(client: _Client, cursor: Cursor, today: date) -> tuple[list[bytes], Cursor]:
    _ask(client.select("INBOX", readonly=True))
    validity = _number(client, "UIDVALIDITY")
    if validity != cursor.validity:
        since = today - LOOK_BACK
        words = f"SINCE {since.day}-{MONTHS[since.month - 1]}-{since.year}"
        cursor = Cursor(validity, 0)
    else:
        words = f"UID {cursor.uid + 1}:*"
    found = _ask(client.uid("SEARCH", words))
    listed = b" ".join(part for part in found if isinstance(part, bytes)).split()
    # "n:*" always names the last letter, even one that was read
    new = sorted(uid for uid in map(int, listed) if uid > cursor.uid)[:MOST_LETTERS]
    letters: list[bytes] = []
    for uid in sorted(_reports(client, new)):
        letters += _letter(client, uid)
        if sum(map(len, letters)) >= ENOUGH_BYTES:
            return letters, Cursor(validity, uid)
    last = new[-1] if new else max(cursor.uid, _number(client, "UIDNEXT") - 1)
    return letters, Cursor(validity, last)


def _reports(client: _Client, uids: Sequence[int]) -> list[int]:
    """Tell which letters say to be reports; multipart/report is what both standards ask for."""
    if not uids:
        return []
    answer = client.uid(
        "FETCH", ",".join(map(str, uids)), "(BODY.PEEK[HEADER.FIELDS (CONTENT-TYPE)])"
    )
    return [
        int(named[1])
        for part in _ask(answer)
        if isinstance(part, tuple)
        and (named := re.search(rb"\bUID (\d+)", part[0]))
        and b"multipart/report" in part[1].lower()
    ]


def _letter(client: _Client, uid: int) -> list[bytes]:
    parts = _ask(client.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MOST_BYTES}>)"))
    return [part[1] for part in parts if isinstance(part, tuple)]


def _ask(answer: tuple[str, Sequence[object]]) -> Sequence[object]:
    word, parts = answer
    if word != "OK":
        raise imaplib.IMAP4.error("the server refused")
    return parts


def _number(client: _Client, name: str) -> int:
    told = client.response(name)[1]
    text = told[-1] if told else None
    return int(text) if isinstance(text, bytes) and text.isdigit() else 0


@contextmanager
def _opened(mailbox: Mailbox, guard: AddressGuard) -> Iterator[_Client]:
    """Open the mailbox and say in our words what goes wrong from here to its end."""
    try:
        with _logged_in(mailbox, guard) as client:
            yield client
    # the error's text may hold what the server knows of the account; imaplib reads an answer that
    # is no IMAP with faults of its own
    except (imaplib.IMAP4.error, OSError, *FAULTS) as error:
        raise Temporary(f"{type(error).__name__} while reading the mailbox") from error


@contextmanager
def _logged_in(mailbox: Mailbox, guard: AddressGuard) -> Iterator[_Client]:
    line = connect(mailbox.host, mailbox.port, guard=guard, timeout_s=STEP_TIMEOUT_S)
    with _ended_in_time(line):
        client = _Client(mailbox, line)
        try:
            if mailbox.security == "starttls":
                client.starttls(_tls(mailbox.ca_file))
            _log_in(client, mailbox)
            yield client
        finally:
            client.leave()


@contextmanager
def _ended_in_time(line: socket.socket) -> Iterator[None]:
    """Cut the line after LOOK_S: a server may give a byte at a time and never be late."""
    with line.dup() as end:  # TLS takes the socket itself over
        watch = threading.Timer(LOOK_S, _cut, [end])
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()


def _cut(line: socket.socket) -> None:
    with suppress(OSError):  # it is over already
        line.shutdown(socket.SHUT_RDWR)


def _log_in(client: _Client, mailbox: Mailbox) -> None:
    try:
        client.login(mailbox.user, mailbox.password)
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, UnicodeError) as error:
        raise BadCredentials("the mailbox refuses the login") from error


class _Client(imaplib.IMAP4):
    """imaplib over a guarded socket, with TLS from the first byte where it is set."""

    def __init__(self, mailbox: Mailbox, line: socket.socket) -> None:
        self._mailbox, self._line = mailbox, line
        self._left = MOST_LOOK_BYTES
        super().__init__(mailbox.host, mailbox.port, timeout=STEP_TIMEOUT_S)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        if self._mailbox.security != "tls":
            return self._line
        context = _tls(self._mailbox.ca_file)
        try:
            return context.wrap_socket(self._line, server_hostname=self._mailbox.host)
        except OSError:
            self._line.close()
            raise

    def read(self, size: int) -> bytes:
        """Refuse a piece that is larger than what was asked for."""
        self._left -= size
        if size > MOST_BYTES or self._left < 0:
            raise self.abort("the server sends more than was asked for")
        return super().read(size)

    def readline(self) -> bytes:
        """Count lines, too: a server may send them without end."""
        line = super().readline()
        self._left -= len(line)
        if self._left < 0:
            raise self.abort("the server sends more than was asked for")
        return line

    def leave(self) -> None:
        """Say goodbye, or just go."""
        try:
            self.logout()
        except (OSError, self.error):
            with suppress(OSError):
                self.shutdown()


@lru_cache(maxsize=8)
def _tls(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file or certifi.where())
