"""What would the obvious Django project do? One RQ job per message, beside ours in the same run."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from rq import Queue
from rq.worker import Worker

from tests.bench import load
from tests.bench.load import Load
from tests.bench.plain.models import TABLE
from tests.bench.processes import until

if TYPE_CHECKING:
    from tests.bench.bench import Bench

WORKER_CLASSES = {"fork": "rq.worker.Worker", "simple": "rq.worker.SimpleWorker"}
ENVIRONMENT = {"DJANGO_SETTINGS_MODULE": "tests.bench.plain.settings"}
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
        self._start(kind, ["plain"])
        queue = Queue("plain", connection=bench.servers.redis)
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

    def accept(self, calls: int) -> None:
        """Accept so many triggers by one web process: a row and a job each."""
        bench = self.bench
        bench.fresh()
        port = bench.processes.start_web(ENVIRONMENT)
        salons = load.salon_facts(bench.many())
        load.drive(Load(port, bench.run_name(), salons, calls=100))
        before = bench.usage("plain web")
        answered = load.drive(Load(port, bench.run_name(), salons, calls=calls))
        usage = bench.usage("plain web").minus(before)
        bench.processes.stop("plain web")
        if answered.errors:
            raise RuntimeError(f"plain triggers refused: {answered.examples}")
        bench.note("plain_trigger_per_s", "req/s", answered.per_s, usage, calls)
        bench.note("plain_trigger_p99_ms", "ms", answered.latency_ms(0.99))

    def fan_out(self, size: int) -> None:
        """Write a campaign's rows and one job for each; all of it in this process."""
        bench = self.bench
        bench.fresh()
        queue = Queue("plain", connection=bench.servers.redis)
        memory = self._redis_bytes()
        started = time.monotonic()
        self._enqueue(queue, bench.run_name(), size, 0)
        bench.note("plain_fanout_rows_per_s", "rows/s", size / (time.monotonic() - started))
        grown = (self._redis_bytes() - memory) / size
        bench.note("plain_redis_bytes_per_waiting", "bytes", grown)
        bench.fresh()

    def urgent(self, backlog: int, calls: int) -> None:
        """Time urgent jobs on a queue of their own before a backlog, by one SimpleWorker."""
        bench, run, every_s = self.bench, self.bench.run_name(), 0.1
        bench.fresh()
        queues = [Queue(name, connection=bench.servers.redis) for name in ("plain-urgent", "plain")]
        self._enqueue(queues[1], bench.run_name(), backlog, 0)
        self._start("simple", ["plain-urgent", "plain"])
        due: list[float] = []
        for number in range(calls):
            due.append(time.monotonic())
            self._enqueue(queues[0], run, 1, 0, first=number + 1)
            time.sleep(every_s)
        bench.wait_arriving(run, calls, LIMIT_S)
        arrivals = bench.provider.arrivals(run)
        bench.processes.stop("workers")
        late = [(arrivals[number + 1] - moment) * 1000 for number, moment in enumerate(due)]
        bench.note("plain_urgent_p50_ms", "ms", load.percentile(late, 0.5))
        bench.note("plain_urgent_p99_ms", "ms", load.percentile(late, 0.99))

    def _start(self, kind: str, queues: list[str]) -> None:
        # Django's checks stay on: they import in the parent what each fork would import again.
        self.bench.processes.start_worker(
            queues, environment=ENVIRONMENT, options=["--worker-class", WORKER_CLASSES[kind]]
        )
        until(self._is_registered, LIMIT_S, "the plain worker is registered")

    def _redis_bytes(self) -> int:
        info: Any = self.bench.servers.redis.info("memory")
        return int(info["used_memory"])

    def _enqueue(self, queue: Queue, run: str, size: int, ms: int, *, first: int = 1) -> str:
        url = f"{self.bench.provider.base(ms)}/bot1:plain/sendMessage"
        rows = self.bench.servers.admin.execute(
            "insert into bench_plain_message (chat_id, first_name, run, status, provider_id)"
            " select n, 'Анна', %s, 'queued', '' from generate_series(%s::int, %s::int) n"
            " returning id",
            [run, first, first + size - 1],
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
