"""What reports add beside states: notes, costs, how long it took, and all that was read before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from channels.told import StatusEvent
from notifications.callbacks import Received
from notifications.story import story, tell
from tenants.ids import uuid7
from tenants.scope import tenant_scope
from tests.factories import AddressFactory, SubscriberFactory
from tests.notifications.conftest import change
from tests.notifications.reporting import apply, report

ANNA = {"subscriberId": "anna", "phone": "+79161234567", "email": "anna@mail.test"}


@pytest.fixture
def notes(reminders):
    """Notes by SMS, one after another."""
    reminders.workflow("note", ("sms", {"channels": ["sms"]}))
    return reminders


def send(notes, worker, *provider_ids, to=ANNA):
    """Send one note per id that the provider gives; return the messages."""
    for number in provider_ids:
        notes.transaction_id = notes.trigger("note", to)
        worker.drain_dry()
        change(
            "update notifications_message set provider_id = %s where id = %s",
            [number, notes.messages[-1].pk],
        )
    return notes.messages[-len(provider_ids) :]


def read_up_to(notes, account, *, provider_id="", address="79161234567", attempt=0) -> bool:
    event = StatusEvent(
        str(uuid7()), "read", provider_id=provider_id, address=address, reach="up_to"
    )
    return apply(notes.salon, Received(uuid7(), account, event, attempt))


def states(notes) -> list[str]:
    return [message.state for message in notes.messages]


def test_reading_one_message_reads_those_before_it(notes, worker):
    first, *_ = send(notes, worker, "a", "b", "c")

    assert read_up_to(notes, first.integration_id, provider_id="b")

    assert states(notes) == ["read", "read", "sent"]
    assert notes.log.count(("read", "")) == 2


def test_numbers_of_the_provider_are_compared_where_the_named_one_is_none_of_ours(notes, worker):
    first, *_ = send(notes, worker, "9", "10", "12")

    assert read_up_to(notes, first.integration_id, provider_id="11")

    assert states(notes) == ["read", "read", "sent"]


def test_a_name_that_nobody_knows_is_waited_for_before_the_time_decides(notes, worker):
    first, *_ = send(notes, worker, "a", "b")

    assert not read_up_to(notes, first.integration_id, provider_id="strange")
    assert states(notes) == ["sent", "sent"]

    assert read_up_to(notes, first.integration_id, provider_id="strange", attempt=2)
    assert states(notes) == ["read", "read"]


def test_without_a_name_all_that_was_sent_before_is_read(notes, worker):
    first, *_ = send(notes, worker, "a", "b")

    assert read_up_to(notes, first.integration_id)

    assert states(notes) == ["read", "read"]


def test_nobody_elses_messages_are_read(notes, worker):
    stranger = {"subscriberId": "olga", "phone": "+79990000000"}
    (own,) = send(notes, worker, "a")
    send(notes, worker, "b", to=stranger)
    send(notes, worker, "c", to=ANNA)
    change(
        "update notifications_message set integration_id = %s where provider_id = 'c'", [uuid7()]
    )

    read_up_to(notes, own.integration_id)

    assert states(notes) == ["read", "sent", "sent"]


def test_what_has_failed_is_not_read_afterwards(notes, worker):
    failed, last = send(notes, worker, "a", "b")
    report(notes.salon, failed, "failed")

    read_up_to(notes, last.integration_id, provider_id="b")

    assert states(notes) == ["failed", "read"]


def test_two_clients_of_one_number_are_both_read(notes, worker):
    daughter = SubscriberFactory(tenant=notes.salon)
    AddressFactory(subscriber=daughter, value=ANNA["phone"])
    (own,) = send(notes, worker, "a")
    send(notes, worker, "b", to={"subscriberId": daughter.subscriber_id})

    read_up_to(notes, own.integration_id)

    assert states(notes) == ["read", "read"]


def test_what_is_no_state_is_told_once(notes, worker):
    (message,) = send(notes, worker, "a")

    for reason in ("deferred", "deferred", "clicked"):
        report(notes.salon, message, reason=reason)

    assert notes.log[-2:] == [("reported", "deferred"), ("reported", "clicked")]
    assert states(notes) == ["sent"]


def test_a_click_after_an_opening_is_told_too(notes, worker):
    (message,) = send(notes, worker, "a")

    for reason in ("opened", "clicked", "opened", "clicked"):
        report(notes.salon, message, "read", reason=reason)

    assert notes.log[-2:] == [("read", "opened"), ("reported", "clicked")]


def test_a_cost_is_kept_and_told_once(notes, worker):
    (message,) = send(notes, worker, "a")

    report(notes.salon, message, "delivered", cost="2.35", currency="rub")
    report(notes.salon, message, "read", cost="2.35", currency="rub")

    with tenant_scope(notes.salon.pk):
        found = story(notes.salon.pk, "live", notes.transaction_id)
    for language, words in (("ru", "стоимость 2.35 RUB"), ("en", "cost 2.35 RUB")):
        told = [words in line for line in tell(found, language)]
        assert told == [False, True, False, False]
    assert notes.messages[0].extra == {"cost": "2.35", "currency": "RUB"}


def test_the_api_tells_the_cost(notes, worker, api):
    (message,) = send(notes, worker, "a")
    report(notes.salon, message, cost="0.0075", currency="USD")

    (row,) = api.get("/v1/notifications").json()["data"]

    details = [one for job in row["jobs"] for one in job["executionDetails"] if "cost" in one]
    assert [(one["cost"], one["currency"]) for one in details] == [("0.0075", "USD")]


def test_what_is_no_price_is_not_kept(notes, worker):
    (message,) = send(notes, worker, "a")

    for cost in ("free", "NaN", "Infinity", "-1", "1e9", "1" * 400):
        report(notes.salon, message, "delivered", cost=cost)

    assert notes.messages[0].extra is None


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_how_long_it_took_is_measured_once(notes, worker):
    (message,) = send(notes, worker, "a")
    before = count("kolokol_delivered_seconds_count", channel="phone")
    change(
        "update notifications_event set due_at = due_at - interval '50 seconds'"
        " where tenant_id = %s",
        [notes.salon.pk],
    )
    within_30 = count("kolokol_delivered_seconds_bucket", channel="phone", le="30.0")

    report(notes.salon, message, "delivered")
    report(notes.salon, message, "read")

    assert count("kolokol_delivered_seconds_count", channel="phone") == before + 1
    assert count("kolokol_delivered_seconds_bucket", channel="phone", le="30.0") == within_30


def test_what_a_provider_takes_is_counted_by_its_age(notes, worker):
    before = count("kolokol_accepted_total", queue="normal", within="longer")
    notes.trigger("note", ANNA, delay=60)
    old = uuid7((notes.notifications[0].pk.int >> 80) / 1000 - timedelta(hours=1).total_seconds())
    for table, column in (("notification", "id"), ("due", "notification_id")):
        change(
            f"update notifications_{table} set {column} = %s where tenant_id = %s",  # noqa: S608 (literals)
            [old, notes.salon.pk],
        )
    notes.hurry()

    worker.drain_dry()

    assert count("kolokol_accepted_total", queue="normal", within="longer") == before + 1
