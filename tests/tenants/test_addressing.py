"""One form for each address, and a sentence for what cannot be one."""

from __future__ import annotations

import json

import pytest

from tenants.addressing import (
    Refused,
    credentials_of,
    kind_of_provider,
    kinds_of_provider,
    normalise,
    values_of,
)
from tenants.errors import InvalidFields
from tenants.people import read_subscriber

SUBSCRIPTION = {
    "endpoint": "https://fcm.googleapis.com/fcm/send/eXaMpLe:APA91bH",
    "expirationTime": None,
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
        "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4=",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg==",
    },
}
SHORT = (
    '{"endpoint":"https://fcm.googleapis.com/fcm/send/eXaMpLe:APA91bH","keys":{"p256dh":'
    '"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",'
    '"auth":"BTBZMqHH6r4Tts7J_aSIgg"}}'
)
FOREIGN = (
    "https://evil.example/push",
    "https://fcm.googleapis.com.evil.example/x",
    "https://notify.windows.com.evil.example/x",
    "http://fcm.googleapis.com/fcm/send/x",
    "https://fcm.googleapis.com:8443/fcm/send/x",
    "https://x@fcm.googleapis.com/fcm/send/x",
    "https://127.0.0.1/x",
)


@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [
        ("phone", "8 (916) 123-45-67", "+79161234567"),
        ("phone", "+7 916 123 45 67", "+79161234567"),
        ("phone", 79161234567, "+79161234567"),
        ("phone", "+79161234567", "+79161234567"),
        ("phone", "+70000000000", "+70000000000"),
        ("phone", "+44 20 7946 0958", "+442079460958"),
        ("whatsapp", "89161234567", "+79161234567"),
        ("email", "  Anna@Example.COM ", "anna@example.com"),
        ("telegram", 123456, "123456"),
        ("telegram", " -100123 ", "-100123"),
        ("push", "tok:en", "tok:en"),
        ("fcm", " cFpX:APA91b ", "cFpX:APA91b"),
        ("apns", "AB" * 32, "ab" * 32),
        ("slack", "#staff", "#staff"),
        (
            "slack",
            "https://hooks.slack.com/services/T/B/x",
            "https://hooks.slack.com/services/T/B/x",
        ),
        ("ntfy", "salon1-staff", "salon1-staff"),
        ("web_push", SUBSCRIPTION, SHORT),
        ("web_push", json.dumps(SUBSCRIPTION), SHORT),
    ],
)
def test_an_address_is_written_in_one_form(kind, given, wanted):
    assert normalise(kind, given) == wanted


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("phone", "12"),
        ("phone", "call me"),
        ("phone", "+7916123456789012"),
        ("phone", "+7916123456"),
        ("phone", True),
        ("phone", ["+79161234567"]),
        ("email", "anna@"),
        ("email", "a b@example.com"),
        ("email", ""),
        ("telegram", "two words"),
        ("push", "x" * 513),
        ("apns", "zz" * 32),
        ("apns", "abc"),
        ("slack", "http://hooks.slack.com/services/T/B/x"),
        ("discord", "https://user:word@discord.com/x"),
        ("ntfy", "two/parts"),
        ("web_push", "token"),
        ("web_push", {"endpoint": SUBSCRIPTION["endpoint"]}),
        ("web_push", {**SUBSCRIPTION, "keys": {"p256dh": "AAAA", "auth": "AAAA"}}),
        *(("web_push", {**SUBSCRIPTION, "endpoint": endpoint}) for endpoint in FOREIGN),
        ("web_push", {**SUBSCRIPTION, "endpoint": f"{SUBSCRIPTION['endpoint']}{'x' * 900}"}),
    ],
)
def test_what_cannot_be_an_address_is_refused(kind, given):
    with pytest.raises(Refused):
        normalise(kind, given)


def test_a_providers_name_tells_the_kind():
    assert kind_of_provider("whatsapp-business") == "whatsapp"
    assert kind_of_provider("fcm") == "fcm"
    assert kind_of_provider("webpush") == "web_push"
    assert kind_of_provider("msteams") == "teams"
    assert kind_of_provider("chat-webhook", "vk-main") == "vk"
    assert set(kinds_of_provider("chat-webhook")) == {"vk", "max", "instagram", "ntfy"}
    assert set(kinds_of_provider("push-webhook")) == {"push", "web_push"}
    with pytest.raises(Refused):
        kind_of_provider("zulip")


def test_values_stand_in_tokens_or_in_the_first_known_credential():
    assert values_of({"deviceTokens": ["a", "b"]}) == ["a", "b"]
    assert values_of({"deviceTokens": []}) == []
    assert values_of({"webhookUrl": "https://x", "chatId": "1"}) == ["1"]
    for bad in ({}, {"other": 1}, "text", {"deviceTokens": "a"}):
        with pytest.raises(Refused):
            values_of(bad)


def test_an_error_names_each_field_where_it_stands():
    with pytest.raises(InvalidFields) as refused:
        read_subscriber(
            {
                "subscriberId": "",
                "phone": "12",
                "email": "x",
                "timezone": "Mars/Base",
                "data": [],
                "channels": {"telegram": "a b", "fax": "1"},
            },
            "to.1",
        )

    assert set(refused.value.errors) == {
        "to.1.subscriberId",
        "to.1.phone",
        "to.1.email",
        "to.1.timezone",
        "to.1.data",
        "to.1.channels.telegram",
        "to.1.channels.fax",
    }


def test_an_error_in_the_list_form_names_the_place():
    with pytest.raises(InvalidFields) as refused:
        read_subscriber(
            {
                "subscriberId": "1",
                "channels": [
                    {"providerId": "zulip", "credentials": {"webhookUrl": "https://x"}},
                    {"providerId": "telegram", "credentials": {}},
                    {"providerId": "whatsapp", "credentials": {"phoneNumber": "1"}},
                ],
            },
            "to",
        )

    assert list(refused.value.errors) == [
        "to.channels.0.providerId",
        "to.channels.1.credentials",
        "to.channels.2.credentials",
    ]


def test_only_what_is_named_is_in_the_value():
    person = read_subscriber({"subscriberId": 7, "firstName": None, "locale": "en_US"})

    assert person.subscriber_id == "7"
    assert person.fields == {"first_name": "", "language": "en"}
    assert person.addresses == {}


@pytest.mark.parametrize(
    "channels",
    [
        {"telegram_id": "42", "whatsapp": "89161234567", "push": "c", "fcm": ["a", "b"]},
        [
            {"providerId": "telegram", "credentials": {"chatId": "42"}},
            {"providerId": "whatsapp-business", "credentials": {"phoneNumber": "+79161234567"}},
            {"providerId": "fcm", "credentials": {"deviceTokens": ["a"]}},
            {"providerId": "fcm", "credentials": {"deviceTokens": ["b"]}},
            {"providerId": "push-webhook", "credentials": {"deviceTokens": ["c"]}},
        ],
    ],
)
def test_channels_are_taken_as_a_map_and_as_a_list(channels):
    person = read_subscriber({"subscriberId": "1", "channels": channels})

    assert person.addresses == {
        "telegram": ("42",),
        "whatsapp": ("+79161234567",),
        "fcm": ("a", "b"),
        "push": ("c",),
    }


def test_a_browsers_subscription_is_taken_as_an_object_or_as_text():
    for given in (SUBSCRIPTION, json.dumps(SUBSCRIPTION), [SUBSCRIPTION]):
        person = read_subscriber({"subscriberId": "1", "channels": {"web_push": given}})

        assert person.addresses == {"web_push": (SHORT,)}


@pytest.mark.parametrize(
    ("kind", "values", "wanted"),
    [
        ("fcm", ["a", "b"], {"deviceTokens": ["a", "b"]}),
        ("slack", ["C01"], {"channel": "C01"}),
        ("teams", ["https://x.example/y"], {"webhookUrl": "https://x.example/y"}),
        ("whatsapp", ["+79161234567"], {"phoneNumber": "+79161234567"}),
        ("ntfy", ["topic"], {"channel": "topic"}),
    ],
)
def test_an_answer_holds_the_credentials_that_were_given(kind, values, wanted):
    assert credentials_of(kind, values) == wanted
