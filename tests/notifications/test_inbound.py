"""What clients do: only her own press counts, blocking switches the address off, and back."""

from __future__ import annotations

from typing import Any

import pytest

from notifications import events
from notifications.models import Escalation
from tenants.models import Address
from tenants.scope import tenant_scope
from tests.factories import AddressFactory, SubscriberFactory, TenantFactory
from tests.notifications.phone_line import PhoneLine, press

PHONE = "+79161234567"


@pytest.fixture
def salon():
    """A demo salon, whose messages go to the Phone."""
    return TenantFactory(is_sandbox=True)


@pytest.fixture
def line(salon, reminders, worker, provider, settings) -> PhoneLine:
    """A reminder has been sent to the Phone."""
    settings.PHONE_URL = provider.url.rstrip("/")
    line = PhoneLine(salon)
    reminders.trigger()
    worker.drain_dry()
    return line


@pytest.fixture
def answers():
    """What upper rooms heard of answers."""
    news = []

    def hear(tenant_id, one):
        news.append(one)

    events.subscribe(events.ANSWERED, hear)
    yield news
    events.unsubscribe(events.ANSWERED, hear)


def block(kind: str, address: str, key: str = "k") -> dict[str, str]:
    return {"type": kind, "key": key, "address": address}


def test_a_press_is_kept_with_the_message_and_told(line, answers):
    line.told(press(line.sent, "confirm", PHONE))

    assert line.sent.extra["answer"]["action"] == "confirm"
    assert line.log == [("answered", "confirm")]
    assert [(news.message, news.action) for news in answers] == [(line.sent.pk, "confirm")]


def test_the_same_press_again_changes_nothing(line, answers):
    line.told(press(line.sent, "confirm", PHONE))
    line.told(press(line.sent, "confirm", PHONE), press(line.sent, "confirm", PHONE))

    assert line.log == [("answered", "confirm")]
    assert len(answers) == 1


def test_a_client_may_change_her_mind(line, answers):
    line.told(press(line.sent, "confirm", PHONE), press(line.sent, "reschedule", PHONE))

    assert line.sent.extra["answer"]["action"] == "reschedule"
    assert [news.action for news in answers] == ["confirm", "reschedule"]


def test_the_buttons_of_the_message_stay(line):
    before = line.sent.extra["buttons"]

    line.told(press(line.sent, "confirm", PHONE))

    assert line.sent.extra["buttons"] == before


def test_a_press_from_somebody_elses_address_counts_for_nothing(line, answers):
    line.told(press(line.sent, "confirm", "+79990000000"))

    assert "answer" not in (line.sent.extra or {})
    assert (line.log, answers) == ([], [])
    assert line.received[0].event["note"] == "foreign_address"


@pytest.mark.parametrize("action", ["cancel-all", "x" * 4000, "Анна, +79161234567"])
def test_a_press_on_a_button_that_the_message_had_not_counts_for_nothing(line, answers, action):
    line.told(press(line.sent, action, PHONE))

    assert "answer" not in (line.sent.extra or {})
    assert (line.log, answers, line.received[0].event["note"]) == ([], [], "not_offered")


def test_a_button_that_tells_only_its_words_is_known_by_them(line, answers):
    words = next(b["text"] for b in line.sent.extra["buttons"] if b["action"] == "confirm")

    line.told(press(line.sent, words, PHONE))

    assert [news.action for news in answers] == ["confirm"]


def test_the_address_must_be_of_the_messages_kind(line, answers):
    with tenant_scope(line.salon.pk):
        Address.objects.filter(pk=line.address().pk).update(kind="whatsapp")

    line.told(press(line.sent, "confirm", PHONE))

    assert answers == []


def test_a_press_on_another_salons_message_counts_for_nothing(line, answers):
    other = PhoneLine(TenantFactory(is_sandbox=True))

    other.told(press(line.sent, "confirm", PHONE))

    assert answers == []


def test_blocking_switches_the_address_off_and_unblocking_on(line):
    line.told(block("blocked", PHONE, "1"))
    assert (line.address().state, line.address().reason) == ("inactive", "blocked")

    line.told(block("unblocked", PHONE, "2"))
    assert (line.address().state, line.address().reason) == ("active", "")
    assert line.log == [("replied", "blocked"), ("replied", "unblocked")]


def test_a_no_stays_a_no(line):
    with tenant_scope(line.salon.pk):
        Address.objects.filter(pk=line.address().pk).update(state="suppressed")

    line.told(block("unblocked", PHONE))

    assert line.address().state == "suppressed"


def test_the_phone_of_a_real_salon_speaks_of_test_clients_only():
    salon: Any = TenantFactory()
    line = PhoneLine(salon)
    for mode in ("live", "test"):
        AddressFactory(subscriber=SubscriberFactory(tenant=salon, mode=mode), value=PHONE)

    line.told(block("blocked", PHONE))

    with tenant_scope(salon.pk):
        states = dict(Address.objects.values_list("subscriber__mode", "state"))
    assert states == {"live": "active", "test": "inactive"}


def test_her_own_words_go_to_a_person_and_the_story_says_so_without_them(line):
    line.told({"type": "text", "key": "t", "address": PHONE, "value": "можно на час позже?"})

    assert line.log == [("replied", "wrote")]
    (case,) = line.all(Escalation)
    assert (case.cause, case.subscriber_id, case.message_id) == (
        "client_wrote",
        line.address().subscriber_id,
        line.sent.pk,
    )
