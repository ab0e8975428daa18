"""Messengers call back: each captured body means what its index expects, and nothing else is taken.

Source of the bodies and signatures: Bot API 10.1, VK schema 5.199, MAX schemas 0.0.32, documents of
the Cloud API and of Instagram of 2026, in tests/payloads.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels.registry import ADAPTERS
from channels.told import (
    AccountEvent,
    BadSignature,
    Callback,
    InboundEvent,
    Needs,
    Reply,
    StatusEvent,
)
from tests.channels.captured import MESSAGE_ID, Captured, is_private
from tests.for_each import for_each
from tests.providers.signing import APP_SECRET, VERIFY_TOKEN, called, credentials, of_meta

PROVIDERS = ("telegram", "whatsapp_cloud", "instagram", "vk", "max")
CAPTURED = {provider: Captured(provider) for provider in PROVIDERS}
ADAPTER = {provider: ADAPTERS[provider](credentials(provider)) for provider in PROVIDERS}
VECTORS = json.loads(
    (Path(__file__).parents[1] / "payloads" / "signatures_chat.json").read_text("utf-8")
)
NAME, RU = {"name": "Анна К"}, {"language": "ru"}
ACTION, TOKEN = "cf:7Qm2xV9tRk4aLz0pYw3NsA", "L_8fKq2Zt5vXw1Yb3NcR7dPg"

TELEGRAM = NAME | RU | {"address": "551234567"}
NUMBER, USER = "+79161234567", "RU.13491208655302741918"
LINE = {"route": "106540352242922"}
SENT = "wamid.HBgLNzkxNjEyMzQ1NjcVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA"
HEARD = "wamid.HBgLNzkxNjEyMzQ1NjcVAgASGBQzQTA"
ALIAS = InboundEvent(kind="alias", address=NUMBER, value=USER, **LINE)
STATUS = {"provider_id": SENT, "address": NUMBER, **LINE}
OURS = {"message_id": MESSAGE_ID}
ACCOUNT = {"name": "winback_november", "language": "ru", "route": "102290129340398"}
IGSID = {"address": "1254459154682919", "route": "17841405822304914"}
VK_ID, PEER = "a1d2e3f4b5c6d7e8", {"address": "187654321"}
MAX = NAME | RU | {"address": "123456789"}


def at_whatsapp(kind, letter, **more):
    return InboundEvent(
        key=f"{HEARD}{letter}", kind=kind, address=NUMBER, **{**NAME, **LINE, **more}
    )


def status(state, **more):
    return StatusEvent(key=f"{SENT}:{state}", state=state, **{**STATUS, **more})


def template(number, state, at, **more):
    return AccountEvent(
        key=f"template:{number}:{state}:{at}", kind="template_state", value=state, **ACCOUNT, **more
    )


EVENTS: dict[str, dict[str, list[Any]]] = {
    "telegram": {
        "update_start_deeplink.json": [InboundEvent("871234001", "start", value=TOKEN, **TELEGRAM)],
        "update_start_plain.json": [InboundEvent("871234002", "start", **TELEGRAM)],
        "update_contact_foreign.json": [],
        "update_text_stop.json": [InboundEvent("871234005", "text", value="СТОП", **TELEGRAM)],
        "update_callback_query.json": [
            InboundEvent(
                "871234006",
                "button",
                value=ACTION,
                provider_id="551234567:4182",
                reply_token="2367891234567890123",
                **TELEGRAM,
            )
        ],
        "update_my_chat_member_blocked.json": [InboundEvent("871234007", "blocked", **TELEGRAM)],
        "update_my_chat_member_unblocked.json": [
            InboundEvent("871234008", "unblocked", **TELEGRAM)
        ],
    },
    "whatsapp_cloud": {
        "webhook_verify_get.json": [],
        "message_text_stop.json": [at_whatsapp("text", "y", value="Стоп"), ALIAS],
        "interactive_button_reply.json": [
            at_whatsapp("button", "z", value=ACTION, provider_id=SENT, reply_token=f"{HEARD}z"),
            ALIAS,
        ],
        "template_quick_reply_button.json": [
            at_whatsapp(
                "button",
                "0",
                value=ACTION.replace("cf", "rs"),
                provider_id=SENT,
                reply_token=f"{HEARD}0",
            ),
            ALIAS,
        ],
        "status_sent.json": [status("sent", **OURS), ALIAS],
        "status_delivered.json": [status("delivered", **OURS), ALIAS],
        "status_read.json": [status("read", **OURS), ALIAS],
        "status_failed_131047.json": [status("failed", reason="window_closed", **OURS), ALIAS],
        "status_failed_131050.json": [
            status("failed", reason="opt_out", effect="unsubscribed", **OURS),
            ALIAS,
        ],
        "status_batch_out_of_order.json": [status("read"), status("sent")],
        "user_preferences_stop.json": [
            InboundEvent(
                f"preference:{NUMBER}:opt_out:1795248200", "opt_out", NUMBER, **NAME, **LINE
            ),
            ALIAS,
        ],
        "user_preferences_resume.json": [
            InboundEvent(
                f"preference:{NUMBER}:opt_in:1795258200", "opt_in", NUMBER, **NAME, **LINE
            ),
            ALIAS,
        ],
        "template_status_rejected.json": [
            template(1689556908129835, "REJECTED", 1795200000, reason="INVALID_FORMAT")
        ],
        "template_status_paused.json": [template(1689556908129836, "PAUSED", 1795200100)],
        "user_changed_number.json": [at_whatsapp("moved", "2", value="+79167654321", name="")],
    },
    "instagram": {
        "webhook_quick_reply.json": [
            InboundEvent("aWdfZAG1faXRlbToyOklH", "button", value=ACTION, **IGSID)
        ],
        "webhook_postback.json": [
            InboundEvent("aWdfZAG1faXRlbTozOklH", "button", value="book", **IGSID)
        ],
        "webhook_referral_existing_thread.json": [
            InboundEvent("ref:1254459154682919:1795240000987", "start", value=TOKEN, **IGSID)
        ],
        "webhook_postback_icebreaker_referral.json": [
            InboundEvent("aWdfZAG1faXRlbTo0OklH", "start", value=TOKEN, **IGSID)
        ],
        "webhook_echo.json": [],
        "webhook_seen.json": [
            StatusEvent(
                "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlE:read",
                "read",
                provider_id="aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlE",
                **IGSID,
            )
        ],
    },
    "vk": {
        "callback_confirmation.json": [],
        "message_new_ref.json": [InboundEvent(f"{VK_ID}f9", "start", value=TOKEN, **PEER, **RU)],
        "message_new_stop.json": [
            InboundEvent(f"{VK_ID}fa", "text", value="отписаться", **PEER, **RU)
        ],
        "message_new_text_button.json": [
            InboundEvent(f"{VK_ID}fb", "button", value=ACTION, **PEER, **RU)
        ],
        "message_event.json": [
            InboundEvent(
                f"{VK_ID}fc", "button", value=ACTION, reply_token="b1f0c7e2aa54:58", **PEER
            )
        ],
        "message_deny.json": [InboundEvent(f"{VK_ID}fe", "blocked", **PEER)],
        "message_read.json": [
            StatusEvent(f"{VK_ID}ff", "read", provider_id="187654321:9123", reach="up_to", **PEER)
        ],
        "message_reply_own.json": [],
    },
    "max": {
        "bot_started_payload.json": [InboundEvent(kind="start", value=TOKEN, **MAX)],
        "message_created_start_text.json": [InboundEvent(kind="start", **MAX)],
        "message_created_stop.json": [InboundEvent(kind="text", value="Стоп", **MAX)],
        "message_created_contact.json": [InboundEvent(kind="contact", value="+79161234567", **MAX)],
        "bot_stopped.json": [InboundEvent(kind="blocked", **MAX)],
        "dialog_removed.json": [InboundEvent(kind="blocked", **MAX)],
    },
}
BODIES = [(provider, name) for provider, files in EVENTS.items() for name in files]


def told(provider, body):
    return list(ADAPTER[provider].read_callback(called(provider, body)))


def changed(provider, name, change):
    """Give a captured body after a change, as bytes."""
    body = CAPTURED[provider].body(name)
    change(body)
    return json.dumps(body).encode()


def test_every_captured_call_has_a_row():
    rows = {provider: CAPTURED[provider].telling for provider in PROVIDERS[1:]}

    assert rows == {provider: set(EVENTS[provider]) for provider in PROVIDERS[1:]}
    assert set(EVENTS["telegram"]) == {
        path.name for path in CAPTURED["telegram"].folder.glob("update_*.json")
    }


@for_each("provider, name", BODIES)
def test_a_captured_call_tells_what_the_index_expects(provider, name):
    captured = CAPTURED[provider]

    events = told(provider, captured.raw(name))

    digested = {"key": ""} if provider == "max" else {}
    assert [replace(one, raw="", **digested) for one in events] == EVENTS[provider][name]
    assert not any(is_private(one.raw) for one in events)
    main = next(iter(EVENTS[provider][name]), None)
    if isinstance(main, InboundEvent) and main.kind in {"start", "button"} and main.value:
        assert main.value in captured.index[name]["expect"]


@for_each("provider, name", BODIES)
def test_what_is_told_twice_has_one_key(provider, name):
    keys = [[one.key for one in told(provider, CAPTURED[provider].raw(name))] for _ in range(2)]

    assert keys[0] == keys[1]


def test_the_same_words_at_another_time_have_another_key_in_max():
    name = "message_created_stop.json"
    later = changed("max", name, lambda body: body.update(timestamp=1795248100738))

    assert told("max", later)[0].key != told("max", CAPTURED["max"].raw(name))[0].key


def test_different_calls_of_max_have_different_keys():
    names = CAPTURED["max"].telling

    assert len({told("max", CAPTURED["max"].raw(name))[0].key for name in names}) == len(names)


@for_each("provider, name", [row for row in BODIES if row[0] in ("whatsapp_cloud", "instagram")])
def test_a_signed_body_with_one_byte_changed_is_refused(provider, name):
    body = CAPTURED[provider].raw(name)
    callback = called(provider, body)

    for at in (0, len(body) // 2, len(body) - 1):
        other = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        with pytest.raises(BadSignature):
            ADAPTER[provider].read_callback(replace(callback, body=other))


@for_each("provider", PROVIDERS)
def test_another_secret_or_none_at_all_is_refused(provider):
    name = next(name for name, events in EVENTS[provider].items() if events)
    good = called(provider, CAPTURED[provider].raw(name))
    naked = good.body.replace(b'"vk_hook_secret_1"', b'"vk_hook_secret_2"')
    wrong = {key: value[:-1] + "x" for key, value in good.headers.items()}

    for callback in (replace(good, body=naked, headers=wrong), replace(good, body=b"", headers={})):
        with pytest.raises(BadSignature):
            ADAPTER[provider].read_callback(callback)
    for secret in ("webhook_secret", "app_secret", "callback_secret"):
        without = {**credentials(provider), secret: ""}
        if secret in ADAPTERS[provider].fields:
            with pytest.raises(BadSignature):
                ADAPTERS[provider](without).read_callback(good)


def test_what_is_signed_with_no_secret_is_refused_where_none_is_known():
    signed = hmac.new(b"", b"{}", hashlib.sha256).hexdigest()
    naked = ADAPTERS["instagram"](credentials("instagram") | {"app_secret": ""})

    with pytest.raises(BadSignature):
        naked.read_callback(Callback(b"{}", {"x-hub-signature-256": f"sha256={signed}"}))


def test_metas_vector_is_verified_over_the_raw_bytes_only():
    vector = VECTORS["meta"]
    body = vector["raw_body"].encode()
    dumped = json.dumps(json.loads(body), ensure_ascii=False).encode()

    def read(body, value):
        callback = replace(of_meta(body), headers={vector["header"].lower(): value})
        return ADAPTER["whatsapp_cloud"].read_callback(callback)

    assert vector["secret"] == APP_SECRET
    assert read(body, vector["value"]) == []  # it names nobody
    for wrong in (
        vector["value_if_body_was_reserialised"],
        vector["value"].removeprefix("sha256="),
    ):
        with pytest.raises(BadSignature):
            read(body, wrong)
    with pytest.raises(BadSignature):
        read(dumped, vector["value"])


@pytest.mark.parametrize("provider", ["whatsapp_cloud", "instagram"])
def test_metas_handshake_is_answered_with_the_bare_challenge(provider):
    captured = CAPTURED["whatsapp_cloud"].body("webhook_verify_get.json")
    asked = replace(called(provider, b""), method="GET", headers={}, query=captured["query"])
    expected = captured["expected_response"]

    good = ADAPTER[provider].greet(asked)
    query = {**captured["query"], "hub.verify_token": f"{VERIFY_TOKEN}x"}
    wrong = ADAPTER[provider].greet(replace(asked, query=query))

    assert good == Reply(expected["body"].encode(), expected["content_type"], expected["status"])
    assert wrong.status == 403
    assert b"1158201444" not in wrong.body
    assert ADAPTER[provider].greet(called(provider, b"{}")) is None


def test_vks_handshake_is_answered_with_the_communitys_string():
    asked = called("vk", CAPTURED["vk"].raw("callback_confirmation.json"))

    with pytest.raises(Needs) as needed:
        ADAPTER["vk"].greet(asked)
    answers = {needed.value.request.url: b'{"response":{"code":"c0de"}}'}
    typed = ADAPTERS["vk"](credentials("vk") | {"confirmation": "typed"})

    assert b"group_id=212345678" in needed.value.request.body
    assert ADAPTER["vk"].greet(replace(asked, answers=answers)) == Reply(b"c0de", "text/plain")
    assert typed.greet(asked) == Reply(b"typed", "text/plain")
    assert ADAPTER["vk"].greet(called("vk", CAPTURED["vk"].raw("message_deny.json"))) is None


@pytest.mark.parametrize(
    ("key", "value"), [("secret", "vk_hook_secret_2"), ("secret", ""), ("group_id", 1)]
)
def test_vks_handshake_is_for_the_community_and_its_secret_alone(key, value):
    body = changed("vk", "callback_confirmation.json", lambda body: body.update({key: value}))

    with pytest.raises(BadSignature):
        ADAPTER["vk"].greet(called("vk", body))


def test_each_provider_hears_what_it_wants_when_its_call_was_kept():
    assert ADAPTERS["vk"].taken == Reply(b"ok", "text/plain", 200)
    assert {ADAPTERS[provider].taken.status for provider in PROVIDERS} == {200}


@for_each(
    "provider, body",
    [
        ("telegram", {"update_id": 1, "poll": {}}),
        ("whatsapp_cloud", {"entry": [{"changes": [{"field": "security", "value": {}}]}]}),
        ("whatsapp_cloud", {"object": "instagram", "entry": []}),
        ("instagram", {"object": "instagram", "entry": [{"messaging": [{"optin": {}}]}]}),
        ("vk", {"type": "wall_post_new", "secret": "vk_hook_secret_1", "group_id": 212345678}),
        ("max", {"update_type": "dialog_muted", "user": {"user_id": 1}}),
    ],
)
def test_unknown_types_of_event_are_taken_and_mean_nothing(provider, body):
    assert told(provider, json.dumps(body).encode()) == []


def test_the_contact_of_max_must_be_signed_by_max_and_the_senders_own():
    def contact(body):
        return body["message"]["body"]["attachments"][0]["payload"]

    name, vector = "message_created_contact.json", VECTORS["max_contact"]
    assert vector["bot_token"] == credentials("max")["token"]
    assert contact(CAPTURED["max"].body(name))["hash"] == vector["hash"]

    other = vector["vcf_info"].replace("79161234567", "79039998877")
    for lie in ({"vcf_info": other}, {"hash": "0" * 64}, {"max_info": {"user_id": 998877665}}):
        body = changed("max", name, lambda body, lie=lie: contact(body).update(lie))
        assert told("max", body) == []


@pytest.mark.parametrize(
    "change",
    [
        {"sender": {"id": "17841405822304914"}},
        {"message": {"mid": "1", "text": "x", "is_echo": True}},
    ],
)
def test_what_the_salon_itself_wrote_in_instagram_is_nobodys_word(change):
    def own(body):
        body["entry"][0]["messaging"][0] |= change

    assert told("instagram", changed("instagram", "webhook_quick_reply.json", own)) == []


def test_only_the_person_herself_speaks():
    def in_group(body):
        body["message"]["recipient"]["chat_type"] = "chat"

    def of_bot(body):
        body["message"]["sender"]["is_bot"] = True

    def in_chat(body):
        body["object"]["message"]["peer_id"] = 2_000_000_001

    def in_supergroup(body):
        body["message"]["chat"] |= {"id": -1001, "type": "supergroup"}

    for provider, name, change in (
        ("max", "message_created_stop.json", in_group),
        ("max", "message_created_stop.json", of_bot),
        ("vk", "message_new_stop.json", in_chat),
        ("telegram", "update_text_stop.json", in_supergroup),
    ):
        assert told(provider, changed(provider, name, change)) == []


def test_who_presses_in_a_group_is_the_one_who_pressed():
    def in_group(body):
        body["callback_query"]["message"]["chat"] = {"id": -1001, "type": "supergroup"}

    (press,) = told("telegram", changed("telegram", "update_callback_query.json", in_group))

    assert (press.address, press.provider_id) == ("551234567", "-1001:4182")


def test_a_client_without_a_number_is_known_by_her_user_id():
    def hide(body):
        value = body["entry"][0]["changes"][0]["value"]
        del value["contacts"][0]["wa_id"], value["messages"][0]["from"]

    (event,) = told("whatsapp_cloud", changed("whatsapp_cloud", "message_text_stop.json", hide))

    assert (event.kind, event.address, event.name) == ("text", USER, "Анна К")


@for_each(
    "code, reason, effect",
    [
        (131026, "permanent_recipient", "dead"),
        (131049, "defer", ""),
        (130429, "retry_after", ""),
        (132001, "permanent_content", ""),
        (131042, "provider_pause", ""),
        (999999, "unknown", ""),
        ("", "unknown", ""),
        ("9" * 5000, "unknown", ""),
    ],
)
def test_a_failure_that_comes_later_has_the_words_of_a_refusal(code, reason, effect):
    def fail(body):
        status = body["entry"][0]["changes"][0]["value"]["statuses"][0]
        status["errors"][0] |= {"code": code, "title": "Sorry +79161234567"}
        del status["errors"][0]["error_data"]

    event, _ = told("whatsapp_cloud", changed("whatsapp_cloud", "status_failed_131047.json", fail))

    assert (event.state, event.reason, event.effect) == ("failed", reason, effect)
    assert event.raw == f"{str(code)[:9]}: Sorry ..."


def test_what_a_message_counts_as_is_kept_beside_its_status():
    (event, _) = told("whatsapp_cloud", CAPTURED["whatsapp_cloud"].raw("status_sent.json"))

    assert json.loads(event.raw) == {
        "status": "sent",
        "billable": True,
        "category": "utility",
        "type": "regular",
    }
    assert (event.cost, event.currency) == ("", "")  # Meta tells no price


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (
            "template_category_update",
            {
                "message_template_id": 7,
                "message_template_name": "visit_1",
                "message_template_language": "ru",
                "previous_category": "UTILITY",
                "new_category": "MARKETING",
            },
            ("template_category", "visit_1", "MARKETING", "template:7:MARKETING:1795200000"),
        ),
        (
            "phone_number_quality_update",
            {"display_phone_number": "74951234567", "event": "FLAGGED"},
            (
                "warning",
                "phone_number_quality_update",
                "FLAGGED",
                "phone_number_quality_update:FLAGGED:1795200000",
            ),
        ),
    ],
)
def test_what_changes_at_the_account_is_told(field, value, expected):
    entry = {"id": "1022", "time": 1795200000, "changes": [{"field": field, "value": value}]}
    body = {"object": "whatsapp_business_account", "entry": [entry]}

    (event,) = told("whatsapp_cloud", json.dumps(body).encode())

    assert (event.kind, event.name, event.value, event.key) == expected
    assert event.route == "1022"


def test_what_is_no_text_still_shows_that_the_client_wrote():
    def picture(body):
        message = body["entry"][0]["changes"][0]["value"]["messages"][0]
        message |= {"type": "image", "image": {"id": "1"}}
        del message["text"]

    event, _ = told("whatsapp_cloud", changed("whatsapp_cloud", "message_text_stop.json", picture))

    assert (event.kind, event.value) == ("text", "[image]")


def test_vks_widget_lets_us_write_and_carries_the_links_token():
    body = {
        "type": "message_allow",
        "object": {"user_id": 187654321, "key": TOKEN},
        "event_id": "e1",
        "group_id": 212345678,
        "secret": "vk_hook_secret_1",
    }

    events = told("vk", json.dumps(body).encode())

    assert [(one.key, one.kind, one.value) for one in events] == [
        ("e1", "unblocked", ""),
        ("e1:1", "start", TOKEN),
    ]


#: max-bot-api-schemas 0.0.32, MessageCallbackUpdate.
MAX_PRESS = {
    "update_type": "message_callback",
    "timestamp": 1795248005000,
    "user_locale": "ru-RU",
    "callback": {
        "timestamp": 1795248005000,
        "callback_id": "f9LHodD0cOL5",
        "payload": ACTION,
        "user": {"user_id": 123456789, "first_name": "Анна", "is_bot": False},
    },
    "message": {"body": {"mid": "mid.0001", "seq": 1, "text": "x"}, "sender": {"is_bot": True}},
}


def test_a_press_in_max_names_its_message():
    (event,) = told("max", json.dumps(MAX_PRESS).encode())

    assert replace(event, key="", raw="") == InboundEvent(
        kind="button",
        address="123456789",
        value=ACTION,
        provider_id="mid.0001",
        reply_token="f9LHodD0cOL5",
        name="Анна",
        language="ru",
    )
