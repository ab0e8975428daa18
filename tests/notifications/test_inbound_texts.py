"""What clients write: answers, STOP and START, links in a text, and words for a person."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.told import InboundEvent
from notifications import events
from notifications.callbacks import keep_told
from notifications.models import Message
from tenants import consents
from tenants.models import Address, Consent, Subscriber
from tenants.scope import tenant_scope
from tests.factories import AddressFactory, SubscriberFactory, TenantFactory
from tests.notifications.client_line import PHONE, ClientLine, line, salon
from tests.notifications.conftest import change
from tests.notifications.phone_line import press

__all__ = ["line", "salon"]

MILLISECOND = 0.001  # the moment of a client's word is kept in whole ones


@pytest.fixture
def daughter(line) -> Subscriber:
    """Shares Anna's telephone."""
    person: Any = SubscriberFactory(tenant=line.salon)
    AddressFactory(subscriber=person, value=PHONE)
    return person


def is_withdrawn(line, person) -> bool:
    asked = (line.salon.pk, person.pk, "phone")
    with tenant_scope(line.salon.pk):
        return consents.withdrawn([asked]) == {asked}


def test_yes_is_a_press_on_the_newest_message_with_buttons(line):
    heard = []
    hear = lambda tenant_id, one: heard.append(one.action)  # noqa: E731  (one line says it)
    events.subscribe(events.ANSWERED, hear)

    line.writes("Да!")

    events.unsubscribe(events.ANSWERED, hear)
    assert line.sent.extra["answer"]["action"] == "confirm"
    assert (line.log, heard, line.cases) == ([("answered", "confirm")], ["confirm"], [])


def test_the_same_yes_again_changes_nothing_and_troubles_nobody(line):
    line.writes("да")
    line.writes("да")

    assert (line.log, line.cases) == ([("answered", "confirm")], [])


def test_a_yes_from_another_address_answers_nothing(line):
    line.writes("да", "+79990000000")

    assert "answer" not in line.sent.extra
    assert [case.subscriber_id for case in line.cases] == [None]


def test_a_no_that_no_button_offers_goes_to_a_person(line):
    line.writes("нет")

    assert "answer" not in line.sent.extra
    assert [(case.cause, case.message_id) for case in line.cases] == [
        ("client_wrote", line.sent.pk)
    ]


def test_of_two_open_questions_the_newest_is_answered_then_the_other(line, reminders, worker):
    reminders.trigger(payload={**LATER})
    worker.drain_dry()
    first, second = [one for one in line.all(Message) if one.channel == "phone"]

    line.writes("да")
    line.writes("перенести")

    assert line.story_of(second) == [("answered", "confirm")]
    assert line.story_of(first) == [("answered", "reschedule")]


def test_a_quoted_message_is_the_one_that_is_answered(line, reminders, worker):
    reminders.trigger(payload={**LATER})
    worker.drain_dry()
    first, second = [one for one in line.all(Message) if one.channel == "phone"]

    change("update notifications_message set provider_id = '42:7' where id = %s", [first.pk])

    line.hears(InboundEvent("q", "text", address=PHONE, value="да", provider_id="42:7"))

    assert (line.story_of(first), line.story_of(second)) == ([("answered", "confirm")], [])


def test_a_press_that_names_no_message_is_on_the_newest_with_buttons(line):
    line.hears(InboundEvent("b", "button", address=PHONE, value="confirm"))

    assert line.log == [("answered", "confirm")]


def test_who_chose_by_letter_is_not_answered_elsewhere(line):
    AddressFactory(subscriber=line.all(Subscriber)[0], kind="email", value="anna@mail.example")

    line.hears(InboundEvent("i", "opt_in", address="anna@mail.example"))

    assert (line.consents, line.answered) == ([], [])


def test_stop_ends_marketing_for_all_who_share_the_address_and_is_confirmed_once(line, daughter):
    line.writes("СТОП")
    line.writes("стоп.")

    assert is_withdrawn(line, line.all(Subscriber)[0])
    assert is_withdrawn(line, daughter)
    assert line.consents == [("advertising", "", False, "stop_word")] * 2
    assert line.answered == ["marketing-stopped"]
    assert line.log == [("replied", "stop_word")] * 2
    assert {one.state for one in line.all(Address)} == {"active"}


def test_a_stop_after_a_new_yes_is_confirmed_again(line):
    yes = consents.Word("advertising", given=True, source="form", actor="t")
    line.writes("стоп")
    with tenant_scope(line.salon.pk):
        consents.record(line.salon.pk, [line.address().subscriber_id], yes)
    line.writes("стоп")

    assert line.answered == ["marketing-stopped"] * 2


def test_a_stop_ends_a_later_yes_to_one_channel_too(line):
    yes = consents.Word("advertising", given=True, source="form", actor="t", channel="phone")
    line.writes("стоп")
    with tenant_scope(line.salon.pk):
        consents.record(line.salon.pk, [line.address().subscriber_id], yes)

    time.sleep(MILLISECOND)
    line.writes("стоп")

    assert is_withdrawn(line, line.all(Subscriber)[0])


def test_a_yes_that_is_applied_late_does_not_outlive_the_stop_after_it(line, worker):
    line.writes("старт")
    worker.drain_dry()
    question = line.all(Message)[-1]
    yes = InboundEvent("y", "button", PHONE, "agree-marketing", str(question.pk))
    keep_told(line.salon.pk, line.row.pk, [yes], datetime.now(UTC) + timedelta(hours=1))
    time.sleep(MILLISECOND)
    line.writes("стоп")

    change(
        "update notifications_receivedcallback set due_at = now() where tenant_id = %s",
        [line.salon.pk],
    )
    line.work()

    assert [given for _, _, given, _ in line.consents] == [False, True]
    assert is_withdrawn(line, line.all(Subscriber)[0])


def test_stop_tells_where_the_proof_lies(line):
    line.writes("stop")

    (word,) = line.all(Consent)
    assert (word.evidence, word.actor) == (f"callback:{line.received[0].pk}", "client")


def test_start_asks_and_grants_nothing(line):
    line.writes("стоп")
    line.writes("старт")
    line.writes("старт")

    assert [given for _, _, given, _ in line.consents] == [False]
    assert line.answered == ["marketing-stopped", "marketing-consent"]


@pytest.mark.parametrize(("word", "given"), [("да", True), ("нет", False)])
def test_only_her_answer_to_the_question_is_a_consent(line, worker, word, given):
    line.writes("старт")
    worker.drain_dry()
    question = line.all(Message)[-1]

    line.writes(word)

    assert line.consents == [("advertising", "", given, "button")]
    (entry,) = line.all(Consent)
    assert entry.text_version == f"template:{question.template_version_id}"
    assert line.story_of(question)[0][0] == "answered"


def test_a_yes_to_marketing_that_no_message_offered_is_no_consent(line):
    line.told(press(line.sent, "agree-marketing", PHONE))

    assert line.consents == []


def test_who_has_agreed_is_not_asked_again(line):
    person = line.address().subscriber_id
    word = consents.Word("advertising", given=True, source="form", actor="t")
    with tenant_scope(line.salon.pk):
        consents.record(line.salon.pk, [person], word)

    line.writes("start")

    assert line.answered == []


def test_a_choice_at_the_provider_is_about_its_channel_and_needs_no_answer(line):
    line.hears(InboundEvent("o", "opt_out", address=PHONE))
    line.hears(InboundEvent("p", "opt_out", address=PHONE))

    assert line.consents == [("advertising", "phone", False, "provider")]
    assert line.answered == []


def test_without_the_workflow_she_is_heard_and_not_answered(reminders):
    line = ClientLine(reminders.salon)
    AddressFactory(subscriber=SubscriberFactory(tenant=line.salon), value=PHONE)

    line.writes("стоп")

    assert line.consents == [("advertising", "", False, "stop_word")]
    assert line.received[0].applied_at is not None


def test_strangers_are_kept_apart_and_nothing_of_them_is_told(line):
    line.writes("Здравствуйте, есть время завтра?", "+79990000001")
    line.writes("Сколько стоит стрижка?", "+79990000002")
    line.writes("А маникюр?", "+79990000001")

    subjects = [case.subject_id for case in line.cases]
    assert [case.repeats for case in line.cases] == [1, 0]
    assert len(set(subjects)) == 2
    assert "7999" not in "".join(subjects)


def test_words_of_test_mode_open_cases_of_test_mode():
    salon: Any = TenantFactory()
    line = ClientLine(salon)
    AddressFactory(subscriber=SubscriberFactory(tenant=salon, mode="live"), value=PHONE)
    AddressFactory(subscriber=SubscriberFactory(tenant=salon, mode="test"), value=PHONE)

    line.writes("позвоните мне")
    line.writes("стоп")

    assert [case.mode for case in line.cases] == ["test"]
    with tenant_scope(salon.pk):
        (word,) = Consent.objects.select_related("subscriber")
        assert word.subscriber.mode == "test"


LATER = {
    "clientName": "Анна",
    "appointmentTime": "2026-12-02T11:00:00+03:00",
    "serviceName": "Маникюр",
    "confirmUrl": "https://salon.example/c/2",
    "rescheduleUrl": "https://salon.example/r/2",
}
