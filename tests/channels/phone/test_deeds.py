"""What a client does on the Phone reaches the platform as a provider's callback."""

from __future__ import annotations

import pytest

from channels.contract import Button
from channels.told import InboundEvent, StatusEvent
from tests.channels.phone.conftest import (
    adapter_of,
    deliver,
    do,
    linked,
    outbound,
    post,
    shown,
    told,
)

pytestmark = pytest.mark.urls("tests.channels.phone_urls")


def test_a_press_on_an_action_reaches_the_platform_as_a_providers_callback(salon, anna):
    message = outbound(buttons=(Button("Да", action="confirm"), Button("Сайт", url="https://a.b")))
    deliver(salon, message)
    browser = linked(salon)
    (seen,) = shown(browser)

    assert do(browser, "press", id=seen["id"], button=0).json() == {"events": 1}

    press = next(event for event in told(salon) if isinstance(event, InboundEvent))
    assert (press.kind, press.value, press.message_id, press.address) == (
        "button",
        "confirm",
        message.message_id,
        "100",
    )
    assert shown(browser)[0]["pressed"] == "confirm"


def test_each_press_is_an_event_of_its_own(salon, anna):
    deliver(salon, outbound(buttons=(Button("Да", action="confirm"),)))
    browser = linked(salon)
    key = shown(browser)[0]["id"]

    do(browser, "press", id=key, button=0)
    do(browser, "press", id=key, button=0)

    assert len({event.key for event in told(salon) if isinstance(event, InboundEvent)}) == 2


def test_a_link_button_is_marked_and_tells_nobody(salon, anna):
    deliver(salon, outbound(buttons=(Button("Сайт", url="https://a.b", action="site"),)))
    browser = linked(salon)
    (seen,) = shown(browser)

    assert do(browser, "press", id=seen["id"], button=0).json() == {"events": 0}
    assert shown(browser)[0]["pressed"] == "site"


@pytest.mark.parametrize("button", [1, -1, "0", None])
def test_a_button_that_is_not_there_cannot_be_pressed(salon, anna, button):
    deliver(salon, outbound(buttons=(Button("Да", action="confirm"),)))
    browser = linked(salon)
    key = shown(browser)[0]["id"]

    assert do(browser, "press", id=key, button=button).status_code in {400, 404}
    assert shown(browser)[0]["pressed"] == ""


def test_the_platforms_answer_to_a_press_stands_under_the_message(salon, anna):
    message = outbound(buttons=(Button("Да", action="confirm"),))
    deliver(salon, message)
    adapter = adapter_of(salon)
    press = InboundEvent("k", "button", "100", "confirm", message_id=message.message_id)

    post(*adapter.acknowledge(press, "Спасибо, ждём!"))

    first, answer = shown(linked(salon))
    assert (answer["from"], answer["to"], answer["body"]) == (
        "answer",
        first["id"],
        "Спасибо, ждём!",
    )


def test_reading_is_told_once(salon, anna):
    deliver(salon, outbound())
    browser = linked(salon)
    key = shown(browser)[0]["id"]

    answers = [do(browser, "read", ids=[key]).json()["events"] for _ in range(2)]

    assert answers == [1, 0]
    assert [e.state for e in told(salon) if isinstance(e, StatusEvent) and e.state == "read"] == [
        "read"
    ]
    assert shown(browser)[0]["is_read"]


def test_a_reply_is_shown_and_told(salon, anna):
    browser = linked(salon)

    answer = do(browser, "reply", tab="sms", address="+79161234567", text=" Да, приду \n")

    assert answer.json() == {"events": 1}
    (event,) = told(salon)
    assert (event.kind, event.value, event.address) == ("text", "Да, приду", "+79161234567")
    (seen,) = shown(browser)
    assert (seen["from"], seen["body"], seen["tab"]) == ("client", "Да, приду", "sms")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"text": "  "}, 400),
        ({"text": "x" * 4097}, 400),
        ({"text": "\x00"}, 400),
        ({"text": "\ud800"}, 400),
        ({"text": 7}, 400),
        ({"tab": "fax"}, 400),
        ({"address": "+70000000000"}, 404),
    ],
)
def test_a_reply_that_nobody_could_write_is_refused(salon, anna, changes, status):
    browser = linked(salon)
    body = {"tab": "sms", "address": "+79161234567", "text": "Да", **changes}

    assert do(browser, "reply", **body).status_code == status
    assert told(salon) == []


def test_a_post_without_the_pages_token_is_refused(salon, anna):
    browser = linked(salon)
    browser.token = ""

    assert do(browser, "reply", tab="sms", address="+79161234567", text="Да").status_code == 403
