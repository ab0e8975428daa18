"""Run the web server under a supervisor, never outliving it: `python -m config.web PID OPTIONS`.

The server sets its signal handlers late, so a death signal of its first moments is swallowed, and
its workers would go on holding the port. PID: of the supervisor; OPTIONS: granian's own.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from granian.cli import entrypoint

LOOK_S = 0.5
STOP_S = 5.0


def main() -> None:
    """Watch the supervisor from a thread and serve."""
    supervisor = int(sys.argv.pop(1))
    threading.Thread(target=_end_with, args=[supervisor], daemon=True).start()
    entrypoint()  # type: ignore[no-untyped-call]  # granian is untyped


def _end_with(supervisor: int) -> None:
    """End the whole family (the supervisor gave it a group of its own) when its parent is gone."""
    while os.getppid() == supervisor:
        time.sleep(LOOK_S)
    os.killpg(0, signal.SIGTERM)
    time.sleep(STOP_S)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
