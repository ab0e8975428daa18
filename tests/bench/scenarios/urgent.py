"""How late is an urgent message while a million unimportant ones wait and are being sent?

Two workers as `up` starts them: one for urgent and high, one at low priority for the rest. Time is
from the moment at which a trigger was due to its arrival at the provider.
"""

from __future__ import annotations

from config.processes import BULK_NICE
from tests.bench import load
from tests.bench.bench import Bench
from tests.bench.load import Load, percentile, salon_facts
from tests.bench.plain.way import Plain
from tests.bench.processes import until

RATE = 20.0
LIMIT_S = 900.0


def measure(bench: Bench) -> None:
    """Behind the backlog, three times; the backlog is made once."""
    salon, backlog = bench.crowd(1_000_000), bench.run_name()
    bench.fresh()
    bench.processes.start_worker(["urgent", "high"])
    bench.processes.start_worker(["normal", "low"], nice=BULK_NICE)
    started = bench.broadcast(salon, backlog)
    seconds = bench.wait_expanded(LIMIT_S) - started
    if bench.is_quick:
        bench.note("fanout_1m_s", "s", seconds)  # quick makes only this one
    peak_mb = 0.0
    for _ in range(3):
        with bench.span() as span:
            before = bench.provider.seen(backlog)
            latencies = shoot(bench, bench.size(30, 8))
            drained = bench.provider.seen(backlog) - before
        peak_mb = max(peak_mb, span.peak_mb[""])
        bench.note("urgent_p50_ms", "ms", percentile(latencies, 0.5))
        bench.note("urgent_p99_ms", "ms", percentile(latencies, 0.99))
        bench.note("drain_per_s_behind_1m", "msg/s", drained / span.seconds)
        per_cpu_s = drained / max(span.usage.delivery, 0.01)
        bench.note("drain_per_cpu_s_behind_1m", "msg/CPU s", per_cpu_s, span.usage, max(drained, 1))
    bench.note("peak_mb_behind_1m", "MB", peak_mb)
    if not bench.is_quick:
        bench.wait_drained(backlog, salon.people, 3_600)
        bench.tally(backlog, salon.people)
    bench.processes.stop("workers")
    bench.provider.forget(backlog)
    plain = Plain(bench)
    for _ in range(bench.size(3, 1)):
        plain.urgent(bench.size(10_000, 2_000), bench.size(100, 40))


def shoot(
    bench: Bench, seconds: float, *, workflow: str = "bench-urgent", rate: float = RATE
) -> list[float]:
    """Trigger at a steady rate; give each message's way to the provider in milliseconds."""
    run, calls = bench.run_name(), int(seconds * rate)
    wanted = Load(
        bench.processes.port,
        run,
        salon_facts(bench.many()),
        workflow=workflow,
        calls=calls,
        rate=rate,
    )
    answered = load.drive(wanted, seconds + 120)
    if answered.errors:
        raise RuntimeError(f"{answered.errors} triggers refused: {answered.examples}")
    until(lambda: bench.provider.seen(run) >= calls, 120, "urgent messages arrive")
    arrivals = bench.provider.arrivals(run)
    bench.tally(run, calls)
    return [(arrivals[chat] - due) * 1000 for chat, due in answered.sent_at.items()]
