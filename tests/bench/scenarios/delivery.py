"""How many messages does one worker process deliver, per second and per CPU second?

Ours: a broadcast, expanded and drained by one real worker. Plain: one RQ job per message.
"""

from __future__ import annotations

from tests.bench.bench import Bench
from tests.bench.fill import sizes
from tests.bench.plain.way import Plain

LIMIT_S = 600.0


def measure(bench: Bench) -> None:
    """Interleave our way and the plain ways."""
    plain = Plain(bench)
    for _ in range(3):
        ours(bench, 0, bench.size(60_000, 5_000))
        plain.deliver("simple", bench.size(1_500, 200))
        ours(bench, 50, bench.size(40_000, 2_500))
        plain.deliver("fork", bench.size(200, 30))
        if not bench.is_quick:
            plain.deliver("simple", 300, 50)
            plain.deliver("fork", 100, 50)


def ours(bench: Bench, ms: int, size: int) -> None:
    """Deliver one campaign by one worker process."""
    salon, warm = bench.crowd(size, ms), bench.crowd(1_000, ms)
    bench.fresh()
    bench.processes.start_worker(["normal", "low"])
    run = bench.run_name()
    bench.broadcast(warm, run)  # imports, connections, plans and caches
    bench.wait_drained(run, warm.people, LIMIT_S)
    before = sizes(bench.servers)
    run = bench.run_name()
    with bench.span() as span:
        started = bench.broadcast(salon, run)
        bench.wait_drained(run, size, LIMIT_S)
    last = bench.provider.arrived(run).last
    bench.tally(run, size)
    after = sizes(bench.servers)
    bench.processes.stop("workers")
    bench.note(f"delivery_per_s_{ms}ms", "msg/s", size / (last - started))
    rate = size / span.usage.delivery
    bench.note(f"delivery_per_cpu_s_{ms}ms", "msg/CPU s", rate, span.usage, size)
    for table, grown in after.items():
        if grown > before[table]:
            bench.note(f"bytes_{table}", "bytes", (grown - before[table]) / size)
    bench.note("bytes_per_message", "bytes", sum((after[t] - before[t]) / size for t in after))
