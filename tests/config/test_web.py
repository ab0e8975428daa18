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

# It gives no death signal, as if that had come in the server's first moments.
SUPERVISOR = """
import os, sys, time
from config import web
supervisor, port = os.getpid(), int(sys.argv[1])
group = os.fork()
if not group:
    os.setsid()
    web.serve(supervisor, "127.0.0.1", port, "wsgiref.simple_server:demo_app")
print(group, flush=True)
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
