"""What does the work cost? CPU seconds and memory of groups of processes, children included.

A process that has ended counts through its parent, which waited for it (forked jobs, database
sessions). A whole group must be read before it is stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]  # its stubs are not among our packages

GROUPS = ("web", "workers", "postgres", "redis")
Roots = Callable[[], Mapping[str, list[int]]]


@dataclass(frozen=True)
class Usage:
    """CPU seconds by group."""

    web: float = 0.0
    workers: float = 0.0
    postgres: float = 0.0
    redis: float = 0.0

    @property
    def delivery(self) -> float:
        """Seconds of workers, database and Redis together."""
        return self.workers + self.postgres + self.redis

    @property
    def accepting(self) -> float:
        """Seconds of web, database and Redis together."""
        return self.web + self.postgres + self.redis

    def minus(self, earlier: Usage) -> Usage:
        """Give what was spent since then."""
        return Usage(*(getattr(self, g) - getattr(earlier, g) for g in GROUPS))


def read(roots: Mapping[str, list[int]]) -> Usage:
    """Read what the groups have used so far."""
    return Usage(**{group: sum(map(_seconds, roots.get(group, ()))) for group in GROUPS})


def _seconds(pid: int) -> float:
    return sum(_own_seconds(process) for process in _tree(pid))


def _own_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    # children_*: those that have ended and were waited for
    spent: float = times.user + times.system + times.children_user + times.children_system
    return spent


def _tree(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


@dataclass
class MemoryWatch:
    """Samples proportional memory (PSS: shared pages are counted once) while it is open."""

    roots: Roots
    interval_s: float = 1.0
    samples: list[dict[str, float]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> MemoryWatch:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()
        self._sample()

    def peak_mb(self, group: str = "") -> float:
        """Give the largest sum of all groups, or of one."""
        sums = [s[group] if group else sum(s.values()) for s in self.samples]
        return max(sums, default=0.0)

    def _watch(self) -> None:
        self._sample()
        while not self._over.wait(self.interval_s):
            self._sample()

    def _sample(self) -> None:
        roots = self.roots()
        self.samples.append({g: sum(map(_pss_mb, roots.get(g, ()))) for g in GROUPS})


def _pss_mb(pid: int) -> float:
    total = 0
    for process in _tree(pid):
        try:
            total += process.memory_full_info().pss
        except (psutil.Error, AttributeError):
            continue
    return total / 1e6
