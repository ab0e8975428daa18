"""Does it hold for half an hour at 1,200 messages a second: backlog, memory, losses?"""

from __future__ import annotations

import time

from config.processes import BULK_NICE
from tests.bench import load
from tests.bench.bench import Bench
from tests.bench.load import Load, salon_facts

RATE = 1_200
BULK = 20
MINUTES = 30
LIMIT_S = 600.0


def measure(bench: Bench) -> None:
    """Trigger steadily, look once a minute, then wait until everything has arrived."""
    bench.fresh()
    bench.processes.start_worker(["urgent", "high"])
    bench.processes.start_worker(["normal", "low"], nice=BULK_NICE)
    minutes = bench.size(MINUTES, 1)
    for minute in range(1, minutes + 1):
        _minute(bench, minute)
    bench.processes.stop("workers")


def _minute(bench: Bench, minute: int) -> None:
    run, calls = bench.run_name(), RATE * 60 // BULK
    wanted = Load(
        bench.processes.port,
        run,
        salon_facts(bench.many()),
        calls=calls,
        rate=RATE / BULK,
        bulk=BULK,
    )
    with bench.span() as span:
        answered = load.drive(wanted, 300)
        late = len(answered.sent_at) - bench.provider.seen(run)
        moment = time.monotonic()
        bench.wait_drained(run, len(answered.sent_at), LIMIT_S)
    events = calls * BULK
    bench.note("soak_cpu_us", "CPU us/msg", span.usage.delivery / events * 1e6, span.usage, events)
    bench.note("soak_waiting_at_end_of_minute", "msg", late)
    bench.note("soak_catch_up_s", "s", time.monotonic() - moment)
    bench.note("soak_memory_mb", "MB", span.peak_mb[""])
    bench.note("soak_trigger_p99_ms", "ms", answered.latency_ms(0.99))
    if answered.errors:
        bench.notes.append(f"soak minute {minute}: {answered.errors} errors {answered.examples}")
