"""What a button was given comes back when it is pressed, and the press is answered: each messenger.

The fakes check our calls as the messengers would and call back with what they were given.
"""

from __future__ import annotations

from uuid import uuid4

import pytest

from channels.contract import Button, Content, Outbound
from channels.registry import ADAPTERS
from channels.request import HttpResponse
from channels.told import StatusEvent
from tests.channels.captured import drive
from tests.providers.calling_chat import WRITERS, press, status
from tests.providers.rows import ROWS
from tests.providers.server import arrived
from tests.providers.signing import credentials

BUTTON = Button("Подтвердить", action="cf:7Qm2xV9tRk4aLz0pYw3NsA")
#: These name the pressed message: by our id, by theirs.
BY_OURS, BY_THEIRS = {"vk"}, {"telegram", "whatsapp_cloud", "max"}
#: How many calls answer a press: a word to the client, and her keyboard taken away.
ANSWERS = {"telegram": 2, "whatsapp_cloud": 1, "instagram": 0, "vk": 2, "max": 2}


class Chat:
    """An account at a fake messenger, and a message with a button that was sent."""

    def __init__(self, name):
        row, self.fake = ROWS[name], ROWS[name].fake()
        own = {**row.credentials(f"https://fake.example/{name}"), **_proofs(name)}
        self.adapter = ADAPTERS[name](own)
        content = Content("Ждём вас завтра", buttons=(BUTTON,))
        self.message = Outbound(
            str(uuid4()), "chat", row.address(1), content, "ru", "tx", extra=row.extra
        )
        request = self.adapter.request(self.message)
        response = self.served(request)
        self.number = drive(self.adapter.exchange(self.message), response)[1].provider_id
        self.call = self.fake.calls[-1]

    def served(self, request):
        headers = {key.lower(): value for key, value in request.headers.items()}
        call, _ = arrived(request.method, request.url, headers, request.body)
        reply = self.fake.serve(call)
        assert not self.fake.complaints
        return HttpResponse(reply.status, {}, reply.body)


def _proofs(name):
    kept = ("webhook_secret", "callback_secret", "app_secret", "group_id")
    return {key: value for key, value in credentials(name).items() if key in kept}


@pytest.fixture(params=list(WRITERS))
def chat(request):
    return Chat(request.param)


def test_every_messenger_has_a_fake_that_calls_back():
    assert set(WRITERS) == set(ANSWERS)


def test_a_press_says_who_pressed_what_on_which_message(chat):
    name = chat.adapter.provider

    (event,) = chat.adapter.read_callback(press(name, chat.call, chat.number))

    assert (event.kind, event.value) == ("button", BUTTON.action)
    assert event.address == chat.message.address
    assert event.message_id == (chat.message.message_id if name in BY_OURS else "")
    assert event.provider_id == (chat.number if name in BY_THEIRS else "")


def test_a_press_is_answered_as_the_messenger_wants(chat):
    name = chat.adapter.provider
    (event,) = chat.adapter.read_callback(press(name, chat.call, chat.number))

    answers = [
        chat.served(request) for request in chat.adapter.acknowledge(event, "Визит подтверждён")
    ]

    assert [answer.status for answer in answers] == [200] * ANSWERS[name]


def test_whatsapps_statuses_name_our_message_and_their_own():
    chat = Chat("whatsapp_cloud")

    for word, state in (("delivered", "delivered"), ("played", "read")):
        (told,) = chat.adapter.read_callback(status(chat.call, chat.number, word))
        assert isinstance(told, StatusEvent)
        assert (told.state, told.message_id) == (state, chat.message.message_id)
        assert (told.provider_id, told.address) == (chat.number, chat.message.address)
    assert chat.adapter.read_callback(status(chat.call, chat.number, "warning")) == []
