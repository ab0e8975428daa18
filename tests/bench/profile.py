"""Where does a drain spend its time? The same drain in this process, under cProfile."""

from __future__ import annotations

import cProfile
import logging
import pstats
import sys
import time

from tests.bench.bench import Bench
from tests.bench.text import payload

TOP = 45


def profile_drain(bench: Bench, size: int) -> None:
    """Drain a campaign of so many messages and print the dearest functions."""
    from channels.gateway import Gateway
    from notifications.commands import read_command
    from notifications.engine import Drain, now
    from notifications.trigger import accept
    from tenants.auth import Caller
    from tenants.scope import tenant_scope

    logging.disable(logging.INFO)
    gateway = Gateway()
    for salon in (bench.crowd(1_000), bench.crowd(size)):  # the first warms up
        bench.fresh()
        run, profiler = bench.run_name(), cProfile.Profile()
        version = bench.servers.one(
            "select config_version from tenants_tenant where id = %s", [salon.id]
        )
        caller = Caller(salon.id, salon.id, "live", (), "", version, False)
        body = {"name": "bench-low", "payload": payload(run)}
        with tenant_scope(salon.id):
            accept(caller, read_command(body, now(), is_broadcast=True), now())
        before, started = bench.usage(), time.process_time()
        profiler.enable()
        Drain(["low"], gateway, "profile").drain_dry()
        profiler.disable()
        here_s = time.process_time() - started
        spent = bench.usage().minus(before)
        bench.tally(run, salon.people)
    gateway.close()
    print(
        f"{size} messages: this process {here_s / size * 1e6:.0f} us each (with the profiler's own"
        f" cost), PostgreSQL {spent.postgres / size * 1e6:.0f} us, Redis"
        f" {spent.redis / size * 1e6:.0f} us; lost {bench.lost}, duplicates {bench.duplicates}"
    )
    story = "select status, reason, count(*) from notifications_logentry group by 1, 2 order by 3"
    for status, reason, count in bench.servers.admin.execute(story):
        print(f"log lines per message: {count / size:.2f} {status} {reason}")
    for order in ("tottime", "cumulative"):
        pstats.Stats(profiler, stream=sys.stdout).strip_dirs().sort_stats(order).print_stats(TOP)
    pstats.Stats(profiler, stream=sys.stdout).strip_dirs().print_callers(r"rows.py.*(fetch|run)")
