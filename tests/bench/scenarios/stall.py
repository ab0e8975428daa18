"""Does a provider that stalls hold up another salon's urgent messages on another provider?"""

from __future__ import annotations

from tests.bench.bench import Bench
from tests.bench.load import percentile
from tests.bench.salon import Salon
from tests.bench.scenarios.urgent import shoot

STALL_MS = 10_000
PER_CALL = 100


def measure(bench: Bench) -> None:
    """Keep 300 urgent messages waiting at a provider that answers after 10 s; shoot beside them."""
    stalled = bench.crowd(300, STALL_MS)
    for _ in range(3):
        bench.fresh()
        bench.processes.start_worker(["urgent", "high"])
        bench.warm_worker("bench-urgent")
        run = bench.run_name()
        _feed(bench, stalled, run)
        latencies = shoot(bench, bench.size(30, 12))
        bench.processes.stop("workers")
        bench.provider.forget(run)
        bench.note("stalled_other_p50_ms", "ms", percentile(latencies, 0.5))
        bench.note("stalled_other_p99_ms", "ms", percentile(latencies, 0.99))


def _feed(bench: Bench, salon: Salon, run: str) -> None:
    for first in range(1, salon.people, PER_CALL):
        bench.trigger(salon, run, list(range(first, first + PER_CALL)), "bench-urgent")
