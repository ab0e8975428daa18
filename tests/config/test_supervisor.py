"""A child that dies comes back, and takes its own children with it."""

from __future__ import annotations

import os
import signal
import sys
import time

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest

from config.supervisor import Child, Supervisor

PARENT = """
import subprocess, sys, time
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open("worker", "a").write(f"{worker.pid}\\n")
time.sleep(60)
"""


@pytest.fixture
def supervisor(tmp_path):
    one = Supervisor(tmp_path, [Child("web", [sys.executable, "-c", PARENT])])
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
