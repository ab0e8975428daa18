"""Chatwoot: each captured body means what tests/payloads/chatwoot/index.json expects.

Source of the bodies: tests/channels/chatwoot_line.py.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from channels.adapters.chatwoot import ChatwootAdapter, template_params
from channels.adapters.chatwoot_api import (
    Contact,
    NotFound,
    found_contact,
    made_contact,
)
from channels.contract import TokenCall
from channels.errors import (
    Ambiguous,
    BadCredentials,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    UnknownReply,
)
from tests.channels.captured import VISIT, answer
from tests.channels.chatwoot_line import (
    ADAPTER,
    API,
    CAPTURED,
    CONTACT,
    CREDENTIALS,
    FOUND,
    GONE,
    MADE,
    NOBODY,
    OPENED,
    PHONE,
    REQUESTS,
    RESPONSES,
    TAKEN,
    TEMPLATE,
    WEBHOOKS,
    WRITTEN,
    message,
    ours,
    sent,
    walk,
    wire,
)
from tests.for_each import for_each


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
