"""Start the processes of an installation, keep them alive, stop them together."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import Any

log = logging.getLogger(__name__)

STOP_S = 15.0  # a worker may finish what is in flight
FAST_DEATH_S = 2.0  # died sooner than this: wait before the next start
STOPS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
FORK = multiprocessing.get_context("fork")
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15


def apart(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do heavy work once in a process of its own, so that its memory goes with it.

    Raises SystemExit when the work failed; it has said why itself.
    """
    here, there = FORK.Pipe(duplex=False)
    worker = FORK.Process(target=_answer, args=[there, work])
    worker.start()
    there.close()
    try:
        result: dict[str, Any] = here.recv()
    except EOFError:
        worker.join()
        raise SystemExit(1) from None
    worker.join()
    return result


def _answer(there: Connection, work: Callable[[], dict[str, Any]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is no fault: no trace of a stack
    there.send(work())


@dataclass
class Child:
    """One process: its work, and how it is doing. nice: of the operating system."""

    name: str
    work: Callable[[], object]
    nice: int = 0
    process: ForkProcess | None = None
    started_at: float = 0.0
    not_before: float = 0.0

    def start(self) -> None:
        """Fork it: what the supervisor has loaded is shared, not loaded once more.

        It is told to stop when the supervisor dies in any way.
        """
        self.started_at = time.monotonic()
        self.process = FORK.Process(target=self._run, args=[os.getpid()], name=self.name)
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # until the child has handlers of its own
        self.process.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def _run(self, supervisor: int) -> None:
        os.setsid()  # Ctrl-C goes to the supervisor, which stops the others in order
        os.nice(self.nice)
        for number in STOPS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        if sys.platform == "linux":
            libc = ctypes.CDLL(None)
            libc.prctl(_PR_SET_NAME, self.name.encode())
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == supervisor:  # else it died before it could be told of
            self.work()


@dataclass
class Supervisor:
    """Runs children until it is asked to stop; `tick` runs about twice a second."""

    children: list[Child]
    tick: Callable[[], None] = lambda: None
    is_stopping: bool = False

    @property
    def pids(self) -> dict[str, int]:
        """Tell the process ids by name."""
        return {c.name: c.process.pid for c in self.children if c.process and c.process.pid}

    def start(self) -> None:
        """Start every child."""
        gc.collect()
        gc.freeze()  # a collection would write to what the children share
        for child in self.children:
            child.start()

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
        if child.process is None or child.process.is_alive() or self.is_stopping:
            return
        moment = time.monotonic()
        if not child.not_before:
            log.warning("a process ended", extra={"child": child.name})
            _end_family(child.process, signal.SIGTERM)
            lived_s = moment - child.started_at
            child.not_before = moment + (FAST_DEATH_S if lived_s < FAST_DEATH_S else 0.0)
        if moment >= child.not_before:
            child.not_before = 0.0
            child.start()

    def ask_to_stop(self, *_: object) -> None:
        """Stop at the next look (a signal handler)."""
        self.is_stopping = True

    def stop(self) -> None:
        """Ask all to stop, wait for them, kill what does not listen."""
        self.is_stopping = True
        running = [c.process for c in self.children if c.process and c.process.is_alive()]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_S
        for process in running:
            process.join(max(0.1, deadline - time.monotonic()))
            if process.is_alive():
                _end_family(process, signal.SIGKILL)
                process.join()


def _end_family(leader: ForkProcess, number: signal.Signals) -> None:
    """Signal a child's whole group: a killed web leaves workers that go on holding its port."""
    if leader.pid:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader.pid, number)
