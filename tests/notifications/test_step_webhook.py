"""A webhook step posts the event itself to the salon's server; the story keeps the answer."""

from __future__ import annotations

import pytest

from notifications.story import story, tell
from tenants.scope import tenant_scope
from tests.notifications.flows import CONTACTS, log_of, publish_flow, sms


@pytest.fixture
def hooked(reminders, provider):
    """A salon whose server hears of each order before its client does."""
    reminders.connect("webhook", provider)
    reminders.limit(same_text_minutes=60)
    hook = ("hook", "webhook", {"on_failure": "continue"})
    publish_flow(reminders.salon, "order", hook, sms("Спасибо"))
    return reminders


def test_each_event_is_posted_without_a_text_of_its_own(hooked, worker, provider):
    transaction_id = hooked.trigger("order", CONTACTS, {"total": 5})
    worker.drain_dry()
    hooked.trigger("order", CONTACTS, {"total": 6})
    worker.drain_dry()

    first, second = (one for one in provider.bodies if one["kind"] == "webhook")
    assert (first["address"], first["body"]) == ("anna", "")
    assert first["metadata"] == {
        "workflow": "order",
        "transactionId": transaction_id,
        "payload": {"clientName": "Анна", "total": 5},
    }
    assert second["metadata"]["payload"]["total"] == 6
    with tenant_scope(hooked.salon.pk):
        told = "\n".join(tell(story(hooked.salon.pk, "live", transaction_id), "en"))
    assert "sent to the salon's server (webhook), answer 200" in told


def test_a_refusal_is_an_outcome_with_its_status(hooked, worker, provider):
    provider.answer = lambda body: (400 if body["kind"] == "webhook" else 200, {}, b"{}")

    hooked.trigger("order", CONTACTS, {"total": 5})
    worker.drain_dry()

    assert [place for place, _, _ in log_of(hooked, "failed")] == [0]
    assert [message.channel for message in hooked.messages if message.state == "sent"] == ["phone"]
    assert hooked.states == [("completed", "")]
