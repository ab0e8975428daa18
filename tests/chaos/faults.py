"""What is done to the installation, when, and what was in flight at that moment.

The schedule is dealt from a seeded deck that holds every kind, so each of them strikes before any
strikes again. Which process a fault hits is drawn when it strikes, from the same seed.
"""

from __future__ import annotations

import contextlib
import heapq
import http.client
import json
import random
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]  # ships no types
import redis

from tests.chaos.flight import Watch
from tests.chaos.installation import Installation

#: kind -> how often it lies in one deck. The first is what the product must bear most often.
DECK = {
    "worker kill -9": 5,
    "worker SIGTERM": 2,
    "worker SIGSTOP": 2,
    "web kill -9": 1,
    "scheduler kill -9": 1,
    "supervisor kill -9": 1,
    "redis FLUSHALL": 2,
    "redis kill -9": 1,
    "redis SIGTERM": 1,
    "redis emptied": 1,
    "postgres immediate stop": 2,
    "provider slow": 1,
    "provider late": 1,
    "provider reset": 1,
    "provider stall": 1,
    "provider error": 1,
    "provider busy": 1,
    "second scheduler": 1,
    "newer worker": 1,
}
#: What the short form does: each kind of process and server once, and nothing that starts slowly.
SHORT = {
    "worker SIGSTOP": 1,
    "worker kill -9": 3,
    "worker SIGTERM": 1,
    "redis FLUSHALL": 1,
    "redis kill -9": 1,
    "postgres immediate stop": 1,
    "provider reset": 1,
    "second scheduler": 1,
}
#: Faults after which a message that was in flight may be sent a second time.
INTERRUPTING = frozenset({"worker kill -9", "worker SIGSTOP", "postgres immediate stop"})
PROVIDER_S = (0.5, 3.0)
DOWN_S = (0.0, 2.5)


@dataclass(frozen=True)
class Fault:
    """One fault that was done. in_flight: ids of messages that it may have interrupted."""

    kind: str
    at: float
    target: str
    in_flight: frozenset[str] = frozenset()


def deal(
    kinds: Mapping[str, int], seconds: float, gap_s: float, luck: random.Random
) -> list[tuple[float, str]]:
    """Deal faults over so many seconds: (when, kind). gap_s: mean seconds between two."""
    dealt: list[tuple[float, str]] = []
    at, deck = luck.uniform(0.2, 1.0) * gap_s, list[str]()
    while at < seconds:
        if not deck:
            deck = [kind for kind, times in kinds.items() for _ in range(times)]
            luck.shuffle(deck)
        dealt.append((at, deck.pop()))
        at += luck.uniform(0.5, 1.5) * gap_s
    return dealt


@dataclass
class Injector:
    """Does the faults of a schedule, and undoes after a while what must not stay."""

    installation: Installation
    watch: Watch
    redis_url: str
    mock_port: int
    lease_s: float
    luck: random.Random
    done: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._later: list[tuple[float, int, Callable[[], object]]] = []
        self._number = 0

    def run(self, schedule: Sequence[tuple[float, str]]) -> None:
        """Do everything, then set everything right."""
        started = time.monotonic()
        try:
            for at, kind in schedule:
                self._undo_until(started + at)
                self._do(kind)
        finally:
            self._undo_until(max((at for at, _, _ in self._later), default=0.0))
        self.set_mode("ok")

    def set_mode(self, mode: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.mock_port, timeout=10)
        connection.request("PUT", "/mode", json.dumps({"mode": mode}))
        connection.getresponse().read()
        connection.close()

    def _undo_until(self, moment: float) -> None:
        while self._later and self._later[0][0] <= moment:
            at, _, action = heapq.heappop(self._later)
            time.sleep(max(0.0, at - time.monotonic()))
            action()
        time.sleep(max(0.0, moment - time.monotonic()))

    def _after(self, wait_s: float, action: Callable[[], object]) -> None:
        self._number += 1
        heapq.heappush(self._later, (time.monotonic() + wait_s, self._number, action))

    def _do(self, kind: str) -> None:
        who, what = kind.split(" ", 1)
        act = {
            "worker": self._hit_worker,
            "web": self._kill_web,
            "scheduler": self._kill_scheduler,
            "supervisor": self._kill_supervisor,
            "redis": self._hit_redis,
            "postgres": self._stop_postgres,
            "provider": self._ail,
            "second": self._add_scheduler,
            "newer": self._add_worker,
        }[who]
        act(kind, what)

    def _note(self, kind: str, target: str = "", in_flight: frozenset[str] = frozenset()) -> None:
        self.done.append(Fault(kind, time.time(), target, in_flight))

    def _hit_worker(self, kind: str, what: str) -> None:
        workers = self.installation.named("worker")
        if not workers:
            return
        worker = self.luck.choice(workers)
        number = {"kill -9": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "SIGSTOP": signal.SIGSTOP}
        with contextlib.suppress(psutil.NoSuchProcess):
            name = worker.name()
            worker.send_signal(number[what])
            if what == "SIGSTOP":
                self._after(self.lease_s + 2.0, lambda: _continue(worker))
            flying = set() if what == "SIGTERM" else self.watch.of_worker(worker.pid)
            self._note(kind, f"{worker.pid} {name}", frozenset(flying))

    def _kill_web(self, kind: str, _: str) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for master in self.installation.named("web"):
                family = [master, *master.children(recursive=True)]
                victim = self.luck.choice(family)
                victim.kill()
                self._note(kind, f"{victim.pid} of {len(family)}")

    def _kill_scheduler(self, kind: str, _: str) -> None:
        for process in self.installation.named("scheduler")[:1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
                self._note(kind, str(process.pid))

    def _kill_supervisor(self, kind: str, _: str) -> None:
        supervisor = self.installation.supervisor
        if supervisor is not None:
            supervisor.kill()
            supervisor.wait()
            self._note(kind, str(supervisor.pid))
            self.installation.start()

    def _hit_redis(self, kind: str, what: str) -> None:
        down_s = self.luck.uniform(*DOWN_S)
        if what == "FLUSHALL":
            with contextlib.suppress(redis.RedisError):
                client = redis.Redis.from_url(self.redis_url)
                client.flushall()
                client.close()
        else:
            number = signal.SIGTERM if what == "SIGTERM" else signal.SIGKILL
            with self.installation.held_down():
                self.installation.kill_valkey(number, is_wiped=what == "emptied")
                time.sleep(down_s)
        self._note(kind)

    def _stop_postgres(self, kind: str, _: str) -> None:
        before = self.watch.of_all()
        with self.installation.held_down():
            self.installation.stop_postgres_at_once()
            time.sleep(self.luck.uniform(*DOWN_S))
        self._note(kind, "", frozenset(before | self.watch.of_all()))

    def _ail(self, kind: str, mode: str) -> None:
        self.set_mode(mode)
        self._after(self.luck.uniform(*PROVIDER_S), lambda: self.set_mode("ok"))
        self._note(kind)

    def _add_scheduler(self, kind: str, _: str) -> None:
        self._replace("scheduler", "schedule")
        self._note(kind)

    def _add_worker(self, kind: str, _: str) -> None:
        self._replace(
            "worker", "rqworker", "normal", "low", "--skip-checks", KOLOKOL_VERSION="next"
        )
        self._note(kind)

    def _replace(self, name: str, *command: str, **environment: str) -> None:
        """Start an extra process, unless the last one of this name still lives."""
        old = self.installation.extras.get(name)
        if old is None or old.poll() is not None:
            self.installation.add(name, *command, **environment)


def _continue(worker: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        worker.resume()
