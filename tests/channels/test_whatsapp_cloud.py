"""WhatsApp: each captured body means what tests/payloads/whatsapp_cloud/index.json expects.

Source of the bodies: Cloud API documents of 2026 and david-lev/pywa, tests/data/updates.
"""

from __future__ import annotations

import base64
import json

import pytest

from channels.adapters.whatsapp_cloud import WhatsAppCloudAdapter
from channels.adapters.whatsapp_codes import TemplateRefused
from channels.contract import Button, Content
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    Deferred,
    OptedOut,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    UnknownReply,
    WindowClosed,
)
from channels.told import InboundEvent
from tests.channels.captured import VISIT, Captured, answer, drive, is_private, outbound
from tests.for_each import for_each

CAPTURED = Captured("whatsapp_cloud")
PHONE = "+7 916 123-45-67"
OPEN, CLOSED = {"window_until": "2100-01-01T00:00:00+00:00"}, {"window_until": None}
ADAPTER = WhatsAppCloudAdapter({"token": "TOKEN", "phone_number_id": "1055"})
BUTTONS = (
    Button("Подтвердить", action="cf:7Qm2xV9tRk4aLz0pYw3NsA"),
    Button("Перенести", action="rs:7Qm2xV9tRk4aLz0pYw3NsA"),
)
TEMPLATE = {
    "name": "visit_reminder_v1",
    "language": "ru",
    "parameters": ["Анна", "22 ноября, 14:30"],
}
QUICK_REPLIES = [
    {"index": str(at), "sub_type": "quick_reply", "payload": button.action}
    for at, button in enumerate(BUTTONS)
]
NAMED = {
    "name": "visit_reminder_v2",
    "language": "ru",
    "parameters": {"client_name": "Анна", "visit_time": "22 ноября, 14:30"},
}
REQUESTS = {
    "request_text.json": (Content(VISIT), PHONE, OPEN),
    "request_text_bsuid.json": (Content(VISIT), "RU.13491208655302741918", OPEN),
    "request_interactive_buttons.json": (
        Content(VISIT, buttons=BUTTONS),
        PHONE,
        OPEN | {"footer": "Beauty Lab"},
    ),
    "request_template.json": (
        Content(VISIT, buttons=BUTTONS),
        PHONE,
        CLOSED | {"whatsapp_template": TEMPLATE | {"buttons": QUICK_REPLIES}},
    ),
    "request_template_named.json": (Content(VISIT), PHONE, {"whatsapp_template": NAMED}),
}
#: A throttle is a wait that costs no attempt: finer than the index's "retry".
REFUSALS = {
    "err_130429_throughput.json": RateLimited,
    "err_131056_pair_rate.json": RateLimited,
    "err_131047_window.json": WindowClosed,
    "err_131026_undeliverable.json": BadAddress,
    "err_132000_param_mismatch.json": TemplateRefused,
    "err_190_token.json": BadCredentials,
}
ACCEPTED = {"send_ok.json", "send_ok_held.json"}


def written(content, address=PHONE, **extra):
    return json.loads(ADAPTER.request(outbound(content, address, **(extra or OPEN))).body)


def refused(status, code, **more):
    with pytest.raises(Exception) as caught:  # noqa: PT011 (the class is what the tests compare)
        ADAPTER.receipt(answer(status, {"error": {"message": "m", "code": code, **more}}))
    return caught.value


def test_every_captured_body_of_a_sending_has_a_test():
    assert set(REQUESTS) | set(REFUSALS) | ACCEPTED == CAPTURED.sending


@for_each("name", REQUESTS)
def test_a_message_has_the_shape_of_the_captured_request(name):
    content, address, extra = REQUESTS[name]
    message = outbound(content, address, **extra)

    request = ADAPTER.request(message)

    expected = CAPTURED.body(name) | {"biz_opaque_callback_data": message.message_id}
    if "text" in expected:
        expected["text"].setdefault("preview_url", False)
    assert json.loads(request.body) == expected
    assert request.url == CAPTURED.url(name, phone_number_id="1055")
    assert request.method == "POST"
    assert request.headers["Authorization"] == "Bearer TOKEN"
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("name", sorted(ACCEPTED))
def test_an_accepted_message_is_sent_and_not_yet_delivered(name):
    receipt = ADAPTER.receipt(CAPTURED.response(name))

    assert receipt.provider_id == "wamid.HBgLNzkxNjEyMzQ1NjcVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA"
    assert receipt.state == "sent"


def test_the_log_gets_no_id_because_it_holds_the_clients_number():
    receipt = ADAPTER.receipt(CAPTURED.response("send_ok_held.json"))

    assert b"79161234567" in base64.b64decode(receipt.provider_id[6:] + "==")
    assert receipt.raw == '{"message_status": "held_for_quality_assessment"}'


@for_each("name", REFUSALS)
def test_a_refusal_means_what_the_index_expects(name):
    with pytest.raises(REFUSALS[name]) as caught:
        ADAPTER.receipt(CAPTURED.response(name))

    error = caught.value
    assert type(error) is REFUSALS[name]
    expected = CAPTURED.index[name]["expect"]
    assert expected.startswith("retry" if error.outcome == "retry_after" else error.outcome.value)
    assert name.split("_")[1] in error.detail  # the code, for whoever reads the log


@for_each(
    "codes, error, scope",
    [
        ((4, 80007, 130429), RateLimited, "integration"),
        ((131056,), RateLimited, "address"),
        ((1, 2, 131000, 131016, 131057, 133016), Temporary, "integration"),
        ((131048, 131064, 131049, 130472), Deferred, "address"),
        ((131026, 131021, 131030, 131062, 131063), BadAddress, "address"),
        ((131050,), OptedOut, "address"),
        ((131047, 130497, 132015, 132016), WindowClosed, None),
        ((100, 131008, 131009, 131051, 131052, 131053, 135000), Permanent, "integration"),
        ((132000, 132001, 132005, 132007, 132008, 132012), TemplateRefused, "integration"),
        ((0, 3, 10, 190, 200, 299, 131005), BadCredentials, "integration"),
        ((33, 131037, 131045, 131031, 131042, 368), ProviderPaused, "integration"),
        ((199, 300, 999999, None, "190"), UnknownReply, "integration"),
    ],
)
def test_the_codes_of_meta_have_a_meaning(codes, error, scope):
    for code in codes:
        caught = refused(400, code)
        assert type(caught) is error
        assert scope in {None, caught.scope}


def test_a_wrong_number_id_is_a_matter_of_credentials():
    assert type(refused(400, 100, error_subcode=33)) is BadCredentials


@pytest.mark.parametrize(("code", "wait_s"), [(130429, 5), (131056, 10), (80007, 60)])
def test_a_throttle_waits_as_long_as_its_kind_needs(code, wait_s):
    assert refused(429, code).retry_after_s == wait_s


def test_what_meta_calls_transient_is_tried_again():
    assert type(refused(400, 999999, is_transient=True)) is Temporary


@for_each(
    "status, body, error",
    [
        (500, b"", Temporary),
        (503, b"<html>", Temporary),
        (502, b"<html>502 Bad Gateway</html>", Temporary),
        (504, b"", Temporary),
        (200, b"{broken", Ambiguous),
        (200, b"[]", Ambiguous),
        (200, {}, UnknownReply),
        (200, {"messages": []}, UnknownReply),
        (200, {"messages": [{}]}, UnknownReply),
        (302, b"", UnknownReply),
        (403, b"<html>filtered</html>", UnknownReply),
        (429, b"<html>", RateLimited),
        (500, {"error": {"code": 999999}}, Temporary),
    ],
)
def test_an_answer_that_is_not_metas_is_never_guessed(status, body, error):
    with pytest.raises(error) as caught:
        ADAPTER.receipt(answer(status, body))

    assert type(caught.value) is error


def test_a_refusal_quotes_no_client():
    error = refused(400, 100, message='(#100) Invalid to "+79161234567" or 79161234567')

    assert not is_private(error.detail)


def test_outside_the_window_nothing_is_sent_without_a_template():
    calls, error = drive(ADAPTER.exchange(outbound(Content(VISIT), PHONE, **CLOSED)))

    assert (calls, type(error)) == ([], WindowClosed)


def test_a_window_that_has_ended_is_closed():
    over = {"window_until": "2020-01-01T00:00:00+00:00"}

    with pytest.raises(WindowClosed):
        ADAPTER.request(outbound(Content(VISIT), PHONE, **over))


def test_inside_the_window_free_text_goes_though_there_is_a_template():
    assert written(Content(VISIT), **OPEN, whatsapp_template=TEMPLATE)["type"] == "text"


def test_when_nobody_knows_the_window_a_template_is_the_safe_way():
    assert written(Content(VISIT), whatsapp_template=TEMPLATE)["type"] == "template"
    assert written(Content(VISIT), address_kind="whatsapp")["type"] == "text"


def test_the_template_follows_when_meta_finds_the_window_closed():
    message = outbound(Content(VISIT), PHONE, **OPEN, whatsapp_template=TEMPLATE)
    closed, taken = CAPTURED.response("err_131047_window.json"), CAPTURED.response("send_ok.json")

    calls, receipt = drive(ADAPTER.exchange(message), closed, taken)

    assert [json.loads(call.body)["type"] for call in calls] == ["text", "template"]
    assert receipt.provider_id.startswith("wamid.")


def test_a_resting_template_is_sent_once_and_the_next_channel_follows():
    message = outbound(Content(VISIT), PHONE, **CLOSED, whatsapp_template=TEMPLATE)
    paused = answer(400, {"error": {"code": 132015, "message": "(#132015) Template is paused"}})

    calls, error = drive(ADAPTER.exchange(message), paused)

    assert (len(calls), type(error)) == (1, WindowClosed)


@pytest.mark.parametrize("window", [OPEN, CLOSED])
def test_a_refused_template_leaves_the_message_to_the_next_channel(window):
    message = outbound(Content(VISIT), PHONE, **window, whatsapp_template=TEMPLATE)
    closed = [CAPTURED.response("err_131047_window.json")] if window is OPEN else []
    refusal = answer(400, {"error": {"code": 132001, "message": "(#132001) No such template"}})

    _, error = drive(ADAPTER.exchange(message), *closed, refusal)

    assert type(error) is WindowClosed
    assert "132001" in error.detail


def test_a_parameter_holds_no_line_breaks():
    template = TEMPLATE | {"parameters": ["a\n\tb      c"]}
    body = written(Content(VISIT), whatsapp_template=template)

    assert body["template"]["components"][0]["parameters"][0]["text"] == "a b c"


def test_a_template_without_variables_has_no_components():
    body = written(Content(VISIT), whatsapp_template={"name": "hello", "language": "en_US"})

    assert body["template"] == {"name": "hello", "language": {"code": "en_US"}}


def test_a_link_button_of_a_template_carries_the_end_of_its_address():
    buttons = [{"index": 0, "sub_type": "url", "text": "x/y"}]
    body = written(Content(VISIT), whatsapp_template=TEMPLATE | {"buttons": buttons})

    assert body["template"]["components"][1] == {
        "type": "button",
        "sub_type": "url",
        "index": "0",
        "parameters": [{"type": "text", "text": "x/y"}],
    }


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (Content("x", image_url="https://s.example/a.jpg"), "image"),
        (Content("x", image_url="https://s.example/a.jpg", buttons=BUTTONS), "interactive"),
        (Content("я" * 1025, image_url="https://s.example/a.jpg"), "text"),
    ],
)
def test_a_picture_heads_the_message_or_becomes_a_preview(content, kind):
    body = written(content)

    assert body["type"] == kind
    if kind == "image":
        assert body["image"] == {"link": "https://s.example/a.jpg", "caption": "x"}
    elif kind == "interactive":
        header = body["interactive"]["header"]
        assert header == {"type": "image", "image": {"link": "https://s.example/a.jpg"}}
    else:
        assert body["text"]["preview_url"] is True
        assert body["text"]["body"].endswith("https://s.example/a.jpg")


def test_a_link_button_becomes_a_line():
    body = written(Content("x", buttons=(Button("На карте", url="https://s.example/map"),)))

    assert body["text"]["body"] == "x\n\nНа карте: https://s.example/map"


@for_each("address", ["", "anna", "ru.123", "+7x"])
def test_what_is_neither_phone_nor_user_id_is_a_bad_address(address):
    with pytest.raises(BadAddress):
        ADAPTER.request(outbound(Content("x"), address, **OPEN))


def test_another_address_of_the_api_may_be_used():
    own = {"token": "T", "phone_number_id": "1", "api_base": "http://127.0.0.1:1/whatsapp/"}

    request = WhatsAppCloudAdapter(own).request(outbound(Content("x"), PHONE, **OPEN))

    assert request.url == "http://127.0.0.1:1/whatsapp/v25.0/1/messages"


def test_the_probe_asks_for_the_number():
    assert ADAPTER.probe().method == "GET"
    assert ADAPTER.probe().url == "https://graph.facebook.com/v25.0/1055?fields=id"
    ADAPTER.read_probe(answer(200, {"id": "1055"}))
    with pytest.raises(BadCredentials):
        ADAPTER.read_probe(CAPTURED.response("err_190_token.json"))


def test_ids_that_are_no_numbers_are_refused_when_they_are_stored():
    wrong = WhatsAppCloudAdapter.check({"phone_number_id": "+7916", "business_account_id": "12"})

    assert set(wrong) == {"phone_number_id"}


def test_a_press_is_marked_as_read():
    press = InboundEvent("k", "button", "+79161234567", reply_token="wamid.2")

    (seen,) = ADAPTER.acknowledge(press, "Визит подтверждён")

    assert seen.url.endswith("/1055/messages")
    expected = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.2"}
    assert json.loads(seen.body) == expected
    assert not ADAPTER.acknowledge(InboundEvent("k", "text", "+79161234567"), "x")
