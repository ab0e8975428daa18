"""A messenger's call is taken only with its provider's signature, a handshake only with our secret.

Source of the signatures: tests/channels/chat_events.py.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace

import pytest

from channels.registry import ADAPTERS
from channels.told import (
    BadSignature,
    Callback,
    Needs,
    Reply,
)
from tests.channels.chat_events import (
    ADAPTER,
    BODIES,
    CAPTURED,
    EVENTS,
    PROVIDERS,
    VECTORS,
    changed,
)
from tests.for_each import for_each
from tests.providers.signing import APP_SECRET, VERIFY_TOKEN, called, credentials, of_meta


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
