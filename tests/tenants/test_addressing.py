"""One form for each address, and a sentence for what cannot be one."""

from __future__ import annotations

import pytest

from tenants.addressing import Refused, kind_of_provider, kinds_of_provider, normalise, values_of
from tenants.errors import InvalidFields
from tenants.people import read_subscriber


@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [
        ("phone", "8 (916) 123-45-67", "+79161234567"),
        ("phone", "+7 916 123 45 67", "+79161234567"),
        ("phone", 79161234567, "+79161234567"),
        ("phone", "+44 20 7946 0958", "+442079460958"),
        ("whatsapp", "89161234567", "+79161234567"),
        ("email", "  Anna@Example.COM ", "anna@example.com"),
        ("telegram", 123456, "123456"),
        ("telegram", " -100123 ", "-100123"),
        ("push", "tok:en", "tok:en"),
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
        ("phone", True),
        ("phone", ["+79161234567"]),
        ("email", "anna@"),
        ("email", "a b@example.com"),
        ("email", ""),
        ("telegram", "two words"),
        ("push", "x" * 513),
    ],
)
def test_what_cannot_be_an_address_is_refused(kind, given):
    with pytest.raises(Refused):
        normalise(kind, given)


def test_a_providers_name_tells_the_kind():
    assert kind_of_provider("whatsapp-business") == "whatsapp"
    assert kind_of_provider("fcm") == "push"
    assert kind_of_provider("chat-webhook", "vk-main") == "vk"
    assert set(kinds_of_provider("chat-webhook")) == {"vk", "max", "instagram"}
    with pytest.raises(Refused):
        kind_of_provider("slack")


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
                    {"providerId": "slack", "credentials": {"webhookUrl": "https://x"}},
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
        {"telegram_id": "42", "whatsapp": "89161234567", "push": ["a", "b"]},
        [
            {"providerId": "telegram", "credentials": {"chatId": "42"}},
            {"providerId": "whatsapp-business", "credentials": {"phoneNumber": "+79161234567"}},
            {"providerId": "fcm", "credentials": {"deviceTokens": ["a"]}},
            {"providerId": "apns", "credentials": {"deviceTokens": ["b"]}},
        ],
    ],
)
def test_channels_are_taken_as_a_map_and_as_a_list(channels):
    person = read_subscriber({"subscriberId": "1", "channels": channels})

    assert person.addresses == {
        "telegram": ("42",),
        "whatsapp": ("+79161234567",),
        "push": ("a", "b"),
    }
