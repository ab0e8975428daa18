"""What would the obvious Django project do? One RQ job per message, beside ours in the same run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rq import Queue
from rq.worker import Worker

from tests.bench.plain.models import TABLE
from tests.bench.processes import until

if TYPE_CHECKING:
    from tests.bench.bench import Bench

WORKER_CLASSES = {"fork": "rq.worker.Worker", "simple": "rq.worker.SimpleWorker"}
LIMIT_S = 300.0


class Plain:
    """The plain way on the same servers and the same mock."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        app = os.environ["DATABASE_URL"].split("//", 1)[1].split(":", 1)[0]
        bench.servers.admin.execute(TABLE)
        bench.servers.admin.execute(f'grant all on bench_plain_message to "{app}"')

    def deliver(self, kind: str, size: int, ms: int = 0) -> None:
        """Deliver so many messages by one worker process of this class."""
        bench, run = self.bench, self.bench.run_name()
        bench.fresh()
        bench.processes.start_worker(
            ["plain"],
            environment={"DJANGO_SETTINGS_MODULE": "tests.bench.plain.settings"},
            options=["--worker-class", WORKER_CLASSES[kind]],
        )
        queue = Queue("plain", connection=bench.servers.redis)
        until(self._is_registered, LIMIT_S, "the plain worker is registered")
        warm = self._enqueue(queue, bench.run_name(), 5, ms)
        bench.wait_drained(warm, 5, LIMIT_S)
        with bench.span() as span:
            self._enqueue(queue, run, size, ms)
            bench.wait_drained(run, size, LIMIT_S)
            until(lambda: self._is_written(run, size), LIMIT_S, "the plain rows are written")
        arrived = bench.provider.arrived(run)
        bench.provider.forget(run)
        bench.processes.stop("workers")
        suffix = "" if ms == 0 else f"_{ms}ms"
        per_s = size / (arrived.last - arrived.first)
        bench.note(f"plain_{kind}_per_s{suffix}", "msg/s", per_s)
        per_cpu_s = size / span.usage.delivery
        bench.note(f"plain_{kind}_per_cpu_s{suffix}", "msg/CPU s", per_cpu_s, span.usage, size)

    def _enqueue(self, queue: Queue, run: str, size: int, ms: int) -> str:
        url = f"{self.bench.provider.base(ms)}/bot1:plain/sendMessage"
        rows = self.bench.servers.admin.execute(
            "insert into bench_plain_message (chat_id, first_name, run, status, provider_id)"
            " select n, 'Анна', %s, 'queued', '' from generate_series(1, %s) n returning id",
            [run, size],
        ).fetchall()
        queue.enqueue_many(
            [Queue.prepare_data("tests.bench.plain.job.send", (key, url)) for (key,) in rows]
        )
        return run

    def _is_written(self, run: str, size: int) -> bool:
        query = "select count(*) from bench_plain_message where run = %s and status = 'sent'"
        return int(self.bench.servers.one(query, [run])) >= size

    def _is_registered(self) -> bool:
        self.bench.processes.check()
        return bool(Worker.count(connection=self.bench.servers.redis))
