"""A real HTTP server on loopback that answers each path as a test has written down."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict

from tests.channels.fault_server import FaultServer, _Handler

HANGUP: tuple[int, dict[str, str]] = (0, {})


class ScriptServer(FaultServer):
    """`on` lists a path's answers, the last one for ever; HANGUP reads and says nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = _Scripted
        self._answers: dict[str, list[tuple[int, dict]]] = defaultdict(list)
        self._delays: dict[str, float] = {}
        self._lock = threading.Lock()

    def on(self, path: str, *answers: tuple[int, dict], after_s: float = 0.0) -> None:
        self._answers[path] = list(answers)
        self._delays[path] = after_s

    def take(self, path: str) -> tuple[int, dict]:
        time.sleep(self._delays.get(path, 0.0))
        with self._lock:
            answers = self._answers[path] or [(200, {})]
            return answers.pop(0) if len(answers) > 1 else answers[0]

    @property
    def paths(self) -> list[str]:
        return [arrival[1] for arrival in self.arrivals]

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.paths)


class _Scripted(_Handler):
    server: ScriptServer

    def answer_ok(self) -> None:
        status, body = self.server.take(self.path)
        if not status:
            self.answer_hangup()
        else:
            self.reply(status, json.dumps(body).encode())
