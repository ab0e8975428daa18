"""What do steps cost? A condition, the inbox and a messenger, beside the messenger alone.

Both are campaigns of the same salon with every limit counted; a notification of three steps counts
as one message, though it leaves two.
"""

from __future__ import annotations

from tests.bench.bench import Bench
from tests.bench.model_salon import STEPPED
from tests.bench.ways import CHAT

LIMIT_S = 180.0
WARM = 100


def measure(bench: Bench) -> None:
    """Interleave both; quick: once."""
    for _ in range(bench.size(3, 1)):
        for ms in (0, 50):
            _compare(bench, ms)


def _compare(bench: Bench, ms: int) -> None:
    people = bench.size(20_000, 3_000)
    kept = bench.kept.setdefault(f"steps {people} {ms}", [])
    if not kept:
        kept.append(bench.filling.campaigner(CHAT, people, CHAT.account(bench.provider, ms)))
    rates = {}
    for name, workflow in (("one", "bench-low"), ("three", STEPPED)):
        bench.fresh()
        bench.processes.start_worker(["normal", "low"])
        run = bench.run_name()
        bench.trigger(kept[0], run, list(range(1, WARM + 1)), workflow)
        bench.wait_drained(run, WARM, LIMIT_S)
        bench.tally(run, WARM)
        run = bench.run_name()
        with bench.span() as span:
            started = bench.broadcast(kept[0], run, workflow)
            bench.wait_drained(run, people, LIMIT_S)
        rates[name] = people / (bench.provider.arrived(run).last - started)
        bench.tally(run, people)
        bench.processes.stop("workers")
        bench.note(f"steps_{name}_per_s_{ms}ms", "msg/s", rates[name])
        rate = people / span.usage.delivery
        bench.note(f"steps_{name}_per_cpu_s_{ms}ms", "msg/CPU s", rate, span.usage, people)
    bench.note(f"steps_share_{ms}ms", "of one step", rates["three"] / rates["one"])
