"""Whatever a workflow is made of and whatever happens meanwhile: each walk ends, and says how."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.breaker import Breaker
from channels.gateway import Gateway
from channels.guard import AddressGuard
from notifications.commands import read_command
from notifications.engine import Drain
from notifications.models import LogEntry, Message, Notification
from notifications.rehearsal import rehearse
from notifications.story import stories, tell
from notifications.story_reasons import REASONS
from notifications.story_words import STATUSES
from tenants.scope import tenant_scope
from tests.depth import DEPTH
from tests.factories import SubscriberFactory, word
from tests.isolation.planting import forget_open_work
from tests.notifications.conftest import QUEUES
from tests.notifications.flows import press, publish_flow, sms
from tests.notifications.reporting import report
from tests.notifications.walks import DEEDS, flows

SLOWLY = settings(
    max_examples=8 * DEPTH,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ENDED = {"completed", "failed", "skipped", "merged", "canceled"}
OVER = {"done", "skipped", "merged"}  # what closes a step that sends nothing
MOST_LOOKS = 40


@pytest.fixture
def worker():
    """A worker whose breakers hardly rest, so that no walk waits for one."""
    breaker = Breaker(django_settings.REDIS_URL, prefix=word("walks"), open_ms=1)
    gateway = Gateway(guard=AddressGuard(("127.0.0.1",)), breaker=breaker)
    yield Drain(QUEUES, gateway, "test")
    gateway.close()
    forget_open_work()


@pytest.fixture
def begin(reminders, worker):
    """Call with steps: publishes them under a new name, for a new client."""
    reminders.limit(per_hour=1000)
    return lambda steps: Walk(reminders, worker, steps)


class Walk:
    """One workflow with one client. stopped: what was called off -> messages that it had then."""

    def __init__(self, line, worker, steps) -> None:
        self.line, self.worker, self.name = line, worker, word("walk")
        publish_flow(line.salon, self.name, *steps)
        number = f"{abs(hash(self.name)) % 10**7:07}"
        self.chat = f"55{number}"
        self.person = {
            "subscriberId": self.name,
            "phone": f"+7916{number}",
            "channels": {"telegram": [self.chat]},
        }
        self.stopped: dict[UUID, int] = {}

    def trigger(self) -> None:
        self.key = self.line.trigger(self.name, self.person, {"total": 5})

    def do(self, deed: str) -> None:
        match deed:
            case "press" | "failed" | "delivered" | "read":
                self._hear(deed)
            case "cancel":
                self._cancel()
            case "again":
                self.trigger()
            case "publish":
                publish_flow(self.line.salon, self.name, sms("Другое", "other"))
            case "suspend":
                self.line.set_salon(state="suspended")
            case "down" | "refuse":
                status = 500 if deed == "down" else 422
                self.line.provider.answer = lambda body: (status, {}, b"{}")
            case _:
                self.line.hurry()
                self.worker.drain_dry()
                self.line.set_salon(state="active")
                self.line.provider.answer = lambda body: (200, {}, b"{}")

    def _hear(self, deed: str) -> None:
        sent = [message for message in self.all(Message) if message.integration_id]
        if sent and deed == "press":
            press(self.line, sent[-1], "confirm", self.chat)
        elif sent:
            report(self.line.salon, sent[-1], deed)

    def _cancel(self) -> None:
        if self.line.cancel(self.key):
            last = self.notifications[-1].pk
            self.stopped[last] = sum(m.notification_id == last for m in self.all(Message))

    def finish(self) -> None:
        """Let everything be over that can be."""
        for _ in range(MOST_LOOKS):
            self.do("go_on")
            if not self.line.due:
                return

    @property
    def notifications(self) -> list[Notification]:
        with tenant_scope(self.line.salon.pk):
            own = Notification.objects.filter(subscriber__subscriber_id=self.name)
            return list(own.order_by("id"))

    def all(self, model):
        ids = [one.pk for one in self.notifications]
        with tenant_scope(self.line.salon.pk):
            return list(model.objects.filter(notification_id__in=ids).order_by("id"))


@SLOWLY
@given(steps=flows(), deeds=st.lists(st.sampled_from(DEEDS), max_size=7))
def test_every_walk_ends_forward_once_and_tells_its_story(begin, steps, deeds):
    walk = begin(steps)
    walk.trigger()
    for deed in deeds:
        walk.do(deed)

    walk.finish()

    assert walk.line.due == []
    notifications, messages, log = walk.notifications, walk.all(Message), walk.all(LogEntry)
    assert {one.state for one in notifications} <= ENDED
    assert all(one.finished_at for one in notifications)
    sent = Counter((message.notification_id, message.step) for message in messages)
    closed = Counter((one.notification_id, one.step) for one in log if one.status in OVER)
    assert max((*sent.values(), *closed.values()), default=1) == 1
    assert sent.keys() & closed.keys() == set()
    assert [one.reason for one in log if not _is_known(one)] == []
    _check_ends(walk, notifications, messages)
    _check_stories(walk, notifications)


def _is_known(line: LogEntry) -> bool:
    is_told = line.status in ("answered", "merged") or not line.reason
    return line.status in STATUSES and (is_told or line.reason.partition(":")[0] in REASONS)


def _check_ends(walk, notifications, messages) -> None:
    count = Counter(message.notification_id for message in messages)
    states = {str(one.pk): one.state for one in notifications}
    for one in notifications:
        if one.state == "skipped":
            assert not count[one.pk] or one.reason == "not_delivered"
        if one.state == "completed":
            assert count[one.pk]
        if one.state == "merged":
            assert states[one.reason] in ("completed", "failed", "skipped")
        if one.pk in walk.stopped and one.state == "canceled":
            assert count[one.pk] == walk.stopped[one.pk]


def _check_stories(walk, notifications) -> None:
    with tenant_scope(walk.line.salon.pk):
        found = stories(walk.line.salon.pk, [one.pk for one in notifications])
    for language in ("ru", "en"):
        assert len(tell(found, language)) > len(found)


@SLOWLY
@given(steps=flows())
def test_a_rehearsal_tells_what_then_happens(begin, steps):
    walk = begin(steps)
    SubscriberFactory.create(tenant=walk.line.salon, subscriber_id=walk.name)  # her variant is hers
    now, body = datetime.now(UTC), {"name": walk.name, "to": walk.person, "payload": {"total": 5}}
    who = walk.line.caller
    with tenant_scope(walk.line.salon.pk):
        told = rehearse(who, read_command(body, now), now)

    walk.trigger()
    walk.finish()

    happened = [(one.step, one.status, one.reason) for one in walk.all(LogEntry)]
    played = [(turn.line.position, turn.line.status, turn.line.reason) for turn in told.turns]
    assert [one for one in happened if _is_played(one)] == [
        one for one in played if _is_played(one)
    ]
    assert [one.state for one in walk.notifications] == [told.state]


def _is_played(line: tuple[int, str, str]) -> bool:
    """Leave out cases, and waits that only last as long as the clock has not gone on meanwhile."""
    return line[1] != "escalated" and line[2] != "fallback_wait"
