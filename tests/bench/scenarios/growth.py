"""Does a message cost more when the tables are long? Same campaign at 10,000 to 10,000,000 rows."""

from __future__ import annotations

from tests.bench.bench import Bench
from tests.bench.fill import has_open_work
from tests.bench.salon import Salon
from tests.bench.work import write_history

LIMIT_S = 600.0
PART = 250_000
NAMES = {10_000: "10k", 100_000: "100k", 1_000_000: "1m", 10_000_000: "10m"}


def measure(bench: Bench) -> None:
    """Deliver the same campaign three times at each length of the tables."""
    lengths = [n for n in NAMES if n <= bench.size(10_000_000, 100_000)]
    crowd = bench.crowd(bench.size(20_000, 4_000))
    salon = bench.many()[0]
    bench.fresh()
    written = 0
    bench.processes.start_worker(["normal", "low"])
    bench.warm_worker()
    for length in lengths:
        while written < length:
            part = min(PART, length - written)
            write_history(bench.servers, salon, part, "т" * 145)
            written += part
        bench.servers.admin.execute("vacuum analyze")
        bench.servers.admin.execute("checkpoint")
        for _ in range(3):
            _deliver(bench, crowd, NAMES[length])
    bench.processes.stop("workers")


def _deliver(bench: Bench, crowd: Salon, name: str) -> None:
    assert not has_open_work(bench.servers)
    run = bench.run_name()
    with bench.span() as span:
        bench.broadcast(crowd, run)
        bench.wait_drained(run, crowd.people, LIMIT_S)
    bench.tally(run, crowd.people)
    cost_us = span.usage.delivery / crowd.people * 1e6
    bench.note(f"cost_us_at_{name}_rows", "CPU us/msg", cost_us, span.usage, crowd.people)
