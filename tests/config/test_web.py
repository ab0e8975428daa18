"""The web server never outlives its supervisor, however early that dies."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest

SUPERVISOR = """
import os, subprocess, sys, time
options = ["--interface", "wsgi", "--port", sys.argv[1], "--log-level", "critical"]
web = subprocess.Popen(
    [sys.executable, "-m", "config.web", str(os.getpid()), *options,
     "wsgiref.simple_server:demo_app"], start_new_session=True)
print(web.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("is_serving", [False, True], ids=["at once", "when it serves"])
def test_it_ends_with_its_whole_family_when_the_supervisor_is_killed(is_serving):
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(port)], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        group = int(supervisor.stdout.readline())
        if is_serving:
            wait_for(lambda: answers(port))
        supervisor.kill()
    try:
        wait_for(lambda: not family(group))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def family(group: int) -> list[int]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def wait_for(question):
    deadline = time.monotonic() + 20
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.05)
