"""Chatwoot: each captured body means what tests/payloads/chatwoot/index.json expects.

Source of the bodies: chatwoot/chatwoot, swagger and jbuilder views, 2026. The exchanges run over
real sockets against the fake provider, which was written from the facts.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from uuid import uuid4

import pytest
from django.conf import settings

from channels.accounts import Account
from channels.adapters.chatwoot import ChatwootAdapter, template_params
from channels.adapters.chatwoot_api import (
    ChatwootApi,
    Contact,
    NotFound,
    found_contact,
    made_contact,
)
from channels.adapters.chatwoot_steps import Client
from channels.breaker import Breaker
from channels.contract import Button, Content, TokenCall
from channels.errors import (
    Ambiguous,
    BadCredentials,
    DeliveryError,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    UnknownReply,
    WindowClosed,
)
from channels.gateway import Gateway
from channels.guard import AddressGuard
from tests.channels.captured import VISIT, Captured, answer, drive, outbound
from tests.for_each import for_each
from tests.providers.chatwoot import Chatwoot
from tests.providers.server import ProviderServer

CAPTURED = Captured("chatwoot")
CREDENTIALS = {
    "token": "TOKEN",
    "account_id": "1",
    "inbox_id": "7",
    "api_base": "https://desk.example",
}
ADAPTER = ChatwootAdapter(CREDENTIALS)
API = ChatwootApi(CREDENTIALS)
PHONE = "+79161234567"
CONTACT = Contact(501, "0f7d6b1e-6f1b-4d3c-8a75-3d8c9a1f2b10")
TEMPLATE = {
    "name": "visit_reminder_v1",
    "language": "ru",
    "parameters": ["Анна", "22 ноября, 14:30"],
}
RESPONSES = {
    "contact_create_response.json",
    "contact_search_response.json",
    "contact_create_duplicate.json",
    "conversation_create_response.json",
    "message_create_response.json",
    "err_401.json",
    "err_404.json",
}
REQUESTS = {"request_conversation_template.json", "request_escalation_sequence.json"}
WEBHOOKS = {name for name, row in CAPTURED.index.items() if row["kind"] == "webhook"}


def message(content=None, **extra):
    who = {"address_kind": "whatsapp", "subscriber": "42"}
    return outbound(content or Content(VISIT), PHONE, **{**who, **extra})


def walk(steps, answers):
    """Drive an exchange by hand: TokenCalls are read from the answers too, nothing is kept."""
    calls, value, error = [], None, None
    queue = iter(answers)
    try:
        while True:
            step = steps.throw(error) if error else steps.send(value)
            calls.append(step)
            value, error = next(queue), None
            if isinstance(step, TokenCall):
                try:
                    value, _ = step.read(value)
                except DeliveryError as raised:
                    error = raised
    except StopIteration as end:
        return calls, end.value


def wire(step):
    return step.request if isinstance(step, TokenCall) else step


def sent(step):
    request = wire(step)
    path = request.url.removeprefix("https://desk.example")
    return request.method, path, json.loads(request.body) if request.body else None


FOUND = CAPTURED.response("contact_search_response.json")
MADE = CAPTURED.response("contact_create_response.json")
NOBODY = answer(200, {"meta": {"count": 0}, "payload": []})
TAKEN = CAPTURED.response("contact_create_duplicate.json")
OPENED = CAPTURED.response("conversation_create_response.json")
WRITTEN = CAPTURED.response("message_create_response.json")
GONE = CAPTURED.response("err_404.json")


def ours(response):
    """Give a captured contact our identifier."""
    body = response.body.replace(b"beautylab:sub_00042", b"kolokol:42")
    return replace(response, body=body)


def test_every_captured_body_has_a_test():
    assert CAPTURED.names == RESPONSES | REQUESTS | WEBHOOKS


def test_a_contact_is_found_by_its_exact_identifier():
    body = CAPTURED.body("contact_search_response.json")

    assert found_contact(body, "identifier", "beautylab:sub_00042", 7) == CONTACT
    with pytest.raises(NotFound):
        found_contact(body, "identifier", "beautylab:sub_0004", 7)


def test_a_new_contact_gives_its_id_and_source():
    assert made_contact(CAPTURED.body("contact_create_response.json")) == CONTACT


def test_a_taken_identifier_is_told_apart_from_other_refusals():
    with pytest.raises(Permanent) as caught:
        API.read(TAKEN)

    assert caught.value.field == "identifier"


def test_a_sent_message_gives_its_number():
    receipt = ADAPTER.receipt(WRITTEN)

    assert CAPTURED.index["message_create_response.json"]["expect"].startswith(
        f"sent; provider_id={receipt.provider_id};"
    )


def test_a_conversation_with_a_template_has_the_shape_of_the_captured_request():
    name = "request_conversation_template.json"
    text = {"content": "Анна, ждём вас 22 ноября в 14:30."}
    template = {"template_params": template_params(TEMPLATE, "tx")}

    request = API.open(Contact(501, "79161234567"), 9, status="open", message=text | template)

    assert json.loads(request.body) == CAPTURED.body(name)
    assert request.url == CAPTURED.url(name, base="https://desk.example")
    assert request.headers["api_access_token"] == "TOKEN"


def test_named_parameters_keep_their_names():
    named = TEMPLATE | {"parameters": {"client_name": "Анна"}}

    assert template_params(named, "mk")["processed_params"] == {"body": {"client_name": "Анна"}}
    assert template_params(named, "mk")["category"] == "MARKETING"


def test_an_escalation_makes_the_captured_calls_in_their_order():
    expected = CAPTURED.body("request_escalation_sequence.json")
    desk = {
        "do": "escalate",
        "text": "Клиент не подтвердил визит",
        "labels": ["no-answer"],
        "team_id": 2,
        "assignee_id": 3,
        "priority": "urgent",
        "note": expected[-1]["json"]["content"],
    }
    labels = answer(200, {"payload": ["heavy-chat"]})
    fine = answer(200, {})

    calls, receipt = walk(
        ADAPTER.exchange(message(desk=desk)),
        [ours(FOUND), OPENED, labels, fine, fine, fine, fine, WRITTEN],
    )

    written = [sent(call) for call in calls]
    assert written[2] == ("GET", "/api/v1/accounts/1/conversations/321/labels", None)
    assert written[1:2] + written[3:] == [
        (row["method"], row["path"], row["json"]) for row in expected
    ]
    assert receipt.provider_id == "321"


def test_an_escalation_that_is_repeated_stays_in_its_conversation():
    first, second = (next_conversation(message(desk={"do": "escalate"})) for _ in range(2))

    assert first.name == second.name == f"escalation:{message().message_id}"


def next_conversation(outbound):
    steps = ADAPTER.exchange(outbound)
    next(steps)
    return steps.send(str(CONTACT))


def test_a_message_goes_into_a_conversation_that_waits_for_nobody():
    calls, receipt = walk(ADAPTER.exchange(message()), [ours(FOUND), OPENED, WRITTEN])

    search, opened, posted = map(sent, calls)
    assert search[:2] == ("GET", "/api/v1/accounts/1/contacts/search?q=kolokol%3A42")
    assert opened[2]["status"] == "resolved"
    assert posted[1] == "/api/v1/accounts/1/conversations/321/messages"
    assert (posted[2]["content"], posted[2]["private"]) == (VISIT, False)
    assert posted[2]["echo_id"] == message().message_id
    assert [wire(call).sends for call in calls] == [False, False, True]
    assert receipt.provider_id == "8807"


def test_a_client_unknown_to_chatwoot_is_created():
    calls, _ = walk(ADAPTER.exchange(message()), [NOBODY, MADE, OPENED, WRITTEN])

    assert sent(calls[1])[2] == {
        "inbox_id": 7,
        "name": PHONE,
        "identifier": "kolokol:42",
        "custom_attributes": {"subscriber": "42"},
        "phone_number": PHONE,
    }


def test_a_client_who_wrote_first_is_found_by_her_phone():
    taken = answer(
        422, {"message": "Phone number has already been taken", "attributes": ["phone_number"]}
    )

    calls, receipt = walk(ADAPTER.exchange(message()), [NOBODY, taken, FOUND, OPENED, WRITTEN])

    assert sent(calls[2])[1].endswith("/search?q=%2B79161234567")
    assert receipt.provider_id == "8807"


def test_a_client_who_changed_her_number_is_not_written_to_at_the_old_one():
    old = ours(FOUND)
    old = replace(old, body=old.body.replace(PHONE.encode(), b"+79990000000"))
    new = replace(MADE, body=MADE.body.replace(b'"id": 501', b'"id": 502'))

    calls, receipt = walk(ADAPTER.exchange(message()), [old, NOBODY, new, OPENED, WRITTEN])

    made = sent(calls[2])[2]
    assert (made["phone_number"], made["identifier"]) == (PHONE, f"kolokol:42:{PHONE}")
    assert sent(calls[3])[2]["contact_id"] == 502
    assert receipt.provider_id == "8807"


def test_a_contact_of_another_inbox_joins_this_one():
    other = ChatwootAdapter(CREDENTIALS | {"inbox_id": "9"})
    joined = answer(200, {"source_id": "79161234567", "inbox": {"id": 9}})

    calls, _ = walk(other.exchange(message()), [ours(FOUND), joined, OPENED, WRITTEN])

    assert sent(calls[1]) == (
        "POST",
        "/api/v1/accounts/1/contacts/501/contact_inboxes",
        {"inbox_id": 9},
    )
    assert sent(calls[2])[2]["source_id"] == "79161234567"


def test_what_is_gone_is_found_anew_once():
    answers = [ours(FOUND), OPENED, GONE, ours(FOUND), OPENED, WRITTEN]

    calls, receipt = walk(ADAPTER.exchange(message()), answers)

    refused = [call.refused for call in calls if isinstance(call, TokenCall)]
    assert refused == ["", "", str(CONTACT), "321"]
    assert receipt.provider_id == "8807"


def test_what_is_gone_twice_pauses_the_account():
    answers = [ours(FOUND), OPENED, GONE, ours(FOUND), OPENED, GONE]

    with pytest.raises(ProviderPaused):
        walk(ADAPTER.exchange(message()), answers)


@for_each(
    "status, body, error",
    [
        (401, {"errors": ["Invalid Access Token"]}, BadCredentials),
        (403, {"error": "x"}, ProviderPaused),
        (404, b"<html>", UnknownReply),
        (422, {"message": "Content is too long", "attributes": ["content"]}, Permanent),
        (400, {}, Permanent),
        (429, b"Retry later\n", RateLimited),
        (500, b"<html>", Temporary),
        (503, b"", Temporary),
        (502, b"", Temporary),
        (200, b"{broken", Ambiguous),
        (200, {}, UnknownReply),
        (418, {}, UnknownReply),
    ],
)
def test_the_answers_of_chatwoot_have_a_meaning(status, body, error):
    with pytest.raises(error) as caught:
        ADAPTER.receipt(answer(status, body))

    assert type(caught.value) is error


def posted(outbound, credentials=CREDENTIALS):
    steps = ChatwootAdapter(credentials).exchange(outbound)
    next(steps)
    steps.send(str(CONTACT))
    return json.loads(steps.send("321").body)


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


@pytest.fixture(scope="module")
def server():
    server = ProviderServer({"chatwoot": Chatwoot()})
    yield server
    server.close()


@pytest.fixture(scope="module")
def gateway():
    breaker = Breaker(settings.REDIS_URL, prefix=f"test-chatwoot-{uuid4()}")
    gateway = Gateway(slots=10, guard=AddressGuard(("127.0.0.1",)), breaker=breaker)
    yield gateway
    gateway.close()


@pytest.fixture
def desk(server):
    """A fresh account at a fresh Chatwoot."""
    server.fakes["chatwoot"] = fake = Chatwoot()
    own = {"token": Chatwoot.token, "mirror_inbox_id": "7", "api_base": server.base("chatwoot")}
    adapter = ChatwootAdapter(CREDENTIALS | own)
    account = Account(uuid4(), "chatwoot", "chat", "desk", 0, "active", None, adapter)
    return fake, account


def deliver(gateway, account, *outbounds):
    for key, one in enumerate(outbounds):
        gateway.submit(key, account, one, time.monotonic() + 60)
    done, deadline = [], time.monotonic() + 20
    while len(done) < len(outbounds) and time.monotonic() < deadline:
        done += gateway.poll(1.0)
    assert [one.error for one in done] == [None] * len(outbounds)
    return [one.receipt.provider_id for one in done]


def paths(fake):
    return [(call.method, call.path.removeprefix("/api/v1/accounts/1/")) for call in fake.calls]


def test_the_second_message_is_one_call(gateway, desk):
    fake, account = desk

    deliver(gateway, account, message())
    before = len(fake.calls)
    deliver(gateway, account, message())

    assert paths(fake)[before:] == [("POST", "conversations/321/messages")]
    assert (len(fake.letters), fake.complaints) == (2, [])


def test_messages_at_once_make_one_contact(gateway, desk):
    fake, account = desk

    deliver(gateway, account, *(message() for _ in range(5)))

    assert (len(fake.contacts), len(fake.conversations), len(fake.letters)) == (1, 1, 5)


def test_a_deleted_conversation_is_opened_anew(gateway, desk):
    fake, account = desk
    deliver(gateway, account, message())
    fake.conversations.clear()

    deliver(gateway, account, message())

    assert (len(fake.conversations), len(fake.letters)) == (1, 2)


def test_a_mirror_and_an_escalation_reach_the_desk(gateway, desk):
    fake, account = desk
    hand_over = {"do": "escalate", "labels": ["heavy-chat"], "team_id": 2, "note": "Нет ответа"}

    (conversation,) = deliver(gateway, account, message(desk=hand_over))

    assert [note.text for note in fake.notes] == ["Нет ответа"]
    assert paths(fake)[-4:] == [
        ("GET", f"conversations/{conversation}/labels"),
        ("POST", f"conversations/{conversation}/labels"),
        ("POST", f"conversations/{conversation}/assignments"),
        ("POST", f"conversations/{conversation}/messages"),
    ]
    deliver(gateway, account, message(desk={"do": "mirror", "conversation": conversation}))
    assert fake.complaints == []
    assert [letter.text for letter in fake.letters] == [VISIT]
