"""A child that dies comes back, and takes its own children with it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest

from config.supervisor import Child, Supervisor


def serve_with_a_worker(written: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as worker, written.open("a") as file:
        file.write(f"{worker.pid}\n")
        file.flush()
        time.sleep(60)


@pytest.fixture
def supervisor(tmp_path):
    one = Supervisor([Child("web", lambda: serve_with_a_worker(tmp_path / "worker"))])
    one.start()
    yield one
    for process in psutil.Process().children(recursive=True):
        process.kill()
    one.stop()


def test_a_killed_child_is_started_again(supervisor):
    first = supervisor.pids["web"]
    os.kill(first, signal.SIGKILL)

    wait_for(lambda: supervisor.look() or supervisor.pids["web"] != first)

    assert psutil.pid_exists(supervisor.pids["web"])


def test_the_workers_of_a_killed_child_end_too(supervisor, tmp_path):
    written = tmp_path / "worker"
    wait_for(lambda: written.exists() and written.read_text().endswith("\n"))
    worker = psutil.Process(int(written.read_text()))
    os.kill(supervisor.pids["web"], signal.SIGKILL)

    wait_for(lambda: supervisor.look() or not is_alive(worker))


def is_alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(question):
    deadline = time.monotonic() + 10
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.02)
