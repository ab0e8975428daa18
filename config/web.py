"""Run the web server under a supervisor, never outliving it.

The server sets its signal handlers late, so a death signal of its first moments is swallowed, and
its workers would go on holding the port.
"""

from __future__ import annotations

import os
import signal
import threading
import time

from granian.cli import cli

from config.processes import WEB

LOOK_S = 0.5
STOP_S = 5.0


def serve(supervisor: int, host: str, port: int, target: str = "config.wsgi:application") -> None:
    """Serve, and watch the supervisor, a process id, from a thread."""
    threading.Thread(target=_end_with, args=[supervisor], daemon=True).start()
    cli([*WEB, "--host", host, "--port", str(port), target])


def _end_with(supervisor: int) -> None:
    """End the whole family (the supervisor gave it a group of its own) when its parent is gone."""
    while os.getppid() == supervisor:
        time.sleep(LOOK_S)
    os.killpg(0, signal.SIGTERM)
    time.sleep(STOP_S)
    os.killpg(0, signal.SIGKILL)
