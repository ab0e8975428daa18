"""Which processes are measured? The product's own, as `up` runs them."""

from __future__ import annotations

import http.client
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.processes import WEB
from config.supervisor import Child, Supervisor
from tests.bench.servers import DATA, ROOT

READY_S = 60.0
OPTIONS = ("--verbosity", "0", "--skip-checks")  # as `up`


@dataclass
class Processes:
    """Starts them, knows their ids by group, stops them."""

    started: list[tuple[str, Child]] = field(default_factory=list)
    port: int = 0  # of the product's own web process
    counted: int = 0

    def start_web(self, environment: Mapping[str, str] | None = None) -> int:
        """Start one web process, wait until it answers, give its port."""
        port = _free_port()
        command = [
            *(sys.executable, "-m", "config.web", str(os.getpid())),
            *(*WEB, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
            "config.wsgi:application",
        ]
        self.counted += 1
        group = "plain web" if environment else "web"
        self._start(group, Child(f"web-{self.counted}", command), environment or {})
        until(lambda: self._answers(port), READY_S, "the web process answers")
        return port

    def start_worker(
        self,
        queues: Sequence[str],
        *,
        nice: int = 0,
        environment: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> Child:
        """Start a worker; it is ready when its first job or wait shows in Redis."""
        self.counted += 1
        command = [
            *(sys.executable, str(ROOT / "manage.py"), "rqworker", *queues),
            *(options or OPTIONS),
        ]
        child = Child(f"worker-{self.counted}", command, nice=nice)
        self._start("workers", child, environment or {})
        return child

    def roots(self) -> dict[str, list[int]]:
        """Give the ids of the first process of each, by group."""
        found: dict[str, list[int]] = {}
        for group, child in self.started:
            if child.process is not None and child.process.poll() is None:
                found.setdefault(group, []).append(child.process.pid)
        return found

    def check(self) -> None:
        """Raise when one of them has died: a figure without it would be a lie."""
        for _, child in self.started:
            if child.process is not None and child.process.poll() is not None:
                raise RuntimeError(f"{child.name} died; see {_log(child)}")

    def stop(self, group: str = "") -> None:
        """Stop one group or all."""
        chosen = [pair for pair in self.started if group in ("", pair[0])]
        self.started = [pair for pair in self.started if pair not in chosen]
        Supervisor(ROOT, [child for _, child in chosen]).stop()

    def _start(
        self, group: str, child: Child, environment: Mapping[str, str] | None = None
    ) -> None:
        # Its log is part of the cost, but goes to a file: `exec` keeps the process id.
        child.command = ["sh", "-c", 'exec "$@" >>"$0" 2>&1', str(_log(child)), *child.command]
        child.start(ROOT, {**os.environ, **(environment or {})})
        self.started.append((group, child))

    def _answers(self, port: int) -> bool:
        self.check()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/health/live")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def until(is_so: Callable[[], bool], limit_s: float, what: str, every_s: float = 0.05) -> None:
    """Wait until something holds; raises TimeoutError with its name."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {limit_s:.0f} s: {what}")
        time.sleep(every_s)


def _log(child: Child) -> Path:
    folder = DATA / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{child.name}.log"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
