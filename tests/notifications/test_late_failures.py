"""A message that was sent and did not arrive: the next channel takes over, exactly once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from channels.told import StatusEvent
from notifications import late_failures, reports, tracking
from notifications.callbacks import Received
from notifications.models import Counter, Escalation
from notifications.story import story, tell
from tenants.ids import uuid7
from tenants.scope import tenant_scope
from tests.notifications.conftest import change
from tests.notifications.reporting import report

ANNA = {
    "subscriberId": "anna",
    "phone": "+79161234567",
    "email": "anna@mail.test",
    "channels": {"telegram": ["551234567"]},
}
BOTH = ("chat", {"channels": ["chat", "sms"]})


@pytest.fixture
def salon_line(reminders, worker):
    """A note that may go to a messenger, then by SMS; it has left for the messenger."""
    reminders.workflow("note", BOTH)
    reminders.transaction_id = reminders.trigger("note", ANNA)
    worker.drain_dry()
    assert channels(reminders) == ["telegram"]
    return reminders


def channels(line) -> list[str]:
    return [message.channel for message in line.messages]


def first(line):
    return line.messages[0]


def test_a_late_failure_sends_through_the_next_channel(salon_line, worker):
    report(salon_line.salon, first(salon_line), "failed", reason="permanent_recipient")
    worker.drain_dry()

    assert [(m.channel, m.state) for m in salon_line.messages] == [
        ("telegram", "failed"),
        ("phone", "sent"),
    ]
    assert salon_line.states == [("completed", "")]


def test_a_repeated_failure_opens_nothing_twice(salon_line, worker):
    message = first(salon_line)

    for state in ("failed", "failed", "bounced", "failed", "bounced"):
        report(salon_line.salon, message, state)
        worker.drain_dry()

    assert channels(salon_line) == ["telegram", "phone"]


def test_reports_that_come_together_open_one_line(salon_line):
    message, salon = first(salon_line), salon_line.salon
    event = StatusEvent(state="failed", message_id=str(message.pk))
    received = [Received(uuid7(), message.integration_id, event)]

    def report_too():
        try:
            report(salon, message, "failed")
        finally:
            connection.close()  # this thread's own

    with ThreadPoolExecutor(1) as pool:
        with tenant_scope(salon.pk):
            found = tracking.find(salon.pk, received)
            other = pool.submit(report_too)
            with pytest.raises(TimeoutError):  # it waits for us
                other.result(timeout=0.3)
            reports.apply(salon.pk, received, found)
        other.result(timeout=20)

    assert len(salon_line.due) == 1


def test_when_no_channel_is_left_the_notification_has_failed(salon_line, worker):
    for _ in range(2):
        report(salon_line.salon, salon_line.messages[-1], "failed")
        worker.drain_dry()

    assert channels(salon_line) == ["telegram", "phone"]
    assert salon_line.states == [("failed", "not_delivered")]
    assert salon_line.due == []


def test_a_message_that_nobody_could_prove_sent_goes_elsewhere_once_it_failed(salon_line, worker):
    change(
        "update notifications_message set state = 'unknown' where id = %s", [first(salon_line).pk]
    )

    report(salon_line.salon, first(salon_line), "failed")
    worker.drain_dry()

    assert channels(salon_line) == ["telegram", "phone"]


@pytest.mark.parametrize(
    "hindrance",
    [
        "update notifications_event set expires_at = now() - interval '1 minute'",
        "update notifications_event set canceled_at = now()",
        "update notifications_notification set state = 'canceled'",
        "update tenants_address set state = 'suppressed'",
    ],
)
def test_nothing_is_opened_after_expiry_or_against_somebodys_will(salon_line, hindrance):
    change(f"{hindrance} where tenant_id = %s", [salon_line.salon.pk])

    report(salon_line.salon, first(salon_line), "failed")

    assert salon_line.due == []
    assert first(salon_line).state == "failed"


def test_a_failure_that_comes_days_later_opens_nothing(salon_line):
    message = first(salon_line)
    later = datetime.now(UTC) + timedelta(hours=25)

    with tenant_scope(salon_line.salon.pk):
        locked = tracking.lock([salon_line.salon.pk], [message.pk], [message.notification_id])
        late_failures.take_up(salon_line.salon.pk, list(locked.values()), now=later)

    assert salon_line.due == []


def test_a_delivery_before_the_other_channel_took_over_stops_it(salon_line, worker):
    report(salon_line.salon, first(salon_line), "failed")
    assert salon_line.states == [("pending", "")]

    report(salon_line.salon, first(salon_line), "delivered")
    worker.drain_dry()

    assert channels(salon_line) == ["telegram"]
    assert salon_line.states == [("completed", "")]


def test_a_delivery_after_the_other_channel_took_over_is_late(salon_line, worker):
    report(salon_line.salon, first(salon_line), "failed")
    worker.drain_dry()

    report(salon_line.salon, first(salon_line), "delivered")

    assert [m.state for m in salon_line.messages] == ["delivered", "sent"]
    assert ("delivered", "late") in salon_line.log


def test_a_dead_address_gives_way_to_another_one_of_its_kind(reminders, worker):
    reminders.workflow("note", ("chat", {"channels": ["telegram"]}))
    two = {"subscriberId": "anna", "channels": {"telegram": ["551234567", "558888888"]}}
    reminders.trigger("note", two)
    worker.drain_dry()

    report(reminders.salon, first(reminders), "failed", effect="dead")
    worker.drain_dry()

    assert len({message.address for message in reminders.messages}) == 2
    assert sorted(state for _, _, state, _ in reminders.addresses) == ["active", "inactive"]


def test_a_step_before_the_last_is_done_beside_the_workflow_that_goes_on(reminders, worker):
    delay = ("delay", {"settings": {"seconds": 3600}})
    reminders.workflow("note", BOTH, delay, ("email", {"channels": ["email"]}))
    reminders.trigger("note", ANNA)
    worker.drain_dry()

    report(reminders.salon, first(reminders), "failed")
    worker.drain_dry()
    assert channels(reminders) == ["telegram", "phone"]
    assert [line.step for line in reminders.due] == [1]  # the pause goes on

    reminders.hurry()
    worker.drain_dry()
    assert channels(reminders) == ["telegram", "phone", "email"]
    assert reminders.states == [("completed", "")]


def test_a_step_before_the_last_of_a_finished_workflow_repeats_no_later_step(reminders, worker):
    reminders.workflow("note", BOTH, ("email", {"channels": ["email"]}))
    reminders.trigger("note", ANNA)
    worker.drain_dry()
    assert channels(reminders) == ["telegram", "email"]

    report(reminders.salon, first(reminders), "failed")
    worker.drain_dry()

    assert channels(reminders) == ["telegram", "email", "phone"]
    assert reminders.states == [("completed", "")]
    assert reminders.due == []


def test_marketing_reuses_its_slot_and_takes_no_second_one(reminders, worker):
    reminders.promo("promo", "chat", "sms")
    reminders.promo("other", "chat", "sms")
    reminders.trigger("promo", ANNA)
    worker.drain_dry()
    used = sorted((one.pk, one.used) for one in reminders.all(Counter))

    report(reminders.salon, first(reminders), "failed")
    worker.drain_dry()
    assert channels(reminders) == ["telegram", "phone"]
    assert sorted((one.pk, one.used) for one in reminders.all(Counter)) == used

    reminders.trigger("other", ANNA)
    worker.drain_dry()
    assert channels(reminders) == ["telegram", "phone"]
    assert ("skipped", "frequency_cap") in reminders.log


def test_marketing_that_is_refused_again_gives_back_nothing_that_it_never_took(
    reminders, worker, provider
):
    reminders.promo("promo", "chat", "sms")
    reminders.trigger("promo", ANNA)
    worker.drain_dry()
    used = sorted((one.pk, one.used) for one in reminders.all(Counter))
    provider.answer = lambda _: (422, {}, b"{}")

    report(reminders.salon, first(reminders), "failed")
    worker.drain_dry()

    assert reminders.states[0][0] == "failed"
    assert sorted((one.pk, one.used) for one in reminders.all(Counter)) == used


def test_marketing_whose_slot_is_over_opens_nothing(reminders, worker):
    reminders.promo("promo", "chat", "sms")
    reminders.limit(mk_window_days=0)
    reminders.trigger("promo", ANNA)
    worker.drain_dry()

    report(reminders.salon, first(reminders), "failed")

    assert reminders.due == []


def test_staff_hear_of_a_critical_message_that_did_not_arrive(reminders, worker):
    reminders.workflow("alarm", ("sms", {"channels": ["sms"]}), is_critical=True)
    reminders.trigger("alarm", ANNA)
    worker.drain_dry()

    report(reminders.salon, first(reminders), "failed")

    (case,) = reminders.all(Escalation)
    assert (case.cause, case.notification_id) == ("undeliverable", reminders.notifications[0].pk)


def test_the_story_tells_it(salon_line):
    report(salon_line.salon, first(salon_line), "failed")

    with tenant_scope(salon_line.salon.pk):
        found = story(salon_line.salon.pk, "live", salon_line.transaction_id)
    for language, words in (
        ("ru", "не дошло, пробуем иначе: другой канал"),
        ("en", "it did not arrive, we try another way: another channel"),
    ):
        assert any(line.endswith(words) for line in tell(found, language))
