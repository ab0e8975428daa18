"""Who sends what is due? A thread of a worker, started by a job after the commit and by a tick.

Not the worker itself: while it waited for a slow endpoint, messages to clients would wait, too.
"""

from __future__ import annotations

import logging
import threading
import time

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from channels.guard import AddressGuard
from channels.transport import open_transport
from notifications.webhooks import waking
from notifications.webhooks.sending import SLOTS, Sender

log = logging.getLogger(__name__)

LAST_CALLS_S = 20.0  # a call's own time-out and a little
HOLD_S = 0.5


def deliver() -> dict[str, bool]:
    """Let this process's courier send what is due (a job and a tick); waits for nothing."""
    return {"started": _courier.start()}


def finish() -> None:
    """Start no more calls, and write down what is under way: this process is about to end."""
    _courier.finish()


class _Courier:
    """The thread that sends; there is none while nothing is due."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_asked = False
        self._is_stopping = threading.Event()
        self._held_at = 0.0

    def start(self) -> bool:
        """Send what is due; say whether a thread was started for it."""
        with self._lock:
            self._is_asked = True
            if self._thread is not None or self._is_stopping.is_set():
                return False
            self._thread = threading.Thread(target=self._serve, name="webhooks", daemon=True)
            self._thread.start()
            return True

    def finish(self) -> None:
        """Wait for the calls that are under way."""
        self._is_stopping.set()
        if (thread := self._thread) is not None:
            thread.join(LAST_CALLS_S)

    def _serve(self) -> None:
        try:
            while self._goes_on():
                self._send()
        except (OperationalError, InterfaceError):
            log.warning("the database is away: webhooks wait for the next tick")
        finally:
            connection.close()  # this thread's own
            self._leave()

    def _goes_on(self) -> bool:
        """Look once more when somebody asked meanwhile, else leave: one step, so none is missed."""
        with self._lock:
            asked, self._is_asked = self._is_asked, False
            if not asked:
                self._thread = None
            return asked

    def _leave(self) -> None:
        with self._lock:
            if self._thread is threading.current_thread():
                self._thread = None

    def _send(self) -> None:
        guard = AddressGuard(tuple(settings.ALLOWED_PRIVATE_TARGETS))
        transport = open_transport(SLOTS, guard)
        try:
            sender = Sender(transport, self._is_stopping.is_set, self._hold)
            sender.run()
            waking.release()  # what was written since then finds nobody at work
            sender.on_lap = lambda: None
            sender.run()
        finally:
            transport.close()

    def _hold(self) -> None:
        if time.monotonic() - self._held_at >= HOLD_S:
            self._held_at = time.monotonic()
            waking.hold()


_courier = _Courier()
