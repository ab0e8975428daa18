"""The real `manage.py up` in a data folder of its own: start, find its processes, hurt its servers.

The supervisor is under test too: when it is killed, its children end by themselves (they get
SIGTERM from the kernel), and the next `up` takes over the servers that still run.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types

from config.embedded_place import find_place
from config.embedded_servers import Postgres, Valkey

ROOT = Path(__file__).resolve().parent.parent.parent
START_S = 120.0


@dataclass
class Installation:
    """One data folder and one port. environment: what `up` and its children get beside ours."""

    data: Path
    environment: Mapping[str, str]
    workers: int = 3
    port: int = field(default_factory=lambda: free_port())
    supervisor: subprocess.Popen[bytes] | None = None
    extras: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start `up`, again and again until it stands: an old web may still hold the port."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            self.supervisor = self._spawn(
                [
                    *("up", "--no-demo", "--data", str(self.data)),
                    *("--port", str(self.port), "--workers", str(self.workers)),
                ]
            )
            if self._stands(deadline):
                return
        raise RuntimeError(f"`up` does not start; see {self.data / 'up.log'}")

    def _stands(self, deadline: float) -> bool:
        assert self.supervisor is not None
        while self.supervisor.poll() is None and time.monotonic() < deadline:
            if self.is_live() and self.named("worker"):
                return True
            time.sleep(0.1)
        return False

    def is_live(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/live", timeout=2):
                return True
        except OSError:
            return False

    def add(self, name: str, *command: str, **environment: str) -> None:
        """Run one more process beside those of `up`: a second scheduler, a newer worker."""
        self.extras[name] = self._spawn([*command, "--verbosity", "0"], environment)

    def named(self, name: str) -> list[psutil.Process]:
        """Find the living children of `up`, and our extras, whose name begins so."""
        if self.supervisor is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.supervisor.pid).children()
            extras = [
                psutil.Process(process.pid)
                for extra, process in self.extras.items()
                if extra.startswith(name) and process.poll() is None
            ]
            return [*(child for child in children if _is_called(child, name)), *extras]
        return []

    def stop(self) -> None:
        """End everything, also what a fault left stopped."""
        for process in [*self.extras.values(), *([self.supervisor] if self.supervisor else [])]:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in [*self.extras.values(), *([self.supervisor] if self.supervisor else [])]:
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @contextlib.contextmanager
    def held_down(self) -> Iterator[None]:
        """Keep the supervisor from bringing a server back while we are at it."""
        descriptor = os.open(self.data / ".lock", os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def kill_valkey(self, number: signal.Signals, *, is_wiped: bool = False) -> None:
        valkey = Valkey(self._place(), False)
        _kill(valkey.pid_file, number)
        if is_wiped:
            shutil.rmtree(valkey.folder / "appendonlydir", ignore_errors=True)

    def stop_postgres_at_once(self) -> None:
        _kill(Postgres(self._place(), "", False).pid_file, signal.SIGQUIT)

    def _place(self):
        place = find_place(self.data)
        assert place is not None
        return place

    def _spawn(self, command: list[str], more: Mapping[str, str] | None = None):
        environment = {
            **_clean(),
            **self.environment,
            "KOLOKOL_DATA": str(self.data),
            **(more or {}),
        }
        with (self.data / "up.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), *command],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )


def _clean() -> dict[str, str]:
    """Give our environment without the servers and settings of a test run around us."""
    ours = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "ENCRYPTION_KEYS")
    gone = {*ours, "DJANGO_SETTINGS_MODULE", "PUBLIC_URL", "PHONE_URL", "PYTEST_VERSION"}
    return {name: value for name, value in os.environ.items() if name not in gone}


def _is_called(process: psutil.Process, name: str) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.name().startswith(name)
    except psutil.NoSuchProcess:
        return False


def _kill(pid_file: Path, number: signal.Signals) -> None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int(pid_file.read_text().split()[0])
        os.kill(pid, number)
        deadline = time.monotonic() + 5
        while psutil.pid_exists(pid) and time.monotonic() < deadline:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return
            time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
