"""Does one salon's campaign hold up another salon's messages of the same priority?"""

from __future__ import annotations

from notifications.engine import BATCH
from tests.bench.bench import Bench
from tests.bench.load import percentile
from tests.bench.scenarios.urgent import shoot

RATE = 5.0
LIMIT_S = 900.0


def measure(bench: Bench) -> None:
    """Time single messages of priority low without and beside a campaign of that priority."""
    for _ in range(3):
        alone = _median_ms(bench)
        bench.note("fairness_alone_p50_ms", "ms", alone)
        beside, batch_ms = _beside(bench)
        bench.note("fairness_beside_p50_ms", "ms", beside)
        bench.note("fairness_moved_by_batches", "batches", max(0.0, beside - alone) / batch_ms)


def _beside(bench: Bench) -> tuple[float, float]:
    salon, run = bench.crowd(bench.size(1_000_000, 100_000)), bench.run_name()
    bench.fresh()
    bench.processes.start_worker(["normal", "low"])
    bench.broadcast(salon, run)
    bench.wait_expanded(LIMIT_S)
    before = bench.provider.seen(run)
    with bench.span() as span:
        latencies = shoot(bench, bench.size(30, 8), workflow="bench-low", rate=RATE)
    drained = bench.provider.seen(run) - before
    bench.processes.stop("workers")
    bench.provider.forget(run)
    return percentile(latencies, 0.5), span.seconds * 1000 * BATCH / max(drained, 1)


def _median_ms(bench: Bench) -> float:
    bench.fresh()
    bench.processes.start_worker(["normal", "low"])
    bench.warm_worker()
    latencies = shoot(bench, bench.size(30, 8), workflow="bench-low", rate=RATE)
    bench.processes.stop("workers")
    return percentile(latencies, 0.5)
