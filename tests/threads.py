"""Do the same thing many times at once, each time with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

Result = TypeVar("Result")


def at_once(count: int, work: Callable[[int], Result]) -> list[Result]:
    """Start `work(index)` in `count` threads at the same moment; raise what any of them raises."""
    start = threading.Barrier(count)

    def run(index: int) -> Result:
        try:
            connection.ensure_connection()
            start.wait(10)
            return work(index)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
