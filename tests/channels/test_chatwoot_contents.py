"""What a message becomes in Chatwoot: words, choices, templates, and what the probe asks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from channels.adapters.chatwoot import ChatwootAdapter, template_params
from channels.adapters.chatwoot_steps import Client
from channels.contract import Button, Content
from channels.errors import (
    BadCredentials,
    WindowClosed,
)
from tests.channels.captured import answer, drive, outbound
from tests.channels.chatwoot_line import (
    ADAPTER,
    CAPTURED,
    CREDENTIALS,
    TEMPLATE,
    message,
    posted,
)


def test_answers_become_a_choice_and_links_become_lines():
    buttons = (Button("Да", action="cf:1"), Button("На карте", url="https://s.example/map"))

    body = posted(message(Content("x", buttons=buttons)))

    assert body["content_type"] == "input_select"
    assert body["content_attributes"]["items"] == [{"title": "Да", "value": "cf:1"}]
    assert body["content"] == "x\n\nНа карте: https://s.example/map"


def test_outside_the_window_the_template_goes_or_nothing():
    closed = {"window_until": None}

    assert posted(message(**closed, whatsapp_template=TEMPLATE))["template_params"] == (
        template_params(TEMPLATE, "tx")
    )
    calls, error = drive(ADAPTER.exchange(message(**closed)))
    assert (calls, type(error)) == ([], WindowClosed)


def test_an_sms_knows_no_window():
    text = replace(message(window_until=None, address_kind="phone"), kind="sms")

    assert "template_params" not in posted(text)


def test_a_mirrored_message_stands_in_its_conversation_and_is_known_again():
    vk = {"address_kind": "vk", "subscriber": "42"}

    def written(content, **desk):
        own = {"do": "mirror", "conversation": "321", **desk}
        request = next(ADAPTER.exchange(outbound(content, "187", **vk, desk=own)))
        assert request.url.endswith("/conversations/321/messages")
        return json.loads(request.body)

    mirrored = written(Content("x", buttons=(Button("Да", action="cf:1"),)))
    answered = written(Content("Да"), is_from_client=True)

    assert (mirrored["message_type"], mirrored["content"]) == ("outgoing", "x\n\n1 — Да")
    assert mirrored["content_attributes"] == {"kolokol_message_id": message().message_id}
    assert (answered["message_type"], answered["content"]) == ("incoming", "Да")


def test_a_chats_address_is_no_phone():
    assert Client.of(outbound(Content("x"), "187654321", address_kind="vk")).phone == ""


def test_a_desk_without_any_inbox_is_refused():
    bare = {"token": "T", "account_id": "1"}

    assert set(ChatwootAdapter.check(bare)) == {"inbox_id"}
    assert ChatwootAdapter.check(bare | {"mirror_inbox_id": "8", "mirror": "off"}) == {}
    assert set(ChatwootAdapter.check(CREDENTIALS | {"mirror": "x", "unsigned": "y"})) == {
        "mirror",
        "unsigned",
    }


def test_the_probe_asks_who_the_agent_is():
    assert ADAPTER.probe().url == "https://desk.example/api/v1/profile"
    ADAPTER.read_probe(answer(200, {"id": 3, "name": "Мария"}))
    with pytest.raises(BadCredentials):
        ADAPTER.read_probe(CAPTURED.response("err_401.json"))
