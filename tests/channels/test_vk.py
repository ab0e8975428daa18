"""VK: each captured body means what tests/payloads/vk/index.json expects.

Source of the bodies: VKCOM/vk-api-schema 5.199, messages and errors.json.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest

from channels.adapters.vk import VkAdapter, random_id
from channels.contract import Button, Content
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    Deferred,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    UnknownReply,
    WindowClosed,
)
from channels.told import InboundEvent
from tests.channels.captured import (
    MESSAGE_ID,
    VISIT,
    Captured,
    answer,
    drive,
    is_private,
    outbound,
)
from tests.for_each import for_each

CAPTURED = Captured("vk")
PEER = "187654321"
ADAPTER = VkAdapter({"token": "TOKEN"})
BUTTONS = (
    Button("Подтвердить", action="cf:7Qm2xV9tRk4aLz0pYw3NsA"),
    Button("Перенести", action="rs:7Qm2xV9tRk4aLz0pYw3NsA"),
)
REFUSALS = {
    "err_14_captcha.json": ProviderPaused,
    "err_901_no_permission.json": BadAddress,
    "err_902_privacy.json": BadAddress,
    "err_911_keyboard.json": Permanent,
    "err_914_too_long.json": Permanent,
}
OTHERS = {
    "send_ok.json",
    "send_ok_peer_ids_mixed.json",
    "request_messages_send_form.json",
    "request_event_answer_form.json",
}


def form(request):
    return dict(parse_qsl(request.body.decode(), strict_parsing=True, keep_blank_values=True))


def written(content):
    return form(ADAPTER.request(outbound(content, PEER)))


def refused(code):
    with pytest.raises(Exception) as caught:  # noqa: PT011 (the class is what the tests compare)
        ADAPTER.receipt(answer(200, {"error": {"error_code": code, "error_msg": "m"}}))
    return caught.value


def test_every_captured_body_of_a_sending_has_a_test():
    assert set(REFUSALS) | OTHERS == CAPTURED.sending


def test_a_message_has_the_shape_of_the_captured_form():
    name = "request_messages_send_form.json"

    request = ADAPTER.request(outbound(Content(VISIT, buttons=BUTTONS), PEER))

    expected = CAPTURED.body(name) | {"random_id": str(random_id(MESSAGE_ID))}
    keyboard = json.loads(expected["keyboard"])
    for key in keyboard["buttons"][0]:  # VK's press does not name the message, so ours does
        payload = json.loads(key["action"]["payload"]) | {"m": MESSAGE_ID}
        key["action"]["payload"] = json.dumps(payload)
    sent = form(request)
    assert json.loads(sent.pop("keyboard")) == keyboard
    assert sent == {key: text for key, text in expected.items() if key != "keyboard"}
    assert request.url == CAPTURED.url(name)
    headers = {"Authorization": "Bearer TOKEN", "Content-Type": "application/x-www-form-urlencoded"}
    assert request.headers == headers


def test_every_attempt_of_a_message_carries_the_same_number():
    ids = [random_id(f"{MESSAGE_ID}{n}") for n in range(1000)]

    assert ids == [random_id(f"{MESSAGE_ID}{n}") for n in range(1000)]
    assert len(set(ids)) == 1000
    assert all(0 < number < 2**31 for number in ids)


def test_an_accepted_message_gives_the_clients_and_the_messages_id():
    message = outbound(Content(VISIT), PEER)

    _, receipt = drive(ADAPTER.exchange(message), CAPTURED.response("send_ok.json"))

    assert CAPTURED.index["send_ok.json"]["expect"] == f"sent; provider_id={receipt.provider_id}"
    assert not is_private(receipt.raw)


def test_an_answer_by_recipient_has_its_own_errors():
    first, second = CAPTURED.body("send_ok_peer_ids_mixed.json")["response"]

    assert ADAPTER.receipt(answer(200, {"response": [first]})).provider_id == "187654321:9124"
    with pytest.raises(BadAddress):
        ADAPTER.receipt(answer(200, {"response": [second]}))


@for_each("name", REFUSALS)
def test_a_refusal_means_what_the_index_expects(name):
    with pytest.raises(REFUSALS[name]) as caught:
        ADAPTER.receipt(CAPTURED.response(name))

    assert CAPTURED.index[name]["expect"].startswith(caught.value.outcome.value)
    assert not is_private(caught.value.detail)


@for_each(
    "codes, error, scope",
    [
        ((6,), RateLimited, "integration"),
        ((1, 10), Temporary, "integration"),
        ((9,), Deferred, "address"),
        ((29,), Deferred, "integration"),
        ((14, 17), ProviderPaused, "integration"),
        ((901, 902, 900, 18, 7, 936, 917, 104, 113), BadAddress, "address"),
        ((943, 944, 950), WindowClosed, "address"),
        ((100, 910, 911, 912, 914, 921, 940), Permanent, "integration"),
        ((5, 15, 20, 23, 27, 28, 203, 2, 985), BadCredentials, "integration"),
        ((98765, None, "901"), UnknownReply, "integration"),
    ],
)
def test_the_codes_of_vk_have_a_meaning(codes, error, scope):
    for code in codes:
        caught = refused(code)
        assert (type(caught), caught.scope) == (error, scope)


def test_too_many_per_second_rests_the_community_for_a_second():
    assert refused(6).retry_after_s == 1.0


@for_each(
    "status, body, error",
    [
        (500, b"<html>", Temporary),
        (502, b"<html>", Temporary),  # the same random_id makes a repetition safe
        (504, b"", Temporary),
        (200, b"{broken", Ambiguous),
        (200, b"", Ambiguous),
        (200, {}, UnknownReply),
        (200, {"response": None}, UnknownReply),
        (200, {"response": []}, UnknownReply),
        (418, b"{}", UnknownReply),
        (403, b"<html>", UnknownReply),
        (429, b"<html>", RateLimited),
    ],
)
def test_an_answer_that_is_not_vks_is_never_guessed(status, body, error):
    with pytest.raises(error) as caught:
        ADAPTER.receipt(answer(status, body))

    assert type(caught.value) is error


def test_ten_buttons_stand_two_in_a_row_and_links_open():
    link = Button("На карте", url="https://s.example/map")
    buttons = (link, *(Button(f"b{n}", action=f"t:{n}") for n in range(9)))

    keyboard = json.loads(written(Content("x", buttons=buttons))["keyboard"])

    assert [len(row) for row in keyboard["buttons"]] == [2] * 5
    assert keyboard["buttons"][0][0] == {
        "action": {"type": "open_link", "link": "https://s.example/map", "label": "На карте"}
    }


def test_a_picture_is_a_link_that_shows_itself():
    sent = written(Content("x", image_url="https://s.example/a.jpg"))

    assert sent["message"] == "x\n\nhttps://s.example/a.jpg"
    assert "dont_parse_links" not in sent


@pytest.mark.parametrize("address", ["", "anna", "187654321,1"])
def test_what_is_no_id_is_a_bad_address(address):
    with pytest.raises(BadAddress):
        ADAPTER.request(outbound(Content("x"), address))


def test_a_press_can_be_answered():
    name = "request_event_answer_form.json"
    expected = CAPTURED.body(name)
    press = InboundEvent("k", "button", PEER, reply_token=expected["event_id"])

    (request,) = ADAPTER.acknowledge(press, "Визит подтверждён")

    assert request
    assert form(request) == expected
    assert request.url == CAPTURED.url(name)
    assert not ADAPTER.acknowledge(InboundEvent("k", "text", PEER), "x")


def test_an_answered_press_takes_the_keyboard_away_and_leaves_the_text():
    press = InboundEvent("k", "button", PEER, reply_token="b1f0c7e2aa54:58")

    answered, bare = ADAPTER.acknowledge(press, "Визит подтверждён")

    assert form(answered)["event_id"] == "b1f0c7e2aa54"
    code = form(bare)["code"]
    assert bare.url.endswith("/method/execute")
    assert '"peer_id": 187654321, "conversation_message_id": 58' in code
    assert '"message": found.items[0].text' in code


@pytest.mark.parametrize("token", ["t:58});evil(", "t:", "t"])
def test_no_word_of_a_press_becomes_code(token):
    assert len(ADAPTER.acknowledge(InboundEvent("k", "button", PEER, reply_token=token), "x")) == 1


def test_the_probe_asks_for_the_community():
    request = ADAPTER.probe()

    assert (request.url, form(request)) == (
        "https://api.vk.ru/method/groups.getById",
        {"v": "5.199"},
    )
    ADAPTER.read_probe(answer(200, {"response": {"groups": [{"id": 1}]}}))
    for code, error in ((5, BadCredentials), (98765, UnknownReply)):
        with pytest.raises(error):
            ADAPTER.read_probe(answer(200, {"error": {"error_code": code, "error_msg": ""}}))
