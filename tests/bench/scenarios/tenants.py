"""What does it cost that five thousand salons have a little to send each, under row security?"""

from __future__ import annotations

from tests.bench.bench import Bench
from tests.bench.work import write_due

PER_SALON = 4
LIMIT_S = 600.0


def measure(bench: Bench) -> None:
    """Drain 4 due messages of each of 5,000 salons (quick: 1,000), three times."""
    count = bench.size(5_000, 1_000)
    salons = bench.kept.setdefault("tenants", [])
    if not salons:
        salons += bench.filling.salons(count, PER_SALON)
    for _ in range(3):
        bench.fresh()
        bench.processes.start_worker(["normal", "low"])
        bench.warm_worker()
        run = bench.run_name()
        with bench.span() as span:
            write_due(bench.servers, salons, run)
            bench.wait_drained(run, count * PER_SALON, LIMIT_S)
        bench.tally(run, count * PER_SALON)
        bench.processes.stop("workers")
        size = count * PER_SALON
        rate = size / span.usage.delivery
        bench.note("many_tenants_per_cpu_s", "msg/CPU s", rate, span.usage, size)
        bench.note("many_tenants_per_s", "msg/s", size / span.seconds)
