"""Sends over HTTP and from Python: with a workflow, by a template, or words sent as they are."""

from __future__ import annotations

import pytest

from notifications import configs
from notifications.models import Event, MessageTemplate, Workflow
from notifications.publish import publish_message
from tenants.errors import InvalidFields
from tenants.models import Subscriber
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.factories import ApiKeyFactory
from tests.notifications.conftest import VISIT
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("seeded")

SEND, BATCH = "/v1/notifications/send", "/v1/notifications/send-batch"
REMINDER = "appointment-reminder-24h"
ANNA = {"subscriberId": "anna", "phone": "+79161234567", "email": "anna@mail.test"}
WORDS = {"to": ANNA, "channel": "sms", "text": "Мастер заболел, позвоните нам"}


@pytest.fixture
def api(reminders):
    return Api(ApiKeyFactory(tenant=reminders.salon).text)


def field_errors(answer):
    return {name: said["messages"] for name, said in answer.json()["errors"].items()}


def test_a_send_names_a_workflow_or_the_template_that_only_it_sends(api, reminders):
    with tenant_scope(reminders.salon.pk):
        template = MessageTemplate.objects.get(key=f"{REMINDER}-message").key

    answers = [
        api.post(SEND, {"name": name, "to": "anna", "payload": VISIT})
        for name in (REMINDER, template)
    ]

    assert [answer.json()["data"]["status"] for answer in answers] == ["processed"] * 2
    assert len({event.workflow_id for event in reminders.all(Event)}) == 1


def test_action_and_priority_stand_beside_the_payload(api, reminders):
    body = {"name": REMINDER, "to": "anna", "payload": VISIT, "priority": "low"}

    answer = api.post(SEND, {**body, "actionUrl": "https://roza.test/1", "actionText": "Сюда"})

    assert answer.status_code == 201
    (event,) = reminders.all(Event)
    assert (event.queue, event.payload["actionUrl"]) == (3, "https://roza.test/1")


def test_words_are_sent_by_their_channel_alone(api, reminders, worker, provider):
    person = {**ANNA, "channels": {"telegram": "77"}, "preferredChannel": "telegram"}

    api.post(SEND, {**WORDS, "to": person})
    worker.drain_dry()

    (message,) = reminders.messages
    assert (message.channel, message.body) == ("phone", WORDS["text"])
    assert len(provider.bodies) == 1


def test_words_without_a_way_are_skipped_and_say_why(api, reminders, worker):
    api.post(SEND, {**WORDS, "to": {"subscriberId": "olga", "email": "olga@mail.test"}})
    worker.drain_dry()

    assert ("skipped", "no_address") in reminders.log


def test_words_that_are_marketing_respect_a_withdrawn_consent(api, reminders, worker, provider):
    reminders.limit(quiet=["00:00", "00:00"])
    api.post("/v1/subscribers", ANNA)
    api.post("/v1/subscribers/anna/consents", {"purpose": "advertising", "given": False})

    api.post(SEND, {**WORDS, "category": "mk"})
    api.post(SEND, WORDS)
    worker.drain_dry()

    assert ("skipped", "consent_withdrawn") in reminders.log
    assert [message.body for message in reminders.messages] == [WORDS["text"]]


def test_words_that_are_marketing_show_the_way_out(api, reminders, worker):
    reminders.limit(quiet=["00:00", "00:00"])
    api.post("/v1/subscribers", ANNA)
    api.post("/v1/subscribers/anna/consents", {"purpose": "advertising", "given": True})

    api.post(SEND, {**WORDS, "category": "mk"})
    worker.drain_dry()

    (message,) = reminders.messages
    assert message.body.startswith(WORDS["text"])
    assert "/u/" in message.body


def test_a_bare_address_is_the_client_who_has_it(api, reminders):
    api.post("/v1/subscribers", ANNA)

    api.post(SEND, {**WORDS, "to": {"phone": "8 916 123-45-67"}})

    assert [person.subscriber_id for person in reminders.all(Subscriber)] == ["anna"]


def test_bare_addresses_may_stand_in_a_list(api, reminders):
    api.post(SEND, {**WORDS, "to": [{"phone": ANNA["phone"]}, {"email": "ira@mail.test"}, "boris"]})

    assert len(reminders.notifications) == 3


def test_a_trigger_to_an_address_alone_says_where_such_words_go(api, reminders):
    reminders.workflow("note", "sms")
    answer = api.post("/v1/events/trigger", {"name": "note", "to": [{"phone": ANNA["phone"]}]})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["to.0.subscriberId"]
    assert "/v1/notifications/send" in answer.json()["message"]
    assert reminders.all(Event) == []


def test_a_bare_address_in_test_mode_is_no_live_client(api, reminders):
    api.post("/v1/subscribers", ANNA)
    sandbox = Api(ApiKeyFactory(tenant=reminders.salon, mode="test").text)

    assert sandbox.post(SEND, {**WORDS, "to": {"phone": ANNA["phone"]}}).status_code == 201

    told = reminders.notifications[0].subscriber_id
    found = {person.pk: (person.mode, person.subscriber_id) for person in reminders.all(Subscriber)}
    mode, key = found.pop(told)
    assert (mode, key.startswith("direct-")) == ("test", True)
    assert list(found.values()) == [("live", "anna")]


def test_a_bare_address_of_nobody_makes_one_client_whose_key_hides_it(api, reminders):
    for _ in range(2):
        answer = api.post(SEND, {**WORDS, "to": {"phone": "+79160000001"}})
        assert answer.status_code == 201

    (person,) = reminders.all(Subscriber)
    assert person.subscriber_id.startswith("direct-")
    assert "9160000001" not in person.subscriber_id
    assert len(reminders.notifications) == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channel": "pigeon"}, "channel"),
        ({"channel": None}, "channel"),
        ({"category": "ads"}, "category"),
        ({"text": ""}, "text"),
        ({"text": 7}, "text"),
        ({"text": "я" * 10_001}, "text"),
        ({"text": "Привет, {{ clientName }}"}, "text"),
        ({"text": "{% if a %}b{% endif %}"}, "text"),
        ({"title": "{{ x }}"}, "title"),
        ({"channel": "email"}, "title"),
        ({"name": "welcome"}, "name"),
        ({"payload": {}}, "payload"),
        ({"actionUrl": "javascript:alert(1)"}, "actionUrl"),
        ({"actionText": 5}, "actionText"),
        ({"priority": "soon"}, "priority"),
        ({"delay": -1}, "delay"),
        ({"to": None}, "to"),
        ({"to": {"phone": "12"}}, "to.phone"),
        ({"to": {"phone": "+79160000001"}, "category": "mk"}, "to"),
        ({"to": [ANNA, {"email": "x"}]}, "to.1.email"),
        ({"to": [{"phone": "+79160000001"}], "category": "mk"}, "to.0"),
    ],
)
def test_a_bad_direct_message_names_the_field_and_changes_nothing(api, reminders, change, field):
    answer = api.post(SEND, {**WORDS, **change})

    assert answer.status_code == 422
    assert list(field_errors(answer)) == [field]
    assert reminders.all(Event) == []


@pytest.mark.parametrize("name", ["no-such-thing", None, 7, ["x"]])
def test_a_send_of_nothing_known_names_the_field(api, reminders, name):
    answer = api.post(SEND, {"name": name, "to": "anna"})

    assert (answer.status_code, list(field_errors(answer))) == (422, ["name"])


def test_a_template_of_two_workflows_does_not_say_which(api, reminders):
    reminders.workflow("first", "sms")
    with tenant_scope(reminders.salon.pk):
        text = MessageTemplate.objects.get(key="first-0")
    reminders.workflow("second", "sms")
    with tenant_scope(reminders.salon.pk):
        Workflow.objects.get(identifier="second").steps.update(template=text)

    answer = api.post(SEND, {"name": "first-0", "to": "anna"})

    assert field_errors(answer) == {
        "name": ["name: 'first-0' is sent by several workflows: name one"]
    }


def test_a_batch_answers_each_in_its_place(api, reminders):
    good = [{**WORDS, "to": f"client-{n}", "transactionId": f"t-{n}"} for n in range(120)]
    bad = [{**WORDS, "text": "", "transactionId": "bad"}, "no object", {"name": "x", "to": "y"}]

    answers = api.post(BATCH, {"messages": [*bad, *good]}).json()["data"]

    assert [answer["status"] for answer in answers] == ["error"] * 3 + ["processed"] * 120
    assert answers[0]["transactionId"] == "bad"
    assert answers[0]["error"] == ["text must be a text of 1 to 10000 characters"]
    assert [answer["transactionId"] for answer in answers[3:]] == [f"t-{n}" for n in range(120)]
    assert len(reminders.notifications) == 120


def test_a_batch_to_bare_addresses_finds_whom_the_first_one_made(api, reminders):
    api.post(SEND, WORDS)  # the pack is there
    people = [{"email": f"somebody-{n}@mail.test"} for n in range(50)]
    messages = [{**WORDS, "channel": "email", "title": "Тема", "to": to} for to in people]

    api.post(BATCH, {"messages": [*messages, *messages]})
    api.post(BATCH, {"messages": messages})

    assert len(reminders.all(Subscriber)) == 51
    assert len(reminders.notifications) == 151


@pytest.mark.parametrize("messages", [None, [], "x", [{}] * 1_001])
def test_a_batch_without_messages_or_with_too_many_is_refused(api, messages):
    answer = api.post(BATCH, {"messages": messages})

    assert (answer.status_code, list(field_errors(answer))) == (422, ["messages"])


def test_the_same_key_or_transaction_is_one_message(api, reminders):
    first = api.post(SEND, WORDS, Idempotency_Key="once")
    again = api.post(SEND, WORDS, Idempotency_Key="once")
    for _ in range(2):
        api.post(SEND, {**WORDS, "transactionId": "visit-7"})

    assert first.json() == again.json()
    assert len(reminders.notifications) == 2


def test_a_key_needs_the_scope(reminders):
    key = ApiKeyFactory(tenant=reminders.salon, scopes=["subscribers:write"])

    answers = [Api(key.text).post(path, WORDS) for path in (SEND, BATCH)]

    assert [answer.status_code for answer in answers] == [403, 403]


def test_a_direct_workflow_that_is_switched_off_sends_nothing(api, reminders):
    api.post(SEND, WORDS)
    with tenant_scope(reminders.salon.pk):
        Workflow.objects.filter(identifier="direct-sms").update(is_active=False)

    answer = api.post(SEND, WORDS)

    assert answer.json()["data"]["status"] == "trigger_not_active"
    assert len(reminders.notifications) == 1


def test_words_from_python_live_and_die_with_the_callers_work(reminders, worker, provider):
    def work(text, problem=None):
        with tenant_scope(reminders.salon.pk):
            publish_message("anna", "chat", text, title="Роза", action_url="https://roza.test/")
            if problem:
                raise problem

    with pytest.raises(ZeroDivisionError):
        work("Не уйдёт", ZeroDivisionError())
    work("Уйдёт")

    assert [event.payload["text"] for event in reminders.all(Event)] == ["Уйдёт"]


def test_what_a_salon_was_before_a_rollback_is_not_remembered(reminders):
    def rename(name, problem=None):
        with tenant_scope(reminders.salon.pk):
            Workflow.objects.filter(identifier=REMINDER).update(identifier=name)
            found = configs.salons([reminders.salon.pk])[reminders.salon.pk]
            if problem:
                raise problem
            return found.workflows

    with pytest.raises(ZeroDivisionError):
        rename("taken-back", ZeroDivisionError())

    assert "stays" in rename("stays")


def test_first_words_at_once_bring_the_workflows_once(reminders):
    key = ApiKeyFactory(tenant=reminders.salon).text

    answers = at_once(4, lambda number: Api(key).post(SEND, {**WORDS, "to": f"client-{number}"}))

    assert [answer.status_code for answer in answers] == [201] * 4
    assert len(reminders.notifications) == 4
    with tenant_scope(reminders.salon.pk):
        assert Workflow.objects.filter(pack="direct").count() == 8


def test_words_from_python_are_checked_alike(reminders):
    with tenant_scope(reminders.salon.pk), pytest.raises(InvalidFields) as refused:
        publish_message("anna", "email", "Текст без темы")

    assert refused.value.errors == {"title": ["title must be a text of 1 to 300 characters"]}
