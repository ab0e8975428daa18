"""Which processes are measured? The product's own, as `up` runs them."""

from __future__ import annotations

import http.client
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

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
        serve = f"from config.web import serve; serve({os.getpid()}, '127.0.0.1', {port})"
        self.counted += 1
        group = "plain web" if environment else "web"
        self._start(group, f"web-{self.counted}", [sys.executable, "-c", serve], environment or {})
        until(lambda: self._answers(port), READY_S, "the web process answers")
        return port

    def start_worker(
        self,
        queues: Sequence[str],
        *,
        nice: int = 0,
        environment: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> None:
        """Start a worker; it is ready when its first job or wait shows in Redis."""
        self.counted += 1
        command = [
            *(sys.executable, str(ROOT / "manage.py"), "rqworker", *queues, "--skip-checks"),
            *(options or OPTIONS),
        ]
        self._start("workers", f"worker-{self.counted}", command, environment or {}, nice=nice)

    def roots(self) -> dict[str, list[int]]:
        """Give the ids of the first process of each, by group."""
        found: dict[str, list[int]] = {}
        for group, child in self.started:
            if child.process and child.process.pid and child.process.is_alive():
                found.setdefault(group, []).append(child.process.pid)
        return found

    def check(self) -> None:
        """Raise when one of them has died: a figure without it would be a lie."""
        for _, child in self.started:
            if child.process and not child.process.is_alive():
                raise RuntimeError(f"{child.name} died; see {_log(child.name)}")

    def stop(self, group: str = "") -> None:
        """Stop one group or all."""
        chosen = [pair for pair in self.started if group in ("", pair[0])]
        self.started = [pair for pair in self.started if pair not in chosen]
        Supervisor([child for _, child in chosen]).stop()

    def _start(
        self,
        group: str,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        nice: int = 0,
    ) -> None:
        child = Child(name, partial(_become, command, _log(name), environment), nice)
        child.start()
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


def _become(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
    """Run a command in place of this process: what the bench has loaded is no part of a figure."""
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)  # its cost counts
    os.dup2(written, 1)
    os.dup2(written, 2)
    os.chdir(ROOT)
    os.execve(command[0], list(command), {**os.environ, **environment})  # noqa: S606 (our own)


def _log(name: str) -> Path:
    folder = DATA / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
