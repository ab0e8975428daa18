"""How many events does one web process accept, and how fast while workers are busy?

Keys of 200 salons with 100,000 clients. The plain way: a view that writes one row and enqueues one
RQ job, in the same server program.
"""

from __future__ import annotations

from config.processes import BULK_NICE
from tests.bench import load
from tests.bench.bench import Bench, Span
from tests.bench.load import Answered, Load, salon_facts
from tests.bench.plain.way import Plain

BULK = 100
LIMIT_S = 600.0


def measure(bench: Bench) -> None:
    """Single, bulk, single while a worker drains without a pause."""
    plain = Plain(bench)
    for _ in range(3):
        _single(bench)
        _bulk(bench)
        _saturated(bench)
        plain.accept(bench.size(3_000, 600))


def _single(bench: Bench) -> None:
    bench.fresh()
    answered, span = _drive(bench, calls=bench.size(12_000, 2_000))
    bench.note("trigger_per_s", "req/s", answered.per_s, span.usage, answered.calls)
    bench.note("trigger_p50_ms", "ms", answered.latency_ms(0.5))
    bench.note("trigger_p99_ms", "ms", answered.latency_ms(0.99))


def _bulk(bench: Bench) -> None:
    bench.fresh()
    answered, span = _drive(bench, calls=bench.size(1_500, 150), bulk=BULK)
    events = answered.calls * BULK
    bench.note("bulk_events_per_s", "events/s", events / answered.seconds, span.usage, events)
    bench.note("bulk_p99_ms", "ms", answered.latency_ms(0.99))


def _saturated(bench: Bench) -> None:
    """Keep two workers busy with a campaign, as `up` starts them, and trigger beside them."""
    bench.fresh()
    salon, run = bench.crowd(bench.size(200_000, 50_000)), bench.run_name()
    bench.processes.start_worker(["urgent", "high"])
    bench.processes.start_worker(["normal", "low"], nice=BULK_NICE)
    bench.broadcast(salon, run)
    bench.wait_arriving(run, 1_000, LIMIT_S)
    before = bench.provider.seen(run)
    answered, span = _drive(bench, seconds=bench.size(20, 4))
    drained = bench.provider.seen(run) - before
    bench.processes.stop("workers")
    bench.provider.forget(run)
    bench.note("trigger_p99_ms_saturated", "ms", answered.latency_ms(0.99))
    bench.note("trigger_per_s_saturated", "req/s", answered.per_s)
    bench.note("delivery_per_s_beside_triggers", "msg/s", drained / span.seconds)


def _drive(
    bench: Bench, *, calls: int = 0, seconds: float = 0.0, bulk: int = 0
) -> tuple[Answered, Span]:
    salons, port = salon_facts(bench.many()), bench.processes.port
    warm = Load(port, bench.run_name(), salons, calls=200)
    load.drive(warm)
    wanted = Load(port, bench.run_name(), salons, calls=calls, seconds=seconds, bulk=bulk)
    with bench.span() as span:
        answered = load.drive(wanted)
    if answered.errors:
        raise RuntimeError(f"{answered.errors} triggers refused: {answered.examples}")
    return answered, span
