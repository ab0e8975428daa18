"""MAX: each captured body means what tests/payloads/max/index.json expects.

Source of the bodies: max-bot-api-schemas 0.0.32 and max-bot-api-client-go, stabs.
"""

from __future__ import annotations

import json
import runpy

import pytest

from channels import registry
from channels.adapters.max import MaxAdapter
from channels.contract import Button, Content
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    Permanent,
    RateLimited,
    Temporary,
    UnknownReply,
)
from channels.told import InboundEvent
from tests.channels.captured import VISIT, Captured, answer, drive, is_private, outbound
from tests.for_each import for_each

CAPTURED = Captured("max")
CLIENT = "123456789"
ADAPTER = MaxAdapter({"token": "TOKEN"})
BUTTONS = (
    Button("Подтвердить", action="cf:7Qm2xV9tRk4aLz0pYw3NsA"),
    Button("Перенести", action="rs:7Qm2xV9tRk4aLz0pYw3NsA"),
)
#: A throttle is a wait that costs no attempt: finer than the index's "retry".
REFUSALS = {
    "err_401_token.json": BadCredentials,
    "err_404_chat.json": BadAddress,
    "err_400_payload.json": Permanent,
    "err_400_attachment_not_ready.json": Temporary,
    "err_429.json": RateLimited,
    "err_503.json": Temporary,
}
OTHERS = {"send_ok.json", "request_send.json", "request_answer_callback.json"}


def written(content):
    return json.loads(ADAPTER.request(outbound(content, CLIENT)).body)


def refused(status, code="", message=""):
    with pytest.raises(Exception) as caught:  # noqa: PT011 (the class is what the tests compare)
        ADAPTER.receipt(answer(status, {"code": code, "message": message}))
    return caught.value


def test_every_captured_body_of_a_sending_has_a_test():
    assert set(REFUSALS) | OTHERS == CAPTURED.sending


def test_a_message_has_the_shape_of_the_captured_request():
    html = VISIT.replace("Анна", "<b>Анна</b>")

    request = ADAPTER.request(outbound(Content(VISIT, html=html, buttons=BUTTONS), CLIENT))

    assert json.loads(request.body) == CAPTURED.body("request_send.json")
    assert request.url == CAPTURED.url("request_send.json")
    assert request.headers["Authorization"] == "TOKEN"  # not a Bearer


def test_an_accepted_message_gives_its_mid():
    receipt = ADAPTER.receipt(CAPTURED.response("send_ok.json"))

    assert receipt.provider_id == CAPTURED.body("send_ok.json")["message"]["body"]["mid"]
    assert not is_private(receipt.raw)


@for_each("name", REFUSALS)
def test_a_refusal_means_what_the_index_expects(name):
    with pytest.raises(REFUSALS[name]) as caught:
        ADAPTER.receipt(CAPTURED.response(name))

    expected = CAPTURED.index[name]["expect"]
    outcome = caught.value.outcome
    assert expected.startswith("retry" if outcome == "retry_after" else outcome.value)


@for_each(
    "status, code, message, error",
    [
        (403, "chat.denied", "Key: error.dialog.suspended", BadAddress),
        (403, "chat.denied", "", BadAddress),
        (404, "not.found", "", BadAddress),
        (400, "proto.payload", "Key: error.dialog.notfound", BadAddress),
        (400, "something.new", "", Permanent),
        (405, "", "", Permanent),
        (415, "", "", Permanent),
        (401, "", "", BadCredentials),
        (500, "internal.error", "", Temporary),
        (403, "", "", UnknownReply),
        (404, "", "", UnknownReply),
        (418, "teapot", "", UnknownReply),
    ],
)
def test_the_words_of_max_have_a_meaning(status, code, message, error):
    assert type(refused(status, code, message)) is error


def test_only_the_recipients_own_refusals_are_about_the_recipient():
    assert refused(404, "chat.not.found").scope == "address"
    assert refused(400, "attachment.not.ready").scope == "address"
    assert refused(503, "service.unavailable").scope == "integration"


def test_an_attachment_that_is_not_ready_is_tried_again_after_a_second():
    assert refused(400, "attachment.not.ready").retry_after_s == 1.0


@for_each(
    "status, body, error",
    [
        (200, b"{broken", Ambiguous),
        (200, {}, UnknownReply),
        (200, {"message": {"body": None}}, UnknownReply),
        (502, b"<html>", Temporary),
        (503, b"<html>", Temporary),
        (403, b"<html>filtered</html>", UnknownReply),
        (429, b"", RateLimited),
    ],
)
def test_an_answer_that_is_not_maxs_is_never_guessed(status, body, error):
    with pytest.raises(error) as caught:
        ADAPTER.receipt(answer(status, body))

    assert type(caught.value) is error


def test_plain_words_go_without_a_format():
    assert written(Content("5 * 3_x")) == {"text": "5 * 3_x", "notify": True}


def test_a_picture_and_links_are_attachments():
    link = Button("На карте", url="https://s.example/map")

    body = written(Content("x", image_url="https://s.example/a.jpg", buttons=(link,)))

    picture, keyboard = body["attachments"]
    assert picture == {"type": "image", "payload": {"url": "https://s.example/a.jpg"}}
    assert keyboard["payload"]["buttons"] == [
        [{"type": "link", "text": "На карте", "url": "https://s.example/map"}]
    ]


def test_a_group_is_an_address_too():
    request = ADAPTER.request(outbound(Content("x"), "-7012"))

    assert request.url.endswith("/messages?chat_id=-7012&disable_link_preview=true")


@pytest.mark.parametrize("address", ["", "anna", "1&access_token=x"])
def test_what_is_no_id_is_a_bad_address(address):
    with pytest.raises(BadAddress):
        ADAPTER.request(outbound(Content("x"), address))


def test_its_own_certificates_are_trusted_for_max_only(monkeypatch):
    monkeypatch.setattr(MaxAdapter, "ca_file", "/etc/kolokol/max.pem")

    assert ADAPTER.request(outbound(Content("x"), CLIENT)).ca_file == "/etc/kolokol/max.pem"
    assert ADAPTER.probe().ca_file == "/etc/kolokol/max.pem"


def test_the_operators_setting_names_the_certificates(monkeypatch, settings):
    monkeypatch.setattr(MaxAdapter, "ca_file", "")
    settings.MAX_CA_BUNDLE = "/etc/kolokol/ru.pem"

    runpy.run_path(registry.__file__)

    assert ADAPTER.probe().ca_file == "/etc/kolokol/ru.pem"


def test_a_press_can_be_answered():
    press = InboundEvent("k", "button", CLIENT, reply_token="cbk0001")

    (request,) = ADAPTER.acknowledge(press, "Визит подтверждён")

    assert request
    assert json.loads(request.body) == CAPTURED.body("request_answer_callback.json")
    assert request.url == CAPTURED.url("request_answer_callback.json", callback_id="cbk0001")
    assert not ADAPTER.acknowledge(InboundEvent("k", "text", CLIENT), "x")


def test_an_answered_press_takes_the_keyboard_away():
    press = InboundEvent("k", "button", CLIENT, provider_id="mid.1", reply_token="cbk0001")

    _, bare = ADAPTER.acknowledge(press, "Визит подтверждён")

    assert (bare.method, json.loads(bare.body)) == ("PUT", {"attachments": []})
    assert bare.url.endswith("/messages?message_id=mid.1")


def test_a_subscription_that_is_not_on_the_list_is_not_believed():
    steps = MaxAdapter({"token": "TOKEN", "webhook_secret": "hush-hush"}).register(
        "https://k.example/"
    )
    others = {"subscriptions": [{"url": "https://other.example/"}]}

    _, error = drive(steps, answer(200, {"success": True}), answer(200, others))

    assert isinstance(error, UnknownReply)


def test_the_probe_asks_who_the_bot_is():
    assert ADAPTER.probe().url == "https://platform-api2.max.ru/me"
    ADAPTER.read_probe(answer(200, {"user_id": 229229229, "is_bot": True}))
    with pytest.raises(BadCredentials):
        ADAPTER.read_probe(CAPTURED.response("err_401_token.json"))
