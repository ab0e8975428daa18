"""The salons' software: posts events while everything breaks, and keeps its own ledger.

What has been promised is what was answered with 201; the ledger is written before the next call.
A call without such an answer is repeated with the same transactionIds until it has one.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.salons import TOPIC, WORKFLOWS, Salon

SINGLE_SHARE, TOPIC_SHARE = 0.5, 0.15  # of calls; the others are bulk
BULK = (5, 60)
RETRY_S = 0.5


@dataclass(frozen=True)
class Call:
    """One POST. promises: what a 201 promises, as (transaction and phone, category)."""

    salon: Salon
    path: str
    body: dict[str, Any]
    promises: tuple[tuple[str, str], ...]


@dataclass
class Generator:
    """Posts all calls by several threads, evenly over `seconds`."""

    port: int
    calls: Sequence[Call]
    seconds: float
    ledger: Path
    threads: int = 6
    repeated: int = 0
    refused: list[str] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._next = iter(enumerate(self.calls))
        self._file = self.ledger.open("a")
        self._started = 0.0
        self._running = [threading.Thread(target=self._run) for _ in range(self.threads)]

    def start(self) -> None:
        self._started = time.monotonic()
        for thread in self._running:
            thread.start()

    def join(self) -> None:
        for thread in self._running:
            thread.join()
        self._file.close()

    @property
    def is_done(self) -> bool:
        return not any(thread.is_alive() for thread in self._running)

    def _run(self) -> None:
        while True:
            with self._lock:
                number, call = next(self._next, (0, None))
            if call is None:
                return
            due = self._started + self.seconds * number / len(self.calls)
            time.sleep(max(0.0, due - time.monotonic()))
            self._post_until_promised(call)

    def _post_until_promised(self, call: Call) -> None:
        while True:
            status, answer = self._post(call)
            if status == 201:
                self._write(call, answer["data"])
                return
            with self._lock:
                self.errors[str(status)] = self.errors.get(str(status), 0) + 1
                if 400 <= status < 500 and status not in (408, 409, 429):
                    self.refused.append(f"{status} {str(answer)[:200]}")
                    return
                self.repeated += 1
            time.sleep(RETRY_S)

    def _post(self, call: Call) -> tuple[int, Any]:
        """Post once; 0 when there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        headers = {
            "Authorization": f"ApiKey {call.salon.key}",
            "Content-Type": "application/json",
        }
        try:
            connection.request("POST", call.path, json.dumps(call.body), headers)
            response = connection.getresponse()
            raw = response.read()
            return response.status, json.loads(raw)
        except (OSError, http.client.HTTPException, ValueError):
            return 0, None
        finally:
            connection.close()

    def _write(self, call: Call, data: Any) -> None:
        answers = data if isinstance(data, list) else [data]
        good = {one["transactionId"] for one in answers if one["status"] == "processed"}
        bad = [str(one)[:200] for one in answers if one["status"] != "processed"]
        with self._lock:
            self.refused += bad
            for key, category in call.promises:
                if key.split()[0] in good:
                    self._file.write(json.dumps({"key": key, "category": category}) + "\n")
            self._file.flush()


def make_calls(salons: Sequence[Salon], messages: int, luck: random.Random) -> list[Call]:
    """Write the calls for so many messages, or a few more."""
    calls: list[Call] = []
    made = 0
    for number in _numbers():
        if made >= messages:
            return calls
        calls.append(_call(luck.choice(salons), f"t{number}", luck, messages - made))
        made += len(calls[-1].promises)
    return calls


def _numbers() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def _call(salon: Salon, name: str, luck: random.Random, left: int) -> Call:
    kind = luck.random()
    if kind < SINGLE_SHARE:
        event, promises = _event(salon, name, luck)
        return Call(salon, "/v1/events/trigger", event, promises)
    if kind < SINGLE_SHARE + TOPIC_SHARE and left > len(salon.clients):
        return _to_topic(salon, name, luck)
    size = min(luck.randint(*BULK), max(1, left))
    events = [_event(salon, f"{name}-{n}", luck) for n in range(size)]
    promises = tuple(promise for _, some in events for promise in some)
    return Call(salon, "/v1/events/trigger/bulk", {"events": [e for e, _ in events]}, promises)


def _event(
    salon: Salon, txn: str, luck: random.Random
) -> tuple[dict[str, Any], tuple[tuple[str, str], ...]]:
    subscriber, phone = luck.choice(salon.clients)
    workflow = luck.choice(list(WORKFLOWS))
    body = {
        "name": workflow,
        "to": {"subscriberId": subscriber},
        "payload": {"txn": txn},
        "transactionId": txn,
    }
    return body, ((f"{txn} {phone}", WORKFLOWS[workflow][0]),)


def _to_topic(salon: Salon, txn: str, luck: random.Random) -> Call:
    workflow = luck.choice(["tx-low", "mk-low", "mk-normal"])
    body = {
        "name": workflow,
        "to": {"type": "Topic", "topicKey": TOPIC},
        "payload": {"txn": txn},
        "transactionId": txn,
    }
    category = WORKFLOWS[workflow][0]
    promises = tuple((f"{txn} {phone}", category) for _, phone in salon.clients)
    return Call(salon, "/v1/events/trigger", body, promises)
