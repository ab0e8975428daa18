"""APNs: each reason means what its index expects; what is sent is what Apple takes.

Source of the reasons: Apple's "Handling notification responses from APNs", read 2026-11.
"""

from __future__ import annotations

import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from channels.adapters.apns import ApnsAdapter
from channels.contract import Button, Content, Outbound
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    DeliveryError,
    Temporary,
    UnknownReply,
)
from channels.request import HttpResponse
from tests.channels.steps import walk
from tests.channels.verdicts import cases, outcome_of, response_of, wanted
from tests.for_each import for_each

NOW = 1795168800  # 2026-11-20 10:00:00 UTC
KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class AtTen(ApnsAdapter):
    clock = staticmethod(lambda: NOW)


ACCOUNT = {
    "private_key": PEM,
    "key_id": "ABC123DEFG",
    "team_id": "DEF123GHIJ",
    "bundle_id": "com.salon.app",
}
ADAPTER = AtTen(ACCOUNT)
DEVICE = "ab" * 32
MESSAGE_ID = "0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44"
CASES = cases("apns/responses.json")
OK = response_of(CASES[0])


def outbound(content=None, **more):
    content = content or Content("Завтра в 15:00", title="Напоминание")
    return Outbound(MESSAGE_ID, "push", DEVICE, content, "ru", "tx", **more)


def sent(message, adapter=ADAPTER):
    return walk(adapter, message, "jwt", OK)[1][1]


def error_of(status, body=None, headers=None) -> DeliveryError:
    raw = b"" if body is None else json.dumps(body).encode()
    with pytest.raises(DeliveryError) as caught:
        ADAPTER.receipt(HttpResponse(status, headers or {}, raw))
    return caught.value


@for_each("case", CASES)
def test_a_reason_means_what_the_index_expects(case):
    assert outcome_of(ADAPTER, response_of(case)) in wanted(case)


def test_the_call_is_that_of_the_document():
    request = sent(outbound(ttl_s=3600, extra={"collapse_key": "appt-1"}))

    assert request.http2
    assert request.url == f"https://api.push.apple.com/3/device/{DEVICE}"
    assert request.headers == {
        "Content-Type": "application/json",
        "authorization": "bearer jwt",
        "apns-topic": "com.salon.app",
        "apns-push-type": "alert",
        "apns-priority": "10",
        "apns-id": MESSAGE_ID,
        "apns-expiration": str(NOW + 3600),
        "apns-collapse-id": "appt-1",
    }


def test_a_push_carries_picture_tap_badge_and_data():
    content = Content(
        "Завтра в 15:00",
        title="Напоминание",
        image_url="https://cdn.example/a.png",
        buttons=(Button("Открыть", url="https://salon.example/a/1"),),
    )

    request = sent(outbound(content, extra={"badge": 0, "data": {"visit": 7, "aps": "mine"}}))

    assert json.loads(request.body) == {
        "aps": {
            "alert": {"title": "Напоминание", "body": "Завтра в 15:00"},
            "sound": "default",
            "badge": 0,
            "mutable-content": 1,
        },
        "visit": "7",
        "message_id": MESSAGE_ID,
        "url": "https://salon.example/a/1",
        "image_url": "https://cdn.example/a.png",
    }


@pytest.mark.parametrize("key", ["x" * 100, "визит 7"])
def test_a_key_that_apple_would_refuse_is_shortened(key):
    collapse_id = sent(outbound(extra={"collapse_key": key})).headers["apns-collapse-id"]

    assert len(collapse_id.encode()) <= 64
    assert collapse_id.isascii()


def test_builds_from_xcode_are_reached_in_the_sandbox():
    adapter = AtTen({**ACCOUNT, "environment": "sandbox"})

    assert sent(outbound(), adapter).url.startswith("https://api.sandbox.push.apple.com/3/")


def test_the_token_is_signed_and_kept_between_20_and_60_minutes():
    _, (call, _) = walk(ADAPTER, outbound(), "jwt", OK)

    token, kept_s = call.read(None)

    assert call.request is None
    assert 1200 < kept_s < 3600
    assert jwt.get_unverified_header(token)["kid"] == "ABC123DEFG"
    claims = jwt.decode(
        token, KEY.public_key(), algorithms=["ES256"], options={"verify_iat": False}
    )
    assert claims == {"iss": "DEF123GHIJ", "iat": NOW}


def test_another_key_has_another_token():
    names = {
        walk(AtTen({**ACCOUNT, "key_id": key}), outbound(), "jwt", OK)[1][0].name
        for key in ("ABC123DEFG", "XYZ123DEFG")
    }

    assert len(names) == 2


def test_an_expired_token_is_made_anew_once():
    expired = next(
        case for case in CASES if (case["body"] or {}).get("reason") == "ExpiredProviderToken"
    )

    receipt, steps = walk(ADAPTER, outbound(), "old", response_of(expired), "new", OK)

    assert steps[2].refused == "old"
    assert steps[3].headers["authorization"] == "bearer new"
    assert receipt.provider_id == CASES[0]["headers"]["apns-id"]


def test_a_dead_device_tells_since_when():
    error = error_of(410, {"reason": "Unregistered", "timestamp": 1795160000000})

    assert isinstance(error, BadAddress)
    assert (error.scope, error.dead_since) == ("address", 1795160000.0)
    assert error_of(400, {"reason": "BadDeviceToken"}).dead_since is None


def test_a_throttle_of_one_device_rests_that_device_only():
    assert error_of(429, {"reason": "TooManyRequests"}).scope == "address"
    assert error_of(429, {"reason": "TooManyProviderTokenUpdates"}).scope == "integration"


def test_what_is_not_known_is_not_guessed():
    assert type(error_of(418)) is UnknownReply
    assert type(error_of(400, {"reason": "NewReason"})) is UnknownReply
    assert type(error_of(500)) is Temporary
    assert type(error_of(502)) is Ambiguous


def test_the_probe_takes_an_unknown_device_for_a_yes():
    request = ADAPTER.probe()

    assert (request.http2, request.sends) == (True, False)
    ADAPTER.read_probe(HttpResponse(400, {}, b'{"reason":"BadDeviceToken"}'))
    with pytest.raises(BadCredentials):
        ADAPTER.read_probe(HttpResponse(403, {}, b'{"reason":"InvalidProviderToken"}'))


def test_a_key_that_is_none_is_refused_before_it_is_stored():
    wrong = {**ACCOUNT, "private_key": "word", "environment": "test"}

    assert set(ApnsAdapter.check(wrong)) == {"private_key", "environment"}
    assert ApnsAdapter.check(ACCOUNT) == {}
    with pytest.raises(BadCredentials):
        AtTen(wrong).probe()
