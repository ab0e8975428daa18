"""How fast are calls answered? A load generator: raw sockets, as a process of its own.

Reads one JSON object on stdin (Load's fields), drives, writes one JSON object to stdout.
Without a rate each connection calls as soon as it has its answer. With one, calls are due at fixed
moments and latency counts from the moment at which a call was due: no stall hides behind a pause.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.bench.salon import Salon
from tests.bench.servers import ROOT
from tests.bench.text import payload

_HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ApiKey {key}\r\n"
    "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
)
_LENGTH = re.compile(rb"content-length: *(\d+)")
EXAMPLES = 3  # of refused answers that are told


@dataclass(frozen=True)
class Load:
    """What to call. salons: (key, clients, first chat). bulk: events per call, 0: single calls.

    raw: whole requests instead of triggers, each once.
    """

    port: int
    run: str
    salons: Sequence[tuple[str, int, int]]
    workflow: str = "bench-normal"
    connections: int = 16
    calls: int = 0
    seconds: float = 0.0
    rate: float = 0.0
    bulk: int = 0
    raw: Sequence[str] = ()


@dataclass(frozen=True)
class Answered:
    """What came of it. sent_at: moment at which a client's trigger was due, by chat."""

    calls: int
    errors: int
    seconds: float
    latencies_ms: list[float]
    sent_at: dict[int, float]
    examples: list[str]

    @property
    def per_s(self) -> float:
        """Calls per second."""
        return self.calls / self.seconds

    def latency_ms(self, share: float) -> float:
        """Give the latency that this share of calls stayed below."""
        return percentile(self.latencies_ms, share)


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that this share of all values does not exceed; 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def salon_facts(salons: Sequence[Salon]) -> list[tuple[str, int, int]]:
    """Name what the generator has to know of salons."""
    return [(salon.key, salon.people, salon.first_chat) for salon in salons]


def start(load: Load) -> subprocess.Popen[str]:
    """Start the generator; `finish` waits for it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(load)))
    process.stdin.close()
    process.stdin = None
    return process


def finish(process: subprocess.Popen[str], limit_s: float) -> Answered:
    """Wait for its result."""
    try:
        output, _ = process.communicate(timeout=limit_s)
    except BaseException:
        process.kill()
        process.wait()
        raise
    result: dict[str, Any] = json.loads(output)
    sent_at = {int(chat): moment for chat, moment in result.pop("sent_at").items()}
    return Answered(sent_at=sent_at, **result)


def drive(load: Load, limit_s: float = 300.0) -> Answered:
    """Run a load to its end."""
    return finish(start(load), limit_s)


@dataclass
class _Driver:
    load: Load
    started: float = 0.0
    next_call: int = 0
    errors: int = 0
    latencies: list[float] = field(default_factory=list)
    sent_at: dict[int, float] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    async def run(self) -> dict[str, Any]:
        self.started = time.monotonic()
        await asyncio.gather(*(self._connection() for _ in range(self.load.connections)))
        return {
            "calls": len(self.latencies),
            "errors": self.errors,
            "seconds": time.monotonic() - self.started,
            "latencies_ms": self.latencies,
            "sent_at": self.sent_at,
            "examples": self.examples,
        }

    async def _connection(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.load.port)
        while (number := self._take()) is not None:
            due = await self._due(number)
            writer.write(self._request(number, due))
            await self._answer(reader)
            self.latencies.append((time.monotonic() - due) * 1000)
        writer.close()

    def _take(self) -> int | None:
        load, number = self.load, self.next_call
        is_late = load.seconds and time.monotonic() - self.started >= load.seconds
        most = len(load.raw) or load.calls
        if is_late or (most and number >= most):
            return None
        self.next_call += 1
        return number

    async def _due(self, number: int) -> float:
        if not self.load.rate:
            return time.monotonic()
        due = self.started + number / self.load.rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        return due

    def _request(self, number: int, due: float) -> bytes:
        load = self.load
        if load.raw:
            return load.raw[number].encode()
        key, people, first_chat = load.salons[number % len(load.salons)]
        turn, size = number // len(load.salons), load.bulk or 1
        wanted = [(turn * size + index) % people + 1 for index in range(size)]
        for person in wanted:
            self.sent_at.setdefault(first_chat + person, due)
        events = [self._event(f"{load.run}-{number}-{i}", p) for i, p in enumerate(wanted)]
        body = json.dumps({"events": events} if load.bulk else events[0]).encode()
        path = "/v1/events/trigger" + ("/bulk" if load.bulk else "")
        return _HEAD.format(path=path, key=key, length=len(body)).encode() + body

    def _event(self, transaction: str, person: int) -> dict[str, Any]:
        return {
            "name": self.load.workflow,
            "to": f"c-{person}",
            "payload": payload(self.load.run),
            "transactionId": transaction,
        }

    async def _answer(self, reader: asyncio.StreamReader) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = _LENGTH.search(head)
        body = await (reader.readexactly(int(length[1])) if length else _chunks(reader))
        is_good = head.split(b" ", 2)[1] in (b"200", b"201") and b'"error"' not in body
        if not is_good:
            self.errors += 1
            if len(self.examples) < EXAMPLES:
                self.examples.append(body[:300].decode(errors="replace"))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(parts)


if __name__ == "__main__":
    given = json.load(sys.stdin)
    json.dump(asyncio.run(_Driver(Load(**given)).run()), sys.stdout)
