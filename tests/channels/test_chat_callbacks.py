"""Messengers call back: each captured body means what its index expects, and nothing else is taken.

Source of the bodies and signatures: Bot API 10.1, VK schema 5.199, MAX schemas 0.0.32, documents of
the Cloud API and of Instagram of 2026, in tests/payloads.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from channels.registry import ADAPTERS
from channels.told import (
    InboundEvent,
    Reply,
)
from tests.channels.captured import is_private
from tests.channels.chat_events import (
    ACTION,
    BODIES,
    CAPTURED,
    EVENTS,
    PROVIDERS,
    TOKEN,
    USER,
    VECTORS,
    changed,
    told,
)
from tests.for_each import for_each
from tests.providers.signing import credentials


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
