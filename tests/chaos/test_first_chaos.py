"""Workers are killed, Redis is emptied: nothing is lost, no marketing message doubles."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from notifications import dispatch
from notifications.commands import read_command
from notifications.trigger import accept_many
from tenants.scope import tenant_scope
from tests.notifications.conftest import Reminders, forget_open_work, look
from tests.provider import Provider

ROOT = Path(__file__).resolve().parents[2]
COUNT = 150  # of each category
PORTIONS = 7  # after each but the first a worker is killed, or Redis emptied
LEASE_S = 8  # three seconds of it are for sending: nothing starts in its last five
UNTIL_S = 45.0
QUEUES = (("urgent", "high"), ("normal", "low"))
FINAL = {"completed", "failed", "skipped", "merged", "canceled"}


class Workers:
    """Real worker processes. in_flight: ids of messages that were leaving when one was killed."""

    def __init__(self) -> None:
        self.in_flight: set[str] = set()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PYTEST")},
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECRET_KEY": settings.SECRET_KEY,
            "ENCRYPTION_KEYS": ",".join(settings.ENCRYPTION_KEYS),
            "ALLOWED_PRIVATE_TARGETS": "127.0.0.1",
            "LEASE_S": str(LEASE_S),
            "LOG_LEVEL": "ERROR",
        }
        self.running = [self.start(queues) for queues in QUEUES]

    def start(self, queues) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "manage.py", "rqworker", *queues],
            cwd=ROOT,
            env=self.environment,
            start_new_session=True,
        )

    def kill_one(self) -> None:
        index = random.randrange(len(self.running))
        self.kill(self.running[index])
        sending = look(
            "select message_id from notifications_due"
            " where batch_id is not null and message_id is not null"
        )
        self.in_flight |= {str(row[0]) for row in sending}
        self.running[index] = self.start(QUEUES[index])

    def are_at_work(self) -> bool:
        """Say whether each worker, the restarted too, has claimed something in its life."""
        pids = {f"%:{worker.pid}" for worker in self.running}
        return all(
            look("select 1 from notifications_batch where worker like %s limit 1", [pid])
            for pid in pids
        ) or not look("select 1 from notifications_due where state = 1 limit 1")

    def kill(self, worker: subprocess.Popen) -> None:
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def close(self) -> None:
        for worker in self.running:
            self.kill(worker)


@pytest.fixture
def provider():
    one = Provider(delay_s=0.15)
    yield one
    one.close()


@pytest.fixture
def clients(salon, provider):
    clients = Reminders(salon, provider)
    clients.workflow("code", "sms", priority="urgent")
    clients.promo()
    yield clients
    forget_open_work()


@pytest.fixture
def workers(clients):
    crew = Workers()
    yield crew
    crew.close()


def trigger(clients, name, numbers) -> None:
    now, caller, digit = datetime.now(UTC), clients.caller, "1" if name == "code" else "2"
    commands = [
        read_command(
            {
                "name": name,
                "to": {"subscriberId": f"{name}-{n}", "phone": f"+7916{digit}000{n:03}"},
                "transactionId": f"{name}-{n}",
            },
            now,
        )
        for n in numbers
    ]
    with tenant_scope(clients.salon.pk):
        answers = accept_many(caller, commands, now)
    assert {answer.status for answer in answers} == {"processed"}


def is_over(clients) -> bool:
    rows = look(
        "select count(*) from notifications_notification where tenant_id = %s"
        " and finished_at is null",
        [clients.salon.pk],
    )
    return rows == [(0,)]


def test_workers_killed_at_random_lose_nothing_and_double_no_marketing(clients, workers, provider):
    trigger_portion(clients, 0)
    wait_until(lambda: len({body["category"] for body in provider.bodies}) == 2, 30)
    for portion in range(1, PORTIONS):
        trigger_portion(clients, portion)
        time.sleep(random.uniform(0.05, 0.35))
        workers.kill_one() if portion % 2 else dispatch.server().flushdb()
        wait_until(workers.are_at_work, 30)
    wait_until(lambda: is_over(clients), UNTIL_S)

    report = {(s.subscriber, s.category): s for s in stories(clients)}
    assert len(report) == 2 * COUNT
    assert {story.state for story in report.values()} <= FINAL
    arrivals = provider.ids
    for story in report.values():
        assert story.last in (story.message_state, "canceled"), story
        if story.category == "tx":
            assert story.state == "completed", story
            assert arrivals[story.message] >= 1, story
        elif not arrivals[story.message]:
            assert story.message_state == "unknown", story
    per_person = [body["address"] for body in provider.bodies if body["category"] == "mk"]
    assert len(per_person) == len(set(per_person))
    doubled = {key for key, times in arrivals.items() if times > 1}
    assert not {key: log_of(key) for key in doubled - workers.in_flight}


def trigger_portion(clients, portion: int) -> None:
    numbers = range(portion * COUNT // PORTIONS, (portion + 1) * COUNT // PORTIONS)
    trigger(clients, "code", numbers)
    trigger(clients, "promo", numbers)


def wait_until(is_true, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < ends, f"not within {seconds} s"
        time.sleep(0.1)


def log_of(message_id: str) -> list[tuple[str, str, str]]:
    return look(
        "select l.status, l.reason, l.detail from notifications_logentry l"
        " join notifications_message m on m.notification_id = l.notification_id"
        " where m.id = %s order by l.id",
        [message_id],
    )


class Story:
    """One notification as the database tells it. last: the status of its last log line."""

    def __init__(self, subscriber, category, state, message, message_state, last) -> None:
        self.subscriber, self.category, self.state = subscriber, category, state
        self.message, self.message_state, self.last = str(message), message_state, last

    def __repr__(self) -> str:
        return f"{self.__dict__}"


def stories(clients) -> list[Story]:
    rows = look(
        "select s.subscriber_id, v.document->>'category', n.state, m.id, m.state,"
        " (select l.status from notifications_logentry l where l.notification_id = n.id"
        "  and l.status <> 'late' order by l.id desc limit 1)"
        " from notifications_notification n join notifications_event e on e.id = n.event_id"
        " join notifications_workflowversion v on v.id = e.version_id"
        " join tenants_subscriber s on s.id = n.subscriber_id"
        " left join notifications_message m on m.notification_id = n.id"
        " where n.tenant_id = %s",
        [clients.salon.pk],
    )
    return [Story(*row) for row in rows]
