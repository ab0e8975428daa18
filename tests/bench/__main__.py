"""`make bench`: measure Kolokol beside the plain way, print a table, write var/bench.json.

BENCH=full (default), quick (under five minutes), soak (half an hour), or names of scenarios with
commas ("delivery,urgent", "quick,delivery"). `python -m tests.bench profile [messages]` drains a
campaign under cProfile.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING

from tests.bench.servers import close_servers, open_servers

if TYPE_CHECKING:
    from tests.bench.bench import Bench

SCENARIOS = (
    *("delivery", "trigger", "fanout", "urgent", "callbacks"),
    *("kinds", "steps", "tenants", "stall", "fairness", "growth"),
)
QUICK = SCENARIOS[:5]  # those that give the figures everybody asks for
NAMED = (*SCENARIOS, "soak")
MODES = ("full", "quick", "soak")


def main() -> None:
    """Run what the environment or the command line asks for."""
    signal.signal(signal.SIGTERM, _stop)
    if len(sys.argv) > 1 and sys.argv[1] == "profile":
        _profile(int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
        return
    words = [word for word in os.environ.get("BENCH", "full").split(",") if word]
    unknown = set(words) - {*MODES, *NAMED}
    if unknown:
        sys.exit(f"BENCH knows {', '.join((*MODES, *SCENARIOS))}, not {', '.join(unknown)}.")
    mode = next((word for word in words if word in MODES), "full")
    names = [word for word in words if word not in MODES]
    if not names:
        names = list({"soak": ("soak",), "quick": QUICK}.get(mode, SCENARIOS))
    _measure(names, mode)


def _measure(names: list[str], mode: str) -> None:
    started = time.monotonic()
    with _opened(is_quick=mode == "quick") as bench:
        settings = bench.servers.settings()
        print("  ".join(f"{name}={value}" for name, value in settings.items()), flush=True)
        bench.processes.port = bench.processes.start_web()
        for name in names:
            _try(bench, name)
            print(f"[{time.monotonic() - started:6.0f} s] {name} done", flush=True)
    from tests.bench import report

    found = report.lines(bench.figures)
    results = {line.name: round(line.median, 3) for line in found}
    results |= {"lost": bench.lost, "duplicates": bench.duplicates}
    results["peak_rss_mb"] = round(bench.peak_mb)
    print(report.table(found))
    print(f"lost {bench.lost}, duplicates {bench.duplicates}, peak {bench.peak_mb:.0f} MB")
    for note in (*bench.notes, *bench.failures):
        print(note)
    report.write(results, settings, f"{mode}: {' '.join(names)}")
    if bench.failures:
        sys.exit(1)


def _try(bench: Bench, name: str) -> None:
    """Run one scenario; one that fails must not take the others' figures with it."""
    try:
        _scenario(name)(bench)
    except (TimeoutError, RuntimeError, OSError) as error:
        bench.failures.append(f"{name} FAILED: {error}")
        bench.processes.stop("workers")


def _scenario(name: str) -> Callable[[Bench], None]:
    found: Callable[[Bench], None] = import_module(f"tests.bench.scenarios.{name}").measure
    return found


def _profile(size: int) -> None:
    with _opened(is_quick=True) as bench:
        from tests.bench.profile import profile_drain

        profile_drain(bench, size)


@contextmanager
def _opened(*, is_quick: bool) -> Iterator[Bench]:
    """Open everything and close it again, whatever happens."""
    servers = open_servers()
    from tests.bench.bench import Bench
    from tests.bench.fill import Filling
    from tests.bench.processes import Processes
    from tests.bench.provider import Provider

    processes, provider = Processes(), Provider()
    try:
        filling = Filling(servers, provider.base(0))
        yield Bench(servers, provider, processes, filling, is_quick=is_quick)
    finally:
        processes.stop()
        provider.stop()
        servers.admin.close()
        close_servers()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("stopped")
