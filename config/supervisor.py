"""Start the processes of an installation, keep them alive, stop them together."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

STOP_S = 15.0  # a worker may finish what is in flight
FAST_DEATH_S = 2.0  # died sooner than this: wait before the next start
_PR_SET_PDEATHSIG = 1


def apart(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do heavy work once in a process of its own, so that its memory goes with it.

    Raises SystemExit when the work failed; it has said why itself.
    """
    here, there = multiprocessing.get_context("fork").Pipe(duplex=False)
    worker = multiprocessing.get_context("fork").Process(target=lambda: there.send(work()))
    worker.start()
    there.close()
    try:
        result: dict[str, Any] = here.recv()
    except EOFError:
        worker.join()
        raise SystemExit(1) from None
    worker.join()
    return result


@dataclass
class Child:
    """One process: its command, and how it is doing. nice: of the operating system."""

    name: str
    command: Sequence[str]
    nice: int = 0
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    not_before: float = 0.0

    def start(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Start it; it is told to stop when the supervisor dies in any way."""
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 (our own commands)
            list(self.command),
            cwd=folder,
            env=dict(environment),
            preexec_fn=self._prepare,
        )

    def _prepare(self) -> None:
        os.setsid()  # Ctrl-C goes to the supervisor, which stops the others in order
        if self.nice:
            os.nice(self.nice)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Supervisor:
    """Runs children until it is asked to stop; `tick` runs about twice a second."""

    folder: Path
    children: list[Child]
    tick: Callable[[], None] = lambda: None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    is_stopping: bool = False

    @property
    def pids(self) -> dict[str, int]:
        """Tell the process ids by name."""
        return {c.name: c.process.pid for c in self.children if c.process is not None}

    def start(self) -> None:
        """Start every child."""
        for child in self.children:
            child.start(self.folder, self.environment)

    def watch(self) -> None:
        """Restart what dies until somebody asks to stop."""
        while not self.is_stopping:
            self.look()
            time.sleep(0.5)

    def look(self) -> None:
        """Restart whatever has died, once."""
        for child in self.children:
            self._revive(child)
        self.tick()

    def _revive(self, child: Child) -> None:
        if child.process is None or child.process.poll() is None or self.is_stopping:
            return
        moment = time.monotonic()
        if not child.not_before:
            log.warning("a process ended", extra={"child": child.name})
            _end_family(child.process, signal.SIGTERM)
            lived_s = moment - child.started_at
            child.not_before = moment + (FAST_DEATH_S if lived_s < FAST_DEATH_S else 0.0)
        if moment >= child.not_before:
            child.not_before = 0.0
            child.start(self.folder, self.environment)

    def ask_to_stop(self, *_: object) -> None:
        """Stop at the next look (a signal handler)."""
        self.is_stopping = True

    def stop(self) -> None:
        """Ask all to stop, wait for them, kill what does not listen."""
        self.is_stopping = True
        running = [c.process for c in self.children if c.process and c.process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _end_family(process, signal.SIGKILL)
                process.wait()


def _end_family(leader: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal a child's whole group: a killed web leaves workers that go on holding its port."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader.pid, number)
