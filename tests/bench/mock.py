"""Providers that cost next to nothing: the answers of one per kind, counted per recipient.

Run as a process of its own; prints its ports for HTTP and for mail. `/<milliseconds>/...` answers
after that long, as the provider whose path that is (`_TONGUES`); the word in square brackets of the
text is the run it belongs to. `/control/<run>` tells what arrived: how many recipients, how many
copies too many, and when; `/control/<run>/arrivals` tells each.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import time
from collections import defaultdict
from dataclasses import dataclass

from tests.bench.mail import Letterbox

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_TAKEN = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: bench\r\nContent-Length: %d\r\n\r\n"
_BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_REFUSED = b'{"ok":false,"error_code":400,"description":"Bad Request: no login, or no run in it"}'
_ACCESS = b'{"access_token":"bench-access","expires_in":3599,"token_type":"Bearer"}'


@dataclass(frozen=True)
class Tongue:
    """How a provider speaks. login: stands in the call's head. message: finds recipient and run.

    answer: knows %(who)s and %(number)d.
    """

    message: re.Pattern[bytes]
    answer: bytes
    head: bytes = _OK
    login: bytes = b""


def _message(start: bytes, end: bytes = rb".*?\[([\w.-]+)\]") -> re.Pattern[bytes]:
    return re.compile(start + end, re.DOTALL)


_TELEGRAM = Tongue(
    _message(rb'"chat_id": ?"?(\d+)'),
    b'{"ok":true,"result":{"message_id":%(number)d,"date":1,'
    b'"chat":{"id":%(who)s,"type":"private"}}}',
)
_SENDGRID = Tongue(
    _message(rb'"email": ?"c(\d+)@', rb"[^\[]*\[([\w.-]+)\]"),
    b"",
    _TAKEN,
    login=b"Bearer bench-key",
)
_SMSRU = Tongue(
    _message(rb"api_id=bench-key&.*?\bto=(\d+)", rb".*?%5B([\w.-]+)%5D"),
    b'{"status":"OK","status_code":100,"sms":{"%(who)s":{"status":"OK","status_code":100,'
    b'"sms_id":"000000-%(number)d"}},"balance":4122.56}',
)
_FCM = Tongue(
    _message(rb'"token": ?"device-(\d+)"'),
    b'{"name":"projects/bench/messages/0:%(number)d"}',
    login=b"Bearer bench-access",
)
_WEBHOOK = Tongue(
    _message(rb'"address": ?"c-(\d+)"'), b'{"id":"%(number)d"}', login=b"webhook-signature: v1,"
)
_TOKEN_PATH = b"token"
#: The path of a call -> whose it is. All others are Telegram's, whose path holds the bot's token.
_TONGUES = {
    b"v3/mail/send": _SENDGRID,
    b"sms/send": _SMSRU,
    b"v1/projects/bench/messages:send": _FCM,
    b"hook": _WEBHOOK,
}


class Book:
    """Who got what when; moments are of the machine's monotonic clock."""

    def __init__(self) -> None:
        self.arrivals: dict[bytes, dict[int, float]] = defaultdict(dict)
        self.copies: dict[bytes, int] = defaultdict(int)
        self.number = 0

    def note(self, run: bytes, chat: bytes) -> int:
        """Count one message and give it a number."""
        self.number += 1
        arrivals, key = self.arrivals[run], int(chat)
        if key in arrivals:
            self.copies[run] += 1
        else:
            arrivals[key] = time.monotonic()
        return self.number

    def tell(self, path: str) -> object:
        """Answer a question about a run."""
        run, _, detail = path.removeprefix("/control/").partition("/")
        arrivals = self.arrivals.get(run.encode(), {})
        if detail == "arrivals":
            return arrivals
        if detail == "forget":
            self.arrivals.pop(run.encode(), None)
        moments = arrivals.values()
        return {
            "seen": len(arrivals),
            "copies": self.copies.get(run.encode(), 0),
            "first": min(moments, default=0.0) if detail == "times" else 0.0,
            "last": max(moments, default=0.0) if detail == "times" else 0.0,
        }


class Connection(asyncio.Protocol):
    """One kept connection; calls on it come one after the other."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.buffer = b""
        self.loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every complete call."""
        buffer = self.buffer + data if self.buffer else data
        while True:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                break
            length = _LENGTH.search(buffer, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(buffer) < whole:
                break
            self._serve(buffer[:end], buffer[end + 4 : whole])
            buffer = buffer[whole:]
        self.buffer = buffer

    def _serve(self, head: bytes, body: bytes) -> None:
        path = head.split(b" ", 2)[1]
        if path.startswith(b"/control/"):
            self._answer(json.dumps(self.book.tell(path.decode())).encode())
            return
        _, delay_ms, called = path.split(b"/", 2)
        answer, head = self._read(called, head, body)
        if delay_ms == b"0":
            self._answer(answer, head)
        else:
            self.loop.call_later(int(delay_ms) / 1000, self._answer, answer, head)

    def _read(self, path: bytes, head: bytes, body: bytes) -> tuple[bytes, bytes]:
        """Count what a call brings; give the answer and how it begins."""
        if path == _TOKEN_PATH:
            return _ACCESS, _OK
        tongue = _TONGUES.get(path, _TELEGRAM)
        found = tongue.message.findall(body) if tongue.login in head else ()
        if not found:
            return _REFUSED, _BAD
        for who, run in found:
            number = self.book.note(run, who)
        return tongue.answer % {b"who": who, b"number": number}, tongue.head

    def _answer(self, answer: bytes, head: bytes = _OK) -> None:
        if not self.transport.is_closing():
            self.transport.write(head % len(answer) + answer)


async def serve() -> None:
    """Listen on two free ports, say which, serve until stdin closes."""
    book = Book()
    loop = asyncio.get_running_loop()
    calls = await loop.create_server(lambda: Connection(book), "127.0.0.1", 0, backlog=1024)
    mails = await loop.create_server(lambda: Letterbox(book.note), "127.0.0.1", 0)
    ports = [server.sockets[0].getsockname()[1] for server in (calls, mails)]
    sys.stdout.write(f"{ports[0]} {ports[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
