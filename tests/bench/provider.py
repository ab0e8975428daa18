"""How does the bench speak with its mock provider? Through a pipe for its life, HTTP for counts."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from tests.bench.servers import ROOT


@dataclass(frozen=True)
class Arrived:
    """What the provider saw of a run. copies: messages beyond the first per recipient."""

    seen: int
    copies: int
    first: float
    last: float


class Provider:
    """The mock, running."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.mock"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.port, self.smtp_port = map(int, self.process.stdout.readline().split())

    def base(self, ms: int) -> str:
        """Give the address of a provider that answers after so many milliseconds."""
        return f"http://127.0.0.1:{self.port}/{ms}"

    def seen(self, run: str) -> int:
        """Count the recipients of a run that got something; cheap to ask."""
        return int(self._ask(run)["seen"])

    def arrived(self, run: str) -> Arrived:
        """Tell how many and when."""
        return Arrived(**self._ask(f"{run}/times"))

    def arrivals(self, run: str) -> dict[int, float]:
        """Tell when each recipient got it first."""
        return {int(chat): moment for chat, moment in self._ask(f"{run}/arrivals").items()}

    def forget(self, run: str) -> None:
        """Give back the memory that a run takes."""
        self._ask(f"{run}/forget")

    def stop(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _ask(self, what: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", f"/control/{what}")
            answer: dict[str, Any] = json.load(connection.getresponse())
        finally:
            connection.close()
        return answer
