"""A mail server that costs next to nothing: letters are counted, not kept.

The sender `<milliseconds>@...` says after how long the letter itself is answered; recipients are
`c<number>@...`, and the word in square brackets of the subject is the run.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

_RUN = re.compile(rb"^Subject: [^\[\r]*\[([\w.-]+)\]", re.MULTILINE)
_NUMBER = re.compile(rb"<\D*(\d+)@")
_END = b"\r\n.\r\n"
_REPLIES = {
    b"EHLO": b"250 mock\r\n",
    b"HELO": b"250 mock\r\n",
    b"RSET": b"250 OK\r\n",
    b"MAIL": b"250 OK\r\n",
    b"RCPT": b"250 OK\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}


class Letterbox(asyncio.Protocol):
    """One conversation. note: counts a letter (run, recipient)."""

    def __init__(self, note: Callable[[bytes, bytes], int]) -> None:
        self.note = note
        self.buffer = b""
        self.delay_ms = 0
        self.recipient = b""
        self.is_letter = False  # what comes next: a letter, or a command

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"220 mock\r\n")

    def data_received(self, data: bytes) -> None:
        """Take every complete command and letter."""
        self.buffer += data
        while True:
            part, end, rest = self.buffer.partition(_END if self.is_letter else b"\r\n")
            if not end:
                return
            self.buffer = rest
            if self.is_letter:
                self._take(part)
            else:
                self._obey(part)

    def _obey(self, command: bytes) -> None:
        verb = command[:4].upper()
        number = _NUMBER.search(command)
        if verb == b"MAIL" and number:
            self.delay_ms = int(number[1])
        elif verb == b"RCPT" and number:
            self.recipient = number[1]
        self.is_letter = verb == b"DATA"
        self.transport.write(_REPLIES.get(verb, b"502 unknown\r\n"))

    def _take(self, letter: bytes) -> None:
        self.is_letter = False
        run = _RUN.search(letter)
        if run is None:
            self._answer(b"554 no run in the subject\r\n")
            return
        answer = b"250 OK %d\r\n" % self.note(run[1], self.recipient)
        if self.delay_ms:
            asyncio.get_running_loop().call_later(self.delay_ms / 1000, self._answer, answer)
        else:
            self._answer(answer)

    def _answer(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
