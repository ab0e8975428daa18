"""What does a message of each kind cost, and how many of them leave through one worker?

One campaign per kind and latency, through the kind's own provider: see tests.bench.ways. In-app
messages know no provider; their figures at both latencies are two runs of the same.
"""

from __future__ import annotations

import time

from tests.bench.bench import Bench
from tests.bench.fill import has_open_work
from tests.bench.processes import until
from tests.bench.salon import Salon
from tests.bench.ways import WAYS, Way

LIMIT_S = 90.0
WARM = 100  # messages
# A mail server takes four connections of an account: 80 letters a second when it needs 50 ms.
_SIZES = {("email_smtp", 0): (4_000, 400), ("email_smtp", 50): (1_500, 150)}


def measure(bench: Bench) -> None:
    """Interleave the kinds; quick: once."""
    for _ in range(bench.size(3, 1)):
        for way in WAYS:
            try:
                _deliver(bench, way)
            except TimeoutError as error:  # the other kinds' figures are worth having
                bench.failures.append(f"kinds FAILED: {way.name}: {error}")
            bench.processes.stop("workers")


def _deliver(bench: Bench, way: Way) -> None:
    bench.fresh()
    bench.processes.start_worker(["normal", "low"])
    for ms in (0, 50):
        salon = _salon(bench, way, ms)
        _warm(bench, way, salon)
        _measure(bench, way, ms, salon)


def _salon(bench: Bench, way: Way, ms: int) -> Salon:
    people = bench.size(*_SIZES.get((way.name, ms), (15_000, 2_000)))
    kept = bench.kept.setdefault(f"{way.name} {people} {ms}", [])
    if not kept:
        account = way.account(bench.provider, ms)
        kept.append(bench.filling.campaigner(way, people, account))
    return kept[0]


def _warm(bench: Bench, way: Way, salon: Salon) -> None:
    """Let the worker pay for imports, connections, tokens, plans and caches."""
    run = bench.run_name()
    bench.trigger(salon, run, list(range(1, WARM + 1)), "bench-low")
    _wait(bench, way, run, WARM)
    _tally(bench, way, run, WARM)


def _measure(bench: Bench, way: Way, ms: int, salon: Salon) -> None:
    size, run = salon.people, bench.run_name()
    with bench.span() as span:
        started = bench.broadcast(salon, run)
        ended = _wait(bench, way, run, size)
    _tally(bench, way, run, size)
    rate = size / span.usage.delivery
    bench.note(f"kind_{way.name}_per_s_{ms}ms", "msg/s", size / (ended - started))
    bench.note(f"kind_{way.name}_per_cpu_s_{ms}ms", "msg/CPU s", rate, span.usage, size)


def _wait(bench: Bench, way: Way, run: str, expected: int) -> float:
    """Wait until everything has left; give the moment of the last message."""
    if way.provider:
        bench.wait_drained(run, expected, LIMIT_S)
        return bench.provider.arrived(run).last

    def is_done() -> bool:
        bench.processes.check()
        return not has_open_work(bench.servers)

    until(is_done, LIMIT_S, f"the messages of run {run} are stored")
    return time.monotonic()


def _tally(bench: Bench, way: Way, run: str, expected: int) -> None:
    """Count what was lost or doubled: in the inboxes where there is no provider to ask."""
    if way.provider:
        bench.tally(run, expected)
        return
    row = bench.servers.admin.execute(
        "select count(*), count(distinct n.subscriber_id) from notifications_message m"
        " join notifications_notification n on n.tenant_id = m.tenant_id"
        " and n.id = m.notification_id where strpos(m.body, %s) > 0",
        [f"[{run}]"],
    ).fetchone()
    assert row is not None
    bench.lost += expected - row[1]
    bench.duplicates += row[0] - row[1]
