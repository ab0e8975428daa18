"""What does every scenario stand on: servers, salons, provider, processes, what it found."""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.bench import cpu
from tests.bench.cpu import MemoryWatch, Usage
from tests.bench.fill import Filling, forget_work, has_open_work
from tests.bench.processes import Processes, until
from tests.bench.provider import Provider
from tests.bench.salon import Salon
from tests.bench.servers import Servers
from tests.bench.text import payload


@dataclass(frozen=True)
class Figure:
    """One measured value; usage and count give the cost per unit of work in columns."""

    name: str
    unit: str
    value: float
    usage: Usage | None = None
    count: int = 0


@dataclass
class Span:
    """What a measured stretch took."""

    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    peak_mb: dict[str, float] = field(default_factory=dict)


@dataclass
class Bench:
    """Everything a scenario needs. is_quick: fewer messages, the same method."""

    servers: Servers
    provider: Provider
    processes: Processes
    filling: Filling
    is_quick: bool
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    lost: int = 0
    duplicates: int = 0
    peak_mb: float = 0.0
    kept: dict[str, list[Salon]] = field(default_factory=dict)
    runs: int = 0

    def size(self, full: int, quick: int) -> int:
        """Choose a number of messages."""
        return quick if self.is_quick else full

    def run_name(self) -> str:
        """Name a run as no other: the mock counts by it."""
        self.runs += 1
        return f"r{os.getpid()}-{self.runs}"

    def many(self) -> list[Salon]:
        """Give 200 salons of 500 clients each: whose keys the triggers use."""
        return self._kept("many", lambda: self.filling.salons(200, 500))

    def crowd(self, people: int, ms: int = 0) -> Salon:
        """Give a salon of so many clients whose provider answers after so many milliseconds."""
        name, url = f"crowd {people} {ms}", self.provider.base(ms)
        return self._kept(name, lambda: self.filling.salons(1, people, url))[0]

    def _kept(self, name: str, make: Callable[[], list[Salon]]) -> list[Salon]:
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]

    def note(
        self, name: str, unit: str, value: float, usage: Usage | None = None, count: int = 0
    ) -> None:
        """Keep a figure; the same name again is another run of the same."""
        self.figures.append(Figure(name, unit, value, usage, count))
        print(f"  {name} {value:,.6g} {unit}", file=sys.stderr, flush=True)

    def tally(self, run: str, expected: int) -> None:
        """Count what a finished run lost or doubled, as the provider saw it."""
        arrived = self.provider.arrived(run)
        self.lost += max(0, expected - arrived.seen)
        self.duplicates += arrived.copies
        self.provider.forget(run)

    def usage(self, web: str = "web") -> Usage:
        """Read the CPU seconds of all groups; web: which web processes stand in that column."""
        roots = self._roots()
        return cpu.read({**roots, "web": roots.get(web, [])})

    def _roots(self) -> dict[str, list[int]]:
        servers = {
            "postgres": [self.servers.postmaster_pid],
            "redis": [self.servers.redis_pid],
        }
        return {**self.processes.roots(), **servers}

    @contextmanager
    def span(self) -> Iterator[Span]:
        """Measure a stretch; read before anything of it is stopped."""
        span = Span()
        with MemoryWatch(self._roots) as memory:
            before, started = self.usage(), time.monotonic()
            yield span
            span.seconds = time.monotonic() - started
            span.usage = self.usage().minus(before)
            self.processes.check()
        span.peak_mb = {group: memory.peak_mb(group) for group in ("", *cpu.GROUPS)}
        self.peak_mb = max(self.peak_mb, span.peak_mb[""])

    def fresh(self) -> None:
        """Start a measurement from empty tables and empty queues."""
        forget_work(self.servers)
        self.servers.redis.flushdb()
        self.servers.admin.execute("checkpoint")

    def wait_drained(self, run: str, expected: int, limit_s: float) -> None:
        """Wait until the provider has everything and nothing is open any more."""

        def is_done() -> bool:
            self.processes.check()
            return self.provider.seen(run) >= expected and not has_open_work(self.servers)

        until(is_done, limit_s, f"{expected} messages of run {run} are sent", 0.1)

    def wait_arriving(self, run: str, count: int, limit_s: float) -> None:
        """Wait until so many of a run's messages have arrived."""
        until(lambda: self.provider.seen(run) >= count, limit_s, f"{count} of run {run} arrive")

    def wait_expanded(self, limit_s: float) -> float:
        """Wait until no recipient is left to write; give the moment."""

        def is_done() -> bool:
            self.processes.check()
            return not self.servers.one("select exists (select 1 from notifications_fanout)")

        until(is_done, limit_s, "the broadcast is expanded")
        return time.monotonic()

    def warm_worker(self, workflow: str = "bench-low") -> None:
        """Let the worker pay for imports, connections, plans and caches before it is measured."""
        run, salon = self.run_name(), self.crowd(1_000)
        if workflow == "bench-low":
            self.broadcast(salon, run, workflow)
            expected = salon.people
        else:
            expected = 100
            self.trigger(salon, run, list(range(1, expected + 1)), workflow)
        self.wait_drained(run, expected, 120)
        self.tally(run, expected)

    def broadcast(self, salon: Salon, run: str, workflow: str = "bench-low") -> float:
        """Send one event to all of a salon's clients by the API; give the moment of the call."""
        started = time.monotonic()
        self.call(salon, "broadcast", {"name": workflow, "payload": payload(run)})
        return started

    def trigger(self, salon: Salon, run: str, people: list[int], workflow: str) -> None:
        """Trigger one event for up to 100 named clients of a salon."""
        to = [f"c-{number}" for number in people]
        self.call(salon, "", {"name": workflow, "to": to, "payload": payload(run)})

    def call(self, salon: Salon, path: str, body: dict[str, Any]) -> None:
        """Call the trigger routes; raises unless the answer is 201."""
        connection = http.client.HTTPConnection("127.0.0.1", self.processes.port, timeout=60)
        try:
            connection.request(
                "POST",
                f"/v1/events/trigger/{path}".rstrip("/"),
                json.dumps(body),
                {"Authorization": f"ApiKey {salon.key}", "Content-Type": "application/json"},
            )
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status != 201:
            raise RuntimeError(f"{answer.status} {text.decode()[:500]}")
