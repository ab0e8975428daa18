"""How long until every recipient of a broadcast has a row? From the call to the last row."""

from __future__ import annotations

from tests.bench.bench import Bench
from tests.bench.plain.way import Plain

LIMIT_S = 900.0
SIZES = ((10_000, "10k"), (100_000, "100k"), (1_000_000, "1m"))


def measure(bench: Bench) -> None:
    """10,000, 100,000, 1,000,000 recipients, by a worker that also sends what it has written."""
    plain = Plain(bench)
    for _ in range(3):
        plain.fan_out(10_000)
        for size, name in SIZES:
            # quick leaves the million to the urgent scenario, which needs it anyway
            if not (bench.is_quick and size > 100_000):
                _expand(bench, size, name)


def _expand(bench: Bench, size: int, name: str) -> None:
    salon = bench.crowd(size)
    bench.fresh()
    bench.processes.start_worker(["normal", "low"])
    bench.warm_worker()
    run = bench.run_name()
    with bench.span() as span:
        started = bench.broadcast(salon, run)
        seconds = bench.wait_expanded(LIMIT_S) - started
    sent = bench.provider.seen(run)
    rows = bench.servers.one(
        "select count(*) from notifications_notification where tenant_id = %s", [salon.id]
    )
    bench.processes.stop("workers")
    bench.provider.forget(run)
    if rows != size:
        raise RuntimeError(f"{rows} rows for {size} recipients")
    bench.note(f"fanout_{name}_s", "s", seconds)
    # what was sent meanwhile is in the CPU columns, too
    bench.note(f"fanout_{name}_rows_per_s", "rows/s", size / seconds, span.usage, size)
    bench.note(f"fanout_{name}_sent_meanwhile", "msg", sent)
    bench.note(f"fanout_{name}_peak_mb", "MB", span.peak_mb["workers"])
