"""When a provider fails for a while: waits, attempts, throttles, and what is never sent twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from channels.adapters.webhook import WebhookAdapter
from channels.models import Integration
from notifications.dispatch import server
from tenants.scope import tenant_scope

PHONE = {"subscriberId": "anna", "phone": "+79161234567", "email": "anna@mail.test"}


@pytest.fixture
def texts(reminders):
    """Two workflows of one step: a tx that may also go by e-mail, and an mk."""
    reminders.workflow("code", ("sms", {"channels": ["sms", "email"]}), priority="urgent")
    reminders.promo()
    return reminders


def say(status, headers=None, content=b"{}"):
    return lambda body: (status, headers or {}, content)


def integrations(reminders):
    with tenant_scope(reminders.salon.pk):
        return {i.kind: i for i in Integration.objects.filter(tenant=reminders.salon)}


def test_a_failed_attempt_is_repeated_after_two_then_four_then_eight_seconds(
    texts, worker, provider
):
    provider.answer = say(500)
    texts.trigger("code", PHONE)

    for attempt, wait_s in enumerate((2, 4, 8), start=1):
        worker.drain_dry()
        (due,) = texts.due
        left_s = (due.due_at - datetime.now(UTC)).total_seconds()
        assert wait_s - 1 < left_s <= wait_s * 1.1
        assert (due.state, due.attempt) == (0, attempt)
        texts.hurry()


def test_the_seventh_failure_is_the_last_and_can_be_replayed(texts, worker, provider):
    provider.answer = say(503)
    texts.trigger("code", PHONE)

    for _ in range(8):
        worker.drain_dry()
        texts.hurry()
        server().flushdb()  # or the breaker would spare the failing provider

    assert len(provider.bodies) == 7
    assert len(provider.ids) == 1  # one id for all attempts: the provider can tell
    assert texts.states == [("failed", "attempts_exhausted")]
    assert texts.due == []
    assert [(m.state, m.reason) for m in texts.messages] == [("failed", "retry")]
    assert [(line.reason, line.detail) for line in texts.letters] == [
        ("attempts_exhausted", "503 the receiver failed")
    ]


def test_a_success_after_a_failure_ends_the_story(texts, worker, provider):
    provider.answer = lambda body: (500 if len(provider.bodies) == 1 else 200, {}, b"{}")
    texts.trigger("code", PHONE)

    worker.drain_dry()
    texts.hurry()
    worker.drain_dry()

    assert [m.state for m in texts.messages] == ["sent"]
    assert texts.log == [("retry", "retry"), ("sent", "")]
    assert texts.states == [("completed", "")]


def test_too_many_costs_no_attempt_and_freezes_the_account(texts, worker, provider):
    provider.answer = say(429, {"Retry-After": "120"})
    texts.trigger("code", PHONE)

    worker.drain_dry()

    (due,) = texts.due
    rest = integrations(texts)["sms"].frozen_until - datetime.now(UTC)
    assert (due.state, due.attempt) == (0, 0)
    assert timedelta(seconds=110) < rest <= timedelta(seconds=120)
    assert texts.log == [("waiting", "throttled")]


@pytest.mark.parametrize("seconds", ["99999999999999", "9" * 400], ids=["ages", "for ever"])
def test_a_rest_of_ages_is_a_day_and_costs_nobody_else_anything(texts, worker, provider, seconds):
    provider.answer = say(429, {"Retry-After": seconds})
    texts.trigger("code", PHONE)
    worker.drain_dry()

    rest = integrations(texts)["sms"].frozen_until - datetime.now(UTC)

    assert timedelta(hours=23) < rest <= timedelta(hours=24)
    assert texts.log == [("waiting", "throttled")]
    assert {due.attempt for due in texts.due} == {0}


def test_what_comes_while_an_account_rests_waits_for_it_and_takes_no_dearer_channel(
    texts, worker, provider
):
    provider.answer = say(429, {"Retry-After": "120"})
    texts.trigger("code", PHONE)
    worker.drain_dry()
    provider.answer = say(200)

    texts.trigger("code", {**PHONE, "subscriberId": "vera", "phone": "+79161234568"})
    worker.drain_dry()

    assert len(provider.bodies) == 1
    assert texts.log[-1] == ("waiting", "integration_rests")


def test_a_rest_that_outlasts_the_message_lets_another_channel_have_it(texts, worker, provider):
    provider.answer = say(429, {"Retry-After": "900"})
    texts.trigger("code", {**PHONE, "subscriberId": "vera", "phone": "+79161234568"})
    worker.drain_dry()
    provider.answer = say(200)

    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    texts.trigger("code", PHONE, expiresAt=soon)
    worker.drain_dry()

    assert provider.bodies[-1]["kind"] == "email"
    assert texts.messages[-1].state == "sent"


def test_a_throttle_beyond_expiry_ends_as_expired_at_once(texts, worker, provider):
    provider.answer = say(429, {"Retry-After": "900"})
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    texts.trigger("code", PHONE, expiresAt=soon)

    worker.drain_dry()

    assert texts.states == [("skipped", "expired")]
    assert texts.due == []


def test_a_lost_answer_repeats_a_reminder_under_the_same_id(texts, worker, provider):
    provider.answer = lambda body: (0 if len(provider.bodies) == 1 else 200, {}, b"{}")
    texts.trigger("code", PHONE)

    worker.drain_dry()
    texts.hurry()
    worker.drain_dry()

    assert list(provider.ids.values()) == [2]
    assert [m.state for m in texts.messages] == ["sent"]
    assert str(texts.messages[0].id) in provider.ids


def test_a_reminder_keeps_its_id_through_a_throttle_between_two_attempts(texts, worker, provider):
    answers = [(0, {}, b""), (429, {"Retry-After": "1"}, b""), (200, {}, b"{}")]
    provider.answer = lambda body: answers[len(provider.bodies) - 1]
    texts.trigger("code", PHONE)

    for _ in answers:
        worker.drain_dry()
        texts.hurry()
        change_rest(texts)

    assert list(provider.ids.values()) == [3]


def change_rest(reminders):
    with tenant_scope(reminders.salon.pk):
        Integration.objects.filter(tenant=reminders.salon).update(frozen_until=None)


def test_a_lost_answer_leaves_marketing_unknown_and_never_sent_again(texts, worker, provider):
    provider.answer = say(0)
    texts.trigger("promo", PHONE)

    for _ in range(3):
        worker.drain_dry()
        texts.hurry()

    assert len(provider.bodies) == 1
    assert [(m.state, m.reason) for m in texts.messages] == [("unknown", "ambiguous")]
    assert texts.states == [("completed", "ambiguous")]
    assert texts.due == []


@pytest.mark.parametrize(("is_idempotent", "sent"), [(False, 2), (True, 3)])
def test_a_lost_answer_repeats_a_reminder_once_unless_the_provider_drops_doubles(
    texts, worker, provider, monkeypatch, is_idempotent, sent
):
    monkeypatch.setattr(WebhookAdapter, "is_idempotent", is_idempotent)
    provider.answer = say(0)
    texts.trigger("code", PHONE)

    for _ in range(3):
        worker.drain_dry()
        texts.hurry()
        server().flushdb()  # or the breaker would spare the failing provider

    assert len(provider.bodies) == sent
    assert len(provider.ids) == 1
    assert [m.state for m in texts.messages] == ([] if is_idempotent else ["unknown"])


def test_a_receiver_that_wants_no_more_is_paused_and_the_next_channel_taken(
    texts, worker, provider
):
    provider.answer = lambda body: (410 if body["kind"] == "sms" else 200, {}, b"{}")
    texts.trigger("code", PHONE)

    worker.drain_dry()

    assert [body["kind"] for body in provider.bodies] == ["sms", "email"]
    assert integrations(texts)["sms"].state == "paused"
    assert "410" in integrations(texts)["sms"].state_reason
    assert [(m.channel, m.state) for m in texts.messages] == [("email", "sent")]


def test_without_another_channel_a_paused_account_is_waited_for(texts, worker, provider):
    provider.answer = say(410)
    texts.trigger("code", {"subscriberId": "anna", "phone": "+79161234567"})

    worker.drain_dry()

    assert len(provider.bodies) == 1
    assert texts.log == [("waiting", "provider_pause"), ("waiting", "integration_paused")]
    assert [due.attempt for due in texts.due] == [0]


def test_content_that_is_refused_fails_at_once(texts, worker, provider):
    provider.answer = say(422)
    texts.trigger("code", PHONE)

    worker.drain_dry()

    assert texts.states == [("failed", "permanent_content")]
    assert len(texts.letters) == 1
    assert all(state == "active" for _, _, state, _ in texts.addresses)


@pytest.mark.parametrize(
    "answer", [b'{"id": "a\\u0000b"}', b'{"id": "' + b"9" * 400 + b'"}', b'{"id": "\\ud800"}']
)
def test_a_providers_strange_id_breaks_nobodys_result(texts, worker, provider, answer):
    provider.answer = lambda body: (200, {}, answer if "Анна" in body["body"] else b'{"id":"7"}')
    texts.trigger("code", PHONE)
    texts.trigger("code", {"subscriberId": "vera", "phone": "+79161234568"}, {"clientName": "Вера"})

    worker.drain_dry()

    assert len(provider.bodies) == 2
    assert [m.state for m in texts.messages] == ["sent", "sent"]
    assert "7" in [m.provider_id for m in texts.messages]
    assert texts.due == []
