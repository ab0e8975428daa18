"""How many providers' calls does one web process take in, and how fast while workers are busy?

Each call is signed, speaks of one message of one of 200 salons, and is kept durably before it is
answered. Beside it two workers drain a campaign and apply what was told.
"""

from __future__ import annotations

import json
import time
from uuid import UUID

from channels.adapters.sandbox import FROM_PHONE, SIGNATURE, sign
from channels.integrations import ensure_phone
from channels.secrets import decrypt
from config.processes import BULK_NICE
from tests.bench import load
from tests.bench.bench import Bench
from tests.bench.load import Answered, Load
from tests.bench.processes import until

PER_S = 1_000
CONNECTIONS = 64  # providers open many, and each waits for its answer
LIMIT_S = 600.0
_HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{signature_name}: {signature}\r\n"
    "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
)
# The salons' messages as if they had left through the Phone, whose callbacks are ours to sign.
_TO_PHONE = """
update notifications_message m set integration_id = i.id from channels_integration i
where i.tenant_id = m.tenant_id and i.provider = 'sandbox'
"""
_MESSAGES = """
select m.id, i.id, i.callback_token from notifications_message m
join channels_integration i on i.id = m.integration_id order by m.provider_id desc limit %s
"""
_APPLIED = """
select count(*) from notifications_receivedcallback where applied_at is not null
"""


def measure(bench: Bench) -> None:
    """As fast as it goes, then 1,000 a second for a while, both beside busy workers."""
    for _ in range(bench.size(3, 1)):
        calls = _prepare(bench, bench.size(30_000, 10_000))
        _busy(bench)
        free = calls[: len(calls) // 3]
        with bench.span() as span:
            fast = _call(bench, free)
        paced = _call(bench, calls[len(free) :], rate=PER_S)
        until(lambda: _applied(bench) >= len(calls), LIMIT_S, "all callbacks are applied")  # noqa: B023 (called at once)
        bench.processes.stop("workers")
        bench.note("callbacks_per_s", "calls/s", fast.per_s, span.usage, fast.calls)
        bench.note("callback_p50_ms", "ms", paced.latency_ms(0.5))
        bench.note("callback_p99_ms", "ms", paced.latency_ms(0.99))


def _prepare(bench: Bench, count: int) -> list[str]:
    """Send so many messages from 200 salons, and sign a report of delivery for each."""
    bench.fresh()
    bench.processes.start_worker(["normal", "low"])
    salons, run = bench.many(), bench.run_name()
    each = count // len(salons)
    for salon in salons:
        people = list(range(1, each + 1))
        for start in range(0, each, 100):
            bench.trigger(salon, run, people[start : start + 100], "bench-normal")
    bench.wait_drained(run, each * len(salons), LIMIT_S)
    bench.processes.stop("workers")
    bench.servers.admin.execute(_TO_PHONE)
    secret = decrypt(ensure_phone(bench.filling.model).credentials)["secret"]
    found = bench.servers.admin.execute(_MESSAGES, [each * len(salons)])
    return [_call_of(secret, *row) for row in found]


def _call_of(secret: str, message: UUID, account: UUID, token: str) -> str:
    event = {"type": "delivered", "key": f"{message}:delivered", "message_id": str(message)}
    body = json.dumps({"events": [event]})
    return (
        _HEAD.format(
            path=f"/v1/callbacks/{account}/{token}",
            signature_name=SIGNATURE,
            signature=sign(secret, FROM_PHONE, body.encode(), now=time.time() + 120),
            length=len(body),
        )
        + body
    )


def _busy(bench: Bench) -> None:
    salon, run = bench.crowd(bench.size(200_000, 50_000)), bench.run_name()
    bench.processes.start_worker(["urgent", "high"])
    bench.processes.start_worker(["normal", "low"], nice=BULK_NICE)
    bench.broadcast(salon, run)
    bench.wait_arriving(run, 1_000, LIMIT_S)


def _call(bench: Bench, calls: list[str], rate: float = 0.0) -> Answered:
    given = Load(bench.processes.port, "", (), raw=calls, rate=rate, connections=CONNECTIONS)
    answered = load.drive(given)
    if answered.errors:
        raise RuntimeError(f"{answered.errors} callbacks refused: {answered.examples}")
    return answered


def _applied(bench: Bench) -> int:
    return int(bench.servers.one(_APPLIED))
