"""Instagram: each captured body means what tests/payloads/instagram/index.json expects.

Source of the bodies: Instagram Platform documents, messaging, read 2026.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from channels.adapters.instagram import InstagramAdapter
from channels.contract import Button, Content
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    Permanent,
    RateLimited,
    Temporary,
    UnknownReply,
    WindowClosed,
)
from tests.channels.captured import VISIT, Captured, answer, drive, outbound
from tests.for_each import for_each

CAPTURED = Captured("instagram")
CLIENT = "1254459154682919"
OPEN = {"window_until": "2100-01-01T00:00:00+00:00"}
ADAPTER = InstagramAdapter({"token": "TOKEN"})
BUTTONS = (
    Button("Подтвердить", action="cf:7Qm2xV9tRk4aLz0pYw3NsA"),
    Button("Перенести", action="rs:7Qm2xV9tRk4aLz0pYw3NsA"),
)
REFUSALS = {
    "err_window_10_2534022.json": WindowClosed,
    "err_551_unavailable.json": BadAddress,
    "err_613_rate.json": RateLimited,
}
REQUESTS = {"request_text.json", "request_human_agent.json"}
OK = CAPTURED.response("send_ok.json")


def ended(**ago):
    """Give a window that closed so long ago."""
    return {"window_until": (datetime.now(UTC) - timedelta(**ago)).isoformat()}


def bodies(calls):
    return [json.loads(call.body)["message"] for call in calls]


def test_every_captured_body_of_a_sending_has_a_test():
    assert set(REFUSALS) | REQUESTS | {"send_ok.json"} == CAPTURED.sending


def test_a_message_has_the_shape_of_the_captured_request():
    request = ADAPTER.request(outbound(Content(VISIT, buttons=BUTTONS), CLIENT, **OPEN))

    assert json.loads(request.body) == CAPTURED.body("request_text.json")
    assert request.url == CAPTURED.url("request_text.json")
    assert request.headers["Authorization"] == "Bearer TOKEN"


def test_a_persons_answer_may_follow_for_a_week():
    text = CAPTURED.body("request_human_agent.json")["message"]["text"]
    message = outbound(Content(text), CLIENT, **ended(days=5), is_human=True)

    assert json.loads(ADAPTER.request(message).body) == CAPTURED.body("request_human_agent.json")


@for_each(
    "extra",
    [
        {"window_until": None},
        {"window_until": None, "is_human": True},
        ended(minutes=1),
        {**ended(days=6, minutes=1), "is_human": True},
    ],
)
def test_outside_the_window_nothing_is_called(extra):
    calls, error = drive(ADAPTER.exchange(outbound(Content(VISIT), CLIENT, **extra)))

    assert (calls, type(error)) == ([], WindowClosed)


def test_an_accepted_message_gives_its_id():
    calls, receipt = drive(ADAPTER.exchange(outbound(Content(VISIT), CLIENT, **OPEN)), OK)

    assert len(calls) == 1
    assert receipt.provider_id == CAPTURED.body("send_ok.json")["message_id"]
    assert receipt.raw == ""


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_means_what_the_index_expects(name):
    with pytest.raises(REFUSALS[name]) as caught:
        ADAPTER.receipt(CAPTURED.response(name))

    expected = CAPTURED.index[name]["expect"]
    outcome = caught.value.outcome
    assert expected.startswith("retry" if outcome == "retry_after" else outcome.value)


@for_each(
    "code, subcode, error",
    [
        (10, 2534022, WindowClosed),
        (10, 1, BadCredentials),
        (190, None, BadCredentials),
        (230, None, BadCredentials),
        (551, None, BadAddress),
        (100, 2018001, BadAddress),
        (100, 1, Permanent),
        (4, None, RateLimited),
        (17, None, RateLimited),
        (32, None, RateLimited),
        (613, None, RateLimited),
        (80006, None, RateLimited),
        (1, None, Temporary),
        (2, None, Temporary),
        (999999, None, UnknownReply),
    ],
)
def test_the_codes_of_meta_have_a_meaning(code, subcode, error):
    with pytest.raises(error) as caught:
        ADAPTER.receipt(answer(400, {"error": {"code": code, "error_subcode": subcode}}))

    assert type(caught.value) is error


def test_a_200_without_an_id_is_unknown():
    with pytest.raises(UnknownReply):
        ADAPTER.receipt(answer(200, {"recipient_id": CLIENT}))


def test_a_picture_goes_ahead_and_the_buttons_stand_under_the_last_part():
    content = Content("слово " * 150, image_url="https://s.example/a.jpg", buttons=BUTTONS)

    calls, receipt = drive(ADAPTER.exchange(outbound(content, CLIENT, **OPEN)), OK, OK, OK)

    picture, first, last = bodies(calls)
    assert picture["attachment"] == {
        "type": "image",
        "payload": {"url": "https://s.example/a.jpg"},
    }
    assert "quick_replies" not in first
    assert len(last["quick_replies"]) == 2
    assert receipt.provider_id


@pytest.mark.parametrize(
    "fault", [CAPTURED.response("err_613_rate.json"), Temporary("no connection")]
)
def test_a_fault_after_the_first_part_means_that_it_may_have_been_sent(fault):
    content = Content("слово " * 150)

    calls, error = drive(ADAPTER.exchange(outbound(content, CLIENT, **OPEN)), OK, fault)

    assert (len(calls), type(error)) == (2, Ambiguous)


def test_a_fault_before_anything_was_sent_keeps_its_meaning():
    lost = Temporary("no connection")

    _, error = drive(ADAPTER.exchange(outbound(Content("x"), CLIENT, **OPEN)), lost)

    assert error is lost


def test_the_probe_asks_who_the_account_is():
    assert ADAPTER.probe().url == "https://graph.instagram.com/v25.0/me?fields=user_id,username"
    ADAPTER.read_probe(answer(200, {"user_id": "17841400000000000", "username": "salon"}))
    with pytest.raises(BadCredentials):
        ADAPTER.read_probe(answer(401, {"error": {"code": 190}}))
