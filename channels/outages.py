"""How does the log say that something is away? At once, ever more rarely, and when it is back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

FIRST_S, LONGEST_S = 10.0, 600.0  # from one sentence to the next


class Outage:
    """What this process knows of something that may be away, such as "redis".

    Threads may share it: at worst a sentence is said twice.
    """

    def __init__(
        self, what: str, log: logging.Logger, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what, self._log, self._clock = what, log, clock
        self._since: float | None = None
        self._silent_until = self._pause_s = 0.0

    def lasts(self, meanwhile: str, error: Exception) -> None:
        """Tell that it does not answer and what happens meanwhile, unless that was just told."""
        now = self._clock()
        if self._since is None:
            self._since, self._silent_until, self._pause_s = now, now, FIRST_S
        if now < self._silent_until:
            return
        self._silent_until, self._pause_s = now + self._pause_s, min(self._pause_s * 2, LONGEST_S)
        extra = {"error": type(error).__name__, "for_s": round(now - self._since)}
        self._log.warning("%s is away: %s", self._what, meanwhile, extra=extra)

    def is_over(self) -> None:
        """Tell that it answers again, if it was away."""
        if self._since is not None:
            extra = {"after_s": round(self._clock() - self._since)}
            self._since = None
            self._log.warning("%s is back", self._what, extra=extra)
