"""A provider that costs next to nothing: Telegram's answers, counted per recipient.

Run as a process of its own. `/<milliseconds>/bot<token>/sendMessage` answers after that long; the
word in square brackets of the text is the run it belongs to. `/control/<run>` tells what arrived:
how many recipients, how many copies too many, and when; `/control/<run>/arrivals` tells each.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import time
from collections import defaultdict

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_MESSAGE = re.compile(rb'"chat_id": ?"?(\d+).*?\[([\w.-]+)\]', re.DOTALL)
_ANSWER = b'{"ok":true,"result":{"message_id":%d,"date":1,"chat":{"id":%s,"type":"private"}}}'
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_REFUSED = b'{"ok":false,"error_code":400,"description":"Bad Request: no run in the text"}'


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
        found = _MESSAGE.search(body)
        if found is None:
            self._answer(_REFUSED)
            return
        answer = _ANSWER % (self.book.note(found[2], found[1]), found[1])
        delay_ms = path[1 : path.find(b"/", 1)]
        if delay_ms == b"0":
            self._answer(answer)
        else:
            self.loop.call_later(int(delay_ms) / 1000, self._answer, answer)

    def _answer(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(_HEAD % len(answer) + answer)


async def serve() -> None:
    """Listen on a free port, say which, serve until stdin closes."""
    book = Book()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(book), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
