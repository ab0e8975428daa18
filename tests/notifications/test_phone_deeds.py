"""What is done on the Phone's page runs the providers' way, and its effect stands in the story."""

from __future__ import annotations

import json
import re
from typing import Any

import django_rq
import pytest
from django.test import Client

from channels import callback_doors
from channels.models import PhoneMessage
from channels.phone import door_of, receive
from channels.phone_access import key_for
from notifications import acknowledging
from notifications.models import Notification
from notifications.story import stories, tell_one
from tenants.models import Address, Subscriber
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.factories import AddressFactory, ApiKeyFactory, SubscriberFactory
from tests.notifications.client_line import PHONE, line, salon
from tests.notifications.phone_line import press

__all__ = ["line", "salon"]
CHAT = "100200"


class Page:
    """The Phone's page in a browser: it does what the client does, and lets the job apply it."""

    def __init__(self, line) -> None:
        self.line = line
        self.browser = Client()
        self.browser.get("/phone/", {"key": key_for(line.salon.pk)})

    def does(self, verb: str, **body: Any) -> int:
        answer = self.browser.post(
            f"/phone/{verb}", json.dumps(body), content_type="application/json"
        )
        assert answer.status_code == 200, answer.content
        self.line.work()
        return int(answer.json()["events"])

    def story(self, language: str = "ru") -> str:
        """Tell the story of the first notification."""
        with tenant_scope(self.line.salon.pk):
            first = Notification.objects.order_by("id").values_list("pk", flat=True)[0]
            (told,) = stories(self.line.salon.pk, [first])
        return "\n".join(tell_one(told, language))


@pytest.fixture
def page(line) -> Page:
    """The reminder lies on the Phone."""
    sent = line.sent
    buttons = [{"text": b["text"], "url": "", "action": b["action"]} for b in sent.extra["buttons"]]
    body = {"id": str(sent.pk), "kind": "sms", "address": PHONE, "body": sent.body}
    receive(door_of(line.salon.pk), {**body, "buttons": buttons, "address_kind": "phone"})
    return Page(line)


def test_pressing_confirm_is_an_answer(page):
    with tenant_scope(page.line.salon.pk):
        message = PhoneMessage.objects.get()

    page.does("press", id=str(message.pk), button=0)

    assert page.line.sent.extra["answer"]["action"] == "confirm"
    assert "клиент ответил по SMS (Телефон): confirm" in page.story()


def test_writing_yes_is_the_same_answer(page):
    page.does("reply", tab="sms", address=PHONE, text="да")

    assert page.line.sent.extra["answer"]["action"] == "confirm"
    assert "the client answered by SMS (the Phone): confirm" in page.story("en")


def test_writing_stop_withdraws_consent(page):
    page.does("reply", tab="sms", address=PHONE, text="СТОП")

    assert page.line.consents == [("advertising", "", False, "stop_word")]
    assert page.line.answered == ["marketing-stopped"]
    assert "от клиента по SMS (Телефон): больше не хочет рекламы" in page.story()


def test_blocking_the_bot_switches_the_address_off_and_its_end_on(page):
    anna = page.line.all(Subscriber)[0]
    AddressFactory(subscriber=anna, kind="telegram", value=CHAT)
    switch = {"client": str(anna.pk), "tab": "telegram", "fault": "blocked"}

    assert page.does("switch", **switch, on=True) == 1

    assert chat_of(page.line) == ("inactive", "blocked")
    page.does("switch", **switch, on=False)
    assert chat_of(page.line) == ("active", "")


def test_where_messengers_tell_nothing_blocking_is_only_played(page):
    anna = page.line.all(Subscriber)[0]

    told = page.does("switch", client=str(anna.pk), tab="sms", fault="blocked", on=True)

    assert (told, page.line.address().state) == (0, "active")


def test_opening_a_deep_link_ties_a_chat_once(page):
    berta: Any = SubscriberFactory(tenant=page.line.salon)
    token = link_for(page.line.salon, berta)

    page.does("open", client=str(berta.pk), tab="telegram", start=token)

    (chat,) = [one for one in page.line.all(Address) if one.kind == "telegram"]
    assert (chat.subscriber_id, page.line.answered) == (berta.pk, ["chat-linked"])
    anna = page.line.all(Subscriber)[0]
    page.does("open", client=str(anna.pk), tab="telegram", start=token)
    assert [one.subscriber_id for one in page.line.all(Address) if one.kind == "telegram"] == [
        berta.pk
    ]
    assert page.line.notes[-1] == "link_used"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"tab": "sms", "start": ""}, 400),
        ({"tab": "vk", "start": "a b"}, 400),
        ({"tab": "vk", "start": "", "client": "00000000-0000-7000-8000-000000000000"}, 404),
    ],
)
def test_a_link_that_cannot_be_opened_is_refused(page, body, status):
    anna = page.line.all(Subscriber)[0]

    answer = page.browser.post(
        "/phone/open", json.dumps({"client": str(anna.pk), **body}), content_type="application/json"
    )

    assert answer.status_code == status


def test_a_press_is_shown_as_arrived_after_the_commit(line, provider):
    line.told(press(line.sent, "confirm", PHONE), press(line.sent, "confirm", "+79990000000"))

    salon, keys = str(line.salon.pk), [str(row.pk) for row in line.received]
    assert [salon, keys] in [list(job.args) for job in django_rq.get_queue("high").jobs]
    provider.bodies.clear()
    assert acknowledging.acknowledge(salon, keys) == 2
    shown = provider.bodies
    assert [one["text"] for one in shown] == [
        "Спасибо, ваш ответ получен.",
        "Это сообщение для другого клиента, ответить на него нельзя.",
    ]
    assert {(one["type"], one["message_id"]) for one in shown} == {("answer", str(line.sent.pk))}


def test_a_provider_that_is_away_loses_the_acknowledgement_and_nothing_else(line, settings):
    settings.PHONE_URL = "http://127.0.0.1:9"
    callback_doors.forget()
    line.told(press(line.sent, "confirm", PHONE))

    keys = [str(row.pk) for row in line.received]

    assert acknowledging.acknowledge(str(line.salon.pk), keys) == 0
    assert line.log == [("answered", "confirm")]


def chat_of(line) -> tuple[str, str]:
    (chat,) = [one for one in line.all(Address) if one.kind == "telegram"]
    return chat.state, chat.reason


def link_for(salon, person) -> str:
    api = Api(ApiKeyFactory.create(tenant=salon).text)
    path = f"/v1/subscribers/{person.subscriber_id}/links"
    (link,) = api.post(path, {"channels": ["telegram"]}).json()["data"]["links"]
    found = re.search(r"start=(.*)$", link["url"])
    assert found is not None
    return found[1]
