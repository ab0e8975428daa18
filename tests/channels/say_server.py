"""A real HTTP server on loopback that answers what a test tells it to."""

from __future__ import annotations

import time

from tests.channels.fault_server import FaultServer, _Handler


class SayServer(FaultServer):
    """`say` sets the answer to every further request, whatever its path."""

    answer = (200, b"{}", 0.0)

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = _Saying

    def say(self, status: int, body: bytes, after_s: float = 0.0) -> None:
        self.answer = (status, body, after_s)


class _Saying(_Handler):
    server: SayServer

    def answer_ok(self) -> None:

        status, body, after_s = self.server.answer
        time.sleep(after_s)
        self.reply(status, body)
