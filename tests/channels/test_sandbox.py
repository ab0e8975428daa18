"""The sandbox adapter: what it writes to the Phone, what the Phone's answers and reports mean."""

from __future__ import annotations

import json

import pytest

from channels.adapters.sandbox import FROM_PHONE, SIGNATURE, TO_PHONE, SandboxAdapter, sign, verify
from channels.contract import Button, Content, Outbound
from channels.errors import (
    BadAddress,
    BadCredentials,
    Permanent,
    Temporary,
    UnknownReply,
    WindowClosed,
)
from channels.request import HttpResponse
from channels.told import BadSignature, Callback, InboundEvent, StatusEvent
from tests.for_each import for_each

NOW = 1795168800  # 2026-11-20 10:00:00 UTC


class AtTen(SandboxAdapter):
    clock = staticmethod(lambda: NOW)


SECRET = "the salon's own"
ADAPTER = AtTen({"url": "http://127.0.0.1:8000/phone/receive/1", "secret": SECRET})
MESSAGE = Outbound(
    message_id="0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44",
    kind="chat",
    address="100200300",
    content=Content("Ждём вас", title="Визит", buttons=(Button("Да", action="confirm"),)),
    language="ru",
    category="tx",
    extra={"address_kind": "telegram"},
)


def test_a_message_goes_to_the_platforms_own_url_signed():
    request = ADAPTER.request(MESSAGE)

    assert request.trusted
    assert (request.method, request.url) == ("POST", "http://127.0.0.1:8000/phone/receive/1")
    verify(SECRET, TO_PHONE, request.body, request.headers[SIGNATURE], now=NOW)
    body = json.loads(request.body)
    assert (body["id"], body["address"], body["address_kind"], body["body"]) == (
        MESSAGE.message_id,
        "100200300",
        "telegram",
        "Ждём вас",
    )
    assert body["buttons"] == [{"text": "Да", "url": "", "action": "confirm"}]


def test_the_phones_yes_is_a_receipt():
    answer = HttpResponse(200, {}, json.dumps({"id": MESSAGE.message_id}).encode())

    receipt = ADAPTER.receipt(answer)

    assert (receipt.provider_id, receipt.state) == (MESSAGE.message_id, "sent")


@for_each(
    "status, body, meaning",
    [
        (503, b'{"fault":"no_network"}', Temporary),
        (503, b"", Temporary),
        (502, b"<html>", Temporary),
        (404, b'{"fault":"not_registered"}', BadAddress),
        (403, b'{"fault":"blocked"}', BadAddress),
        (409, b'{"fault":"window_closed"}', WindowClosed),
        (404, b"<html>", BadCredentials),
        (401, b"{}", BadCredentials),
        (400, b"{}", Permanent),
        (302, b"", UnknownReply),
        (204, b"", UnknownReply),
    ],
)
def test_each_refusal_has_its_meaning(status, body, meaning):
    with pytest.raises(meaning) as caught:
        ADAPTER.receipt(HttpResponse(status, {}, body))

    assert type(caught.value) is meaning


def callback(events, secret=SECRET, direction=FROM_PHONE, at=NOW):
    body = json.dumps({"events": events}).encode()
    return Callback(body, {SIGNATURE: sign(secret, direction, body, now=at)})


def test_reports_become_events():
    events = ADAPTER.read_callback(
        callback(
            [
                {"type": "delivered", "key": "k1", "message_id": "m1"},
                {"type": "read", "key": "k2", "message_id": "m1"},
                {"type": "button", "key": "k3", "message_id": "m1", "address": "a", "value": "ok"},
                {"type": "text", "key": "k4", "address": "a", "value": "СТОП"},
                {"type": "dance", "key": "k5"},
            ]
        )
    )

    assert [type(event) for event in events] == [StatusEvent] * 2 + [InboundEvent] * 2
    states = [event.state for event in events if isinstance(event, StatusEvent)]
    assert states == ["delivered", "read"]
    inbound = [(event.kind, event.value) for event in events if isinstance(event, InboundEvent)]
    assert inbound == [("button", "ok"), ("text", "СТОП")]


@for_each(
    "forged",
    [
        callback([], secret="another"),
        callback([], direction=TO_PHONE),
        callback([], at=NOW - 301),
        Callback(b"{}", {}),
        Callback(b"{}", {SIGNATURE: "t=١,v1=x"}),
        Callback(b'{"events":[1]}', callback([]).headers),
    ],
)
def test_a_forged_report_is_refused(forged):
    with pytest.raises(BadSignature):
        ADAPTER.read_callback(forged)


def test_an_empty_secret_signs_nothing():
    with pytest.raises(BadSignature):
        AtTen({"url": "", "secret": ""}).read_callback(callback([], secret=""))


def test_a_press_is_answered_on_its_message():
    press = InboundEvent("k", "button", "a", value="ok", message_id="m1")

    (request,) = ADAPTER.acknowledge(press, "Спасибо!")

    assert request is not None
    assert json.loads(request.body) == {"type": "answer", "message_id": "m1", "text": "Спасибо!"}
    assert not ADAPTER.acknowledge(InboundEvent("k", "text", "a"), "Спасибо!")
