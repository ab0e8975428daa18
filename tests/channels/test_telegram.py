"""Telegram: each captured body means what tests/payloads/telegram/index.json expects.

Source of the bodies: Bot API 10.1 and the error strings of tdlib/telegram-bot-api, Client.cpp.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from channels.adapters.telegram import TelegramAdapter
from channels.contract import Button, Content, Outbound
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    DeliveryError,
    Moved,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    UnknownReply,
    Unsupported,
)
from channels.request import HttpResponse
from channels.told import BadSignature, Callback, InboundEvent
from tests.for_each import for_each

PAYLOADS = Path(__file__).parents[1] / "payloads" / "telegram"
INDEX = {row["file"]: row for row in json.loads((PAYLOADS / "index.json").read_text())}
SECRET = "tg_hook_secret_1"
ADAPTER = TelegramAdapter({"token": "42:TOKEN", "webhook_secret": SECRET})
CHAT = "551234567"
PRIVATE = ("Анна", "anna_k", CHAT, "998877665", "79039998877", "Beauty Lab", "СТОП", "TOKEN")


def outbound(content, address=CHAT):
    return Outbound("0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44", "chat", address, content, "ru", "tx")


def written(content, address=CHAT):
    request = ADAPTER.request(outbound(content, address))
    return request.url.rsplit("/", 1)[1], json.loads(request.body)


def answer(status, body, headers=None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, headers or {}, raw)


def refused(status, description, **more):
    body = {"ok": False, "error_code": status, "description": description, **more}
    with pytest.raises(Exception) as caught:  # noqa: PT011 (the class is what the tests compare)
        ADAPTER.receipt(answer(status, body))
    return caught.value


def events(callback) -> list[Any]:
    return list(ADAPTER.read_callback(callback))


def update(name, secret=SECRET):
    body = (PAYLOADS / name).read_bytes() if name.endswith(".json") else name.encode()
    return Callback(body, {"x-telegram-bot-api-secret-token": secret} if secret else {})


REFUSALS: dict[str, type[DeliveryError]] = {
    "err_429_flood.json": RateLimited,
    "err_403_deactivated.json": BadAddress,
    "err_403_cannot_initiate.json": BadAddress,
    "err_400_parse_entities.json": Permanent,
    "err_400_too_long.json": Permanent,
    "err_400_button_data_invalid.json": Permanent,
    "err_400_migrate.json": Moved,
    "err_500_restart.json": Temporary,
}
UPDATES = {
    "update_start_deeplink.json": ("start", "L_8fKq2Zt5vXw1Yb3NcR7dPg"),
    "update_start_plain.json": ("start", ""),
    "update_text_stop.json": ("text", "СТОП"),
    "update_callback_query.json": ("button", "cf:7Qm2xV9tRk4aLz0pYw3NsA"),
    "update_my_chat_member_blocked.json": ("blocked", ""),
    "update_my_chat_member_unblocked.json": ("unblocked", ""),
}
OTHERS = {
    "send_ok.json",
    "err_400_query_too_old.json",
    "update_contact_foreign.json",
    "request_send_message.json",
    "request_answer_callback_query.json",
}


def test_every_captured_body_has_a_test():
    assert set(REFUSALS) | set(UPDATES) | OTHERS == set(INDEX)
    assert set(INDEX) == {path.name for path in PAYLOADS.glob("*.json")} - {"index.json"}


def test_an_accepted_message_gives_chat_and_message_id():
    receipt = ADAPTER.receipt(answer(200, (PAYLOADS / "send_ok.json").read_bytes()))

    assert INDEX["send_ok.json"]["expect"] == f"sent; provider_id={receipt.provider_id}"
    assert receipt.state == "sent"
    assert not any(word in receipt.raw for word in PRIVATE)


@for_each("name", REFUSALS)
def test_a_refusal_means_what_the_index_expects(name):
    row = INDEX[name]
    headers = {key.lower(): value for key, value in row.get("headers", {}).items()}

    with pytest.raises(REFUSALS[name]) as caught:
        ADAPTER.receipt(answer(row["http_status"], (PAYLOADS / name).read_bytes(), headers))

    error = caught.value
    assert type(error) is REFUSALS[name]
    if not isinstance(error, Moved):
        assert row["expect"].replace(" ", "_").startswith(error.outcome.value)
    assert "salon" not in error.detail


def test_a_flood_wait_freezes_the_bot_for_the_told_seconds():
    error = refused(429, "Too Many Requests: retry after 17", parameters={"retry_after": 17})

    assert (error.retry_after_s, error.scope) == (17.0, "integration")


def test_a_moved_chat_gives_its_new_address_outside_of_the_log():
    error = refused(400, "Bad Request: upgraded", parameters={"migrate_to_chat_id": -1002345678901})

    assert error.new_address == "-1002345678901"
    assert "2345678901" not in error.detail


def test_a_late_press_is_ignored():
    body = (PAYLOADS / "err_400_query_too_old.json").read_bytes()

    assert ADAPTER.receipt(answer(400, body)).provider_id == ""


@for_each(
    "status, description, error",
    [
        (403, "Forbidden: bot was blocked by the user", BadAddress),
        (403, "Forbidden: bot was kicked from the group chat", BadAddress),
        (403, "Forbidden: bot is not a member of the channel chat", BadAddress),
        (403, "Forbidden: something new", BadAddress),
        (400, "Bad Request: chat not found", BadAddress),
        (400, "Bad Request: PEER_ID_INVALID", BadAddress),
        (400, "Bad Request: user not found", BadAddress),
        (400, "Bad Request: group chat was deactivated", BadAddress),
        (400, "Bad Request: message text is empty", Permanent),
        (400, "Bad Request: BUTTON_URL_INVALID", Permanent),
        (400, "Bad Request: something new", Permanent),
        (401, "Unauthorized", BadCredentials),
        (404, "Not Found", BadCredentials),
        (409, "Conflict: terminated by other getUpdates request", ProviderPaused),
        (502, "Bad Gateway", Temporary),
        (418, "I am a teapot", UnknownReply),
    ],
)
def test_the_words_of_telegram_have_a_meaning(status, description, error):
    assert type(refused(status, description)) is error


@for_each(
    "status, body, error",
    [
        (502, b"<html><h1>502 Bad Gateway</h1></html>", Temporary),
        (500, b"", Temporary),
        (200, b"{broken", Ambiguous),
        (200, b"[]", Ambiguous),
        (200, b"\xff\xfe", Ambiguous),
        (200, {"ok": True}, UnknownReply),
        (200, {"ok": False, "error_code": 400, "description": "Bad Request: x"}, Permanent),
        (200, {}, UnknownReply),
        (403, b"<html>filtered</html>", UnknownReply),
        (302, b"", UnknownReply),
        (429, b"<html>", RateLimited),
    ],
)
def test_an_answer_that_is_not_telegrams_is_never_guessed(status, body, error):
    with pytest.raises(error) as caught:
        ADAPTER.receipt(answer(status, body))

    assert type(caught.value) is error


def test_a_message_has_the_shape_of_the_captured_request():
    expected = json.loads((PAYLOADS / "request_send_message.json").read_text())
    buttons = (
        Button("Подтвердить", action="cf:7Qm2xV9tRk4aLz0pYw3NsA"),
        Button("Перенести", action="rs:7Qm2xV9tRk4aLz0pYw3NsA"),
    )
    html = expected["text"]
    del expected["reply_markup"]["inline_keyboard"][0][0]["style"]

    request = ADAPTER.request(outbound(Content("plain", html=html, buttons=buttons)))

    assert json.loads(request.body) == expected
    assert request.method == INDEX["request_send_message.json"]["method"]
    assert request.url == INDEX["request_send_message.json"]["url"].format(token="42:TOKEN")
    assert not request.trusted


def test_plain_text_and_title_are_escaped():
    method, body = written(Content('Tom & <Jerry> "x"', title="A < B"))

    assert method == "sendMessage"
    assert body["text"] == '<b>A &lt; B</b>\nTom &amp; &lt;Jerry&gt; "x"'


def test_words_alone_arrive_as_they_were_written():
    """They fill a constant text: nothing in them may end it."""
    words = 'Скидка 100% "только" \\ %s {} \n\t\x01 😀 \u2028'

    for address, chat in (("-100", -100), ("007", 7), ('@a"b%d', '@a"b%d')):
        _, body = written(Content(body=words), address)
        assert body == {
            "chat_id": chat,
            "text": words,
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
        }


def test_a_picture_goes_as_photo_with_caption():
    method, body = written(Content("Ждём вас", image_url="https://s.example/a.jpg"))

    assert method == "sendPhoto"
    assert body["photo"] == "https://s.example/a.jpg"
    assert (body["caption"], body["parse_mode"]) == ("Ждём вас", "HTML")


@pytest.mark.parametrize(
    ("text", "method"),
    [("&" * 1024, "sendPhoto"), ("a" * 1025, "sendMessage"), ("😀" * 513, "sendMessage")],
)
def test_a_text_too_long_for_a_caption_keeps_the_picture_as_preview(text, method):
    sent_by, body = written(Content(text, image_url="https://s.example/a.jpg"))

    assert sent_by == method
    if method == "sendMessage":
        assert body["link_preview_options"]["url"] == "https://s.example/a.jpg"


def test_buttons_stand_two_in_a_row():
    links = tuple(Button(f"b{n}", url="https://s.example/") for n in range(3))

    _, body = written(Content("x", buttons=links))

    assert [len(row) for row in body["reply_markup"]["inline_keyboard"]] == [2, 1]


@pytest.mark.parametrize("action", ["", "я" * 33])
def test_an_action_of_more_than_64_bytes_cannot_be_sent(action):
    with pytest.raises(Unsupported):
        written(Content("x", buttons=(Button("b", action=action),)))


def test_an_own_server_may_be_used():
    adapter = TelegramAdapter({"token": "42:T", "api_base": "http://bots.local:8081/"})

    assert adapter.request(outbound(Content("x"))).url == (
        "http://bots.local:8081/bot42:T/sendMessage"
    )


@pytest.mark.parametrize(("address", "chat_id"), [("-1001", -1001), ("@salon", "@salon")])
def test_groups_and_channels_are_addresses_too(address, chat_id):
    assert written(Content("x"), address)[1]["chat_id"] == chat_id


def test_the_probe_asks_who_the_bot_is():
    assert ADAPTER.probe().url.endswith("/getMe")
    me = {"ok": True, "result": {"id": 42, "is_bot": True, "first_name": "Beauty Lab"}}
    assert ADAPTER.receipt(answer(200, me)).raw == ""


@for_each("name", UPDATES)
def test_an_update_becomes_an_event(name):
    (event,) = events(update(name))

    assert (event.kind, event.value) == UPDATES[name]
    assert (event.address, event.key[:6]) == (CHAT, "871234")
    assert not any(word in event.raw for word in PRIVATE)


def test_a_press_names_the_message_and_can_be_answered():
    (event,) = events(update("update_callback_query.json"))
    expected = json.loads((PAYLOADS / "request_answer_callback_query.json").read_text())

    request, bare = ADAPTER.acknowledge(event, expected["text"])

    assert event.provider_id == f"{CHAT}:4182"
    assert json.loads(request.body) == expected
    assert request.url.endswith("/answerCallbackQuery")
    assert bare.url.endswith("/editMessageReplyMarkup")
    assert json.loads(bare.body) == {
        "chat_id": int(CHAT),
        "message_id": 4182,
        "reply_markup": {"inline_keyboard": []},
    }
    assert ADAPTER.receipt(answer(200, {"ok": True, "result": True})).provider_id == ""


def test_only_the_clients_own_contact_counts():
    foreign = update("update_contact_foreign.json")
    own = json.loads(foreign.body)
    own["message"]["contact"] |= {"user_id": int(CHAT), "phone_number": "79161234567"}

    assert ADAPTER.read_callback(foreign) == []
    (event,) = events(update(json.dumps(own)))
    assert (event.kind, event.value) == ("contact", "+79161234567")
    assert "7916" not in event.raw


def test_a_repeated_update_has_the_same_key():
    twice = [ADAPTER.read_callback(update("update_text_stop.json"))[0] for _ in range(2)]

    assert (
        twice[0]
        == twice[1]
        == InboundEvent(
            key="871234005",
            kind="text",
            address=CHAT,
            value="СТОП",
            raw=twice[0].raw,
            name="Анна К",
            language="ru",
        )
    )


@pytest.mark.parametrize("secret", ["", "wrong", "секрет"])
def test_a_wrong_secret_is_refused(secret):
    with pytest.raises(BadSignature):
        ADAPTER.read_callback(update("update_text_stop.json", secret))


def test_without_a_secret_every_callback_is_refused():
    with pytest.raises(BadSignature):
        TelegramAdapter({"token": "t"}).read_callback(update("update_text_stop.json", ""))


@for_each(
    "body",
    [
        '{"update_id":1,"poll":{}}',
        '{"update_id":1,"message":{"chat":{"id":1},"sticker":{}}}',
        '{"update_id":1,"callback_query":{"id":"1"}}',
        '{"update_id":1,"my_chat_member":{"chat":{"id":1},"new_chat_member":{"status":"new"}}}',
        '{"update_id":1,"message":{"chat":5}}',
        "{broken",
        "[]",
    ],
)
def test_what_we_do_not_know_is_no_event(body):
    assert ADAPTER.read_callback(update(body)) == []
