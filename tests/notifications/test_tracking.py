"""What became of a message: forward only, whatever the order in which providers report."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.told import StatusEvent
from notifications import events, reports
from notifications.callbacks import Received
from notifications.models import Message
from notifications.story import story, tell
from notifications.tracking import RANK, Tracked, advance
from tenants.ids import uuid7
from tenants.models import Address
from tenants.scope import tenant_scope
from tests.factories import TenantFactory
from tests.notifications.phone_line import PhoneLine, status

STATES = ["sent", "delivered", "read", "failed", "bounced"]


@pytest.fixture
def salon():
    """A demo salon, whose messages go to the Phone."""
    return TenantFactory(is_sandbox=True)


@pytest.fixture
def line(salon, reminders, worker, provider, settings) -> PhoneLine:
    """A reminder has been sent to the Phone."""
    settings.PHONE_URL = provider.url.rstrip("/")
    line = PhoneLine(salon)
    line.transaction_id = reminders.trigger()
    worker.drain_dry()
    assert line.sent.state == "sent"
    return line


@pytest.fixture
def heard():
    """What upper rooms heard."""
    news: list[tuple[str, events.News]] = []
    handlers = {name: partial(_hear, news, name) for name in events.NAMES}
    for name, handler in handlers.items():
        events.subscribe(name, handler)
    yield news
    for name, handler in handlers.items():
        events.unsubscribe(name, handler)


def _hear(news, name, tenant_id, one):
    news.append((name, one))


def apply(line, *told: str | StatusEvent, reason: str = "") -> None:
    """Let reports be applied in one batch; of a word, the report of this state."""
    reported = [
        one if isinstance(one, StatusEvent) else StatusEvent(state=one, reason=reason)
        for one in told
    ]
    received = [
        Received(uuid7(), line.row.pk, replace(one, message_id=str(line.sent.pk)))
        for one in reported
    ]
    with tenant_scope(line.salon.pk):
        found = reports.apply(line.salon.pk, received)
    assert found == {one.id for one in received}


def test_delivered_and_read_move_the_message_and_are_logged(line, heard):
    message = line.sent

    line.told(status("delivered", message))
    line.told(status("read", message))

    assert line.sent.state == "read"
    assert line.log == [("delivered", ""), ("read", "")]
    assert [name for name, _ in heard] == ["message.delivered", "message.read"]
    assert {news.message for _, news in heard} == {message.pk}


def test_a_repeated_or_backward_report_changes_nothing(line, heard):
    message = line.sent
    line.told(status("read", message))

    line.told(status("read", message), status("delivered", message), status("delivered", message))

    assert line.sent.state == "read"
    assert line.log == [("read", "")]
    assert len(heard) == 1
    assert all(row.applied_at for row in line.received)


def test_the_same_report_by_its_key_is_applied_once(line):
    event = status("delivered", line.sent, "one")

    line.told(event)
    line.told(event)

    assert line.log == [("delivered", "")]


def test_a_failure_counts_only_while_nothing_better_was_seen(line, heard):
    apply(line, "delivered", "failed", reason="permanent_recipient")

    assert (line.sent.state, line.sent.reason) == ("delivered", "")
    assert [name for name, _ in heard] == ["message.delivered"]


def test_a_failure_is_kept_with_its_reason(line, heard):
    apply(line, "failed", reason="permanent_recipient")

    assert (line.sent.state, line.sent.reason) == ("failed", "permanent_recipient")
    assert [(name, news.reason) for name, news in heard] == [
        ("message.failed", "permanent_recipient")
    ]


def test_a_delivery_after_a_failure_is_logged_as_late(line):
    apply(line, "failed", reason="permanent_recipient")
    apply(line, "delivered")

    assert (line.sent.state, line.sent.reason) == ("delivered", "")
    assert line.log == [("failed", "permanent_recipient"), ("delivered", "late")]


@pytest.mark.parametrize("state", STATES)
def test_an_unknown_message_takes_any_report(line, state):
    with tenant_scope(line.salon.pk):
        Message.objects.filter(pk=line.sent.pk).update(state="unknown")

    apply(line, state)

    assert line.sent.state == state


def test_a_state_of_no_rank_changes_nothing(line):
    apply(line, "telepathy")

    assert line.sent.state == "sent"


def test_a_message_is_found_by_the_providers_id_too(line):
    with tenant_scope(line.salon.pk):
        Message.objects.filter(pk=line.sent.pk).update(provider_id="their-7")
    event = StatusEvent("k", "delivered", provider_id="their-7")

    with tenant_scope(line.salon.pk):
        reports.apply(line.salon.pk, [Received(uuid7(), line.row.pk, event)])

    assert line.sent.state == "delivered"


def test_another_account_cannot_move_the_message(line):
    event = StatusEvent("k", "failed", message_id=str(line.sent.pk))

    with tenant_scope(line.salon.pk):
        assert reports.apply(line.salon.pk, [Received(uuid7(), uuid7(), event)]) == set()

    assert line.sent.state == "sent"


def test_another_salon_cannot_move_the_message(line):
    other = PhoneLine(TenantFactory(is_sandbox=True))

    other.told(status("read", line.sent))

    assert line.sent.state == "sent"


def test_a_report_that_overtakes_the_settle_is_applied_when_the_message_is_there(
    salon, reminders, worker, provider, settings
):
    settings.PHONE_URL = provider.url.rstrip("/")
    line = PhoneLine(salon)

    def answer(body):
        line.told(status("delivered", body["id"]))  # before the worker has its own answer
        connection.close()  # this thread's own
        return 200, {}, b"{}"

    provider.answer = answer
    reminders.trigger()
    worker.drain_dry()
    assert line.sent.state == "sent"

    line.work(ahead=timedelta(seconds=5))

    assert line.sent.state == "delivered"


def test_the_story_tells_what_the_provider_reported(line):
    line.told(status("read", line.sent))

    with tenant_scope(line.salon.pk):
        told = tell(story(line.salon.pk, "live", line.transaction_id), "ru")

    assert told[-2].endswith("отправлено по SMS (Телефон), ответ 200")
    assert "прочитано по SMS (Телефон)" in told[-1]


def test_a_handler_that_fails_leaves_the_message_as_it_was(line):
    def broken(tenant_id, news):
        raise RuntimeError("not today")

    events.subscribe(events.READ, broken)
    try:
        line.told(status("read", line.sent))
        assert (line.sent.state, line.log) == ("sent", [])
        assert line.received[0].applied_at is None
    finally:
        events.unsubscribe(events.READ, broken)

    line.work(ahead=timedelta(seconds=5))
    assert line.sent.state == "read"


told = st.builds(
    StatusEvent,
    state=st.sampled_from(["", *STATES]),
    reason=st.sampled_from(["", "clicked", "permanent_recipient"]),
    effect=st.sampled_from(["", "dead", "complaint", "unsubscribed"]),
)


def furthest(*states: str) -> str:
    return max((state for state in states if state), key=RANK.__getitem__)


@given(reports=st.lists(told, max_size=12), first=st.sampled_from(["unknown", "sent"]))
def test_a_message_never_goes_back_and_no_order_of_reports_matters(reports, first):
    message = tracked(first)

    for one in reports:
        before = RANK[message.state]
        lines = advance(message, one.state, one.reason)
        assert (RANK[message.state] > before) == bool(lines)
        assert RANK[message.state] >= before

    assert message.state == furthest(first, *(one.state for one in reports))


def tracked(state: str) -> Tracked:
    key, now = uuid7(), datetime.now(UTC)
    return Tracked(key, key, key, 0, state, "phone", None, key, key, "live", "***", now)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=st.lists(st.lists(told, max_size=4), max_size=3), again=st.randoms())
def test_any_order_repetition_and_loss_of_reports_ends_in_the_same_state(line, batches, again):
    reset(line)
    seen = ["sent"]

    for batch in batches:
        repeated = [*batch, *again.sample(batch, len(batch) // 2)]
        again.shuffle(repeated)
        apply(line, *repeated)
        seen += [one.state for one in batch]
        assert line.sent.state == furthest(*seen)

    is_dead = any(one.effect == "dead" for batch in batches for one in batch)
    assert (line.address().state == "inactive") == is_dead


def reset(line) -> None:
    """Let the message be as if it had just left."""
    with tenant_scope(line.salon.pk):
        Message.objects.filter(pk=line.sent.pk).update(state="sent", extra=None)
        Address.objects.update(state="active", reason="")
