"""What do workers do with the Redis that they share when it is away? Rest, and say so."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import redis

from channels.outages import Outage

TIMEOUT_S = 0.5
REST_S = 5.0  # how long a Redis that failed is not asked: a time-out per batch would cost more

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


class Away(Exception):
    """Redis does not answer, or did not a moment ago."""


class SharedRedis:
    """One connection of this process. Belongs to one thread.

    without: what happens while Redis is away, for the log.
    """

    def __init__(self, url: str, without: str) -> None:
        self.client = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        )
        self._without, self._outage = without, Outage("redis", log)
        self._rests_until = 0.0

    def ask(self, command: Callable[[], Answer]) -> Answer:
        """Give the command's answer; raises Away."""
        if time.monotonic() < self._rests_until:
            raise Away
        try:
            answer = command()
        except redis.RedisError as error:
            self._rests_until = time.monotonic() + REST_S
            self._outage.lasts(self._without, error)
            raise Away from error
        self._outage.is_over()
        return answer

    def close(self) -> None:
        """Give the connection back."""
        self.client.close()
