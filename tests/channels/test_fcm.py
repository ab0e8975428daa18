"""FCM: each captured answer means what its index expects; what is sent is what Google takes.

Source of the bodies: https://firebase.google.com/docs/cloud-messaging, HTTP v1, read 2026-11.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from channels.adapters.fcm import FcmAdapter
from channels.contract import Button, Content, Outbound
from channels.errors import (
    Ambiguous,
    BadCredentials,
    DeliveryError,
    RateLimited,
    Temporary,
    UnknownReply,
)
from channels.request import HttpResponse
from tests.channels.steps import walk
from tests.channels.verdicts import PAYLOADS, cases, outcome_of, response_of, wanted
from tests.for_each import for_each

NOW = 1795168800  # 2026-11-20 10:00:00 UTC
KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
ACCOUNT = {
    "project_id": "salon-app",
    "client_email": "push@salon-app.example",
    "private_key": PEM,
    "private_key_id": "k1",
    "token_uri": "https://oauth2.googleapis.com/token",
}


class AtTen(FcmAdapter):
    clock = staticmethod(lambda: NOW)


ADAPTER = AtTen({"service_account": json.dumps(ACCOUNT)})
TOKEN = "cFpX:APA91b"
FILE = json.loads((PAYLOADS / "fcm" / "responses.json").read_text())
OK = response_of(FILE["cases"][0])


def outbound(content=None, address=TOKEN, **more):
    content = content or Content("Завтра в 15:00", title="Напоминание")
    return Outbound(
        "0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44", "push", address, content, "ru", "tx", **more
    )


def written(message) -> dict:
    _, steps = walk(ADAPTER, message, "ya29.test", OK)
    return json.loads(steps[1].body)["message"]


@for_each("case", cases("fcm/responses.json"))
def test_an_answer_means_what_the_index_expects(case):
    assert outcome_of(ADAPTER, response_of(case)) in wanted(case)


def test_a_push_carries_picture_tap_badge_and_data_as_texts():
    content = Content(
        "Завтра в 15:00",
        title="Напоминание",
        image_url="https://cdn.example/a.png",
        buttons=(Button("Ок", action="ok"), Button("Открыть", url="https://salon.example/a/1")),
    )
    extra = {"badge": 3, "data": {"visit": 7, "name": "Анна"}, "collapse_key": "appt-1"}

    message = written(outbound(content, ttl_s=3600, extra=extra))

    assert message["token"] == TOKEN
    assert message["notification"] == {
        "title": "Напоминание",
        "body": "Завтра в 15:00",
        "image": "https://cdn.example/a.png",
    }
    assert message["data"] == {
        "visit": "7",
        "name": "Анна",
        "message_id": "0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44",
        "url": "https://salon.example/a/1",
    }
    assert message["android"] == {
        "priority": "HIGH",
        "ttl": "3600s",
        "collapse_key": "appt-1",
        "notification": {"tag": "appt-1", "notification_count": 3},
    }
    assert message["apns"] == {
        "headers": {
            "apns-priority": "10",
            "apns-collapse-id": "appt-1",
            "apns-expiration": str(NOW + 3600),
        },
        "payload": {"aps": {"sound": "default", "badge": 3, "mutable-content": 1}},
        "fcm_options": {"image": "https://cdn.example/a.png"},
    }
    assert message["webpush"]["fcm_options"] == {"link": "https://salon.example/a/1"}


def test_a_repeated_push_takes_the_place_of_the_first():
    message = written(outbound())

    assert message["android"]["notification"]["tag"] == "0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44"
    assert "collapse_key" not in message["android"]  # a device keeps four at most


def test_an_installation_id_is_told_from_a_token():
    assert written(outbound(address="fid:dEmO1234"))["fid"] == "dEmO1234"
    assert "token" not in written(outbound(address="fid:dEmO1234"))


def test_a_long_text_is_cut_so_that_the_payload_fits():
    message = written(outbound(Content("ж" * 5000, title="Т")))

    assert len(json.dumps(message, ensure_ascii=False).encode()) < 4096
    assert message["notification"]["body"].endswith("…")


def test_the_token_is_asked_for_with_a_signed_assertion():
    _, (call, sent) = walk(ADAPTER, outbound(), "ya29.test", OK)

    form = parse_qs(call.request.body.decode())
    claims = jwt.decode(
        form["assertion"][0],
        KEY.public_key(),
        algorithms=["RS256"],
        audience=ACCOUNT["token_uri"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert (call.request.url, call.request.sends) == (ACCOUNT["token_uri"], False)
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert claims["iss"] == ACCOUNT["client_email"]
    assert claims["iat"] <= NOW < claims["exp"] <= claims["iat"] + 3600
    assert sent.headers["Authorization"] == "Bearer ya29.test"
    assert sent.url == "https://fcm.googleapis.com/v1/projects/salon-app/messages:send"


def test_the_token_is_kept_for_less_than_it_lives():
    body = json.dumps(FILE["oauth_token_response"]).encode()
    _, (call, _) = walk(ADAPTER, outbound(), "t", OK)

    assert call.read(HttpResponse(200, {}, body)) == ("ya29.test", 2999.0)


@for_each(
    "status, body, kind",
    [
        (400, FILE["oauth_error"], BadCredentials),
        (401, {}, BadCredentials),
        (503, {}, Temporary),
        (200, {}, Temporary),
    ],
)
def test_a_token_that_is_not_given_says_why(status, body, kind):
    with pytest.raises(kind):
        ADAPTER.read_probe(HttpResponse(status, {}, json.dumps(body).encode()))


def test_a_refused_token_is_asked_for_anew_once():
    refused = response_of(next(case for case in FILE["cases"] if case["http"] == 401))

    receipt, steps = walk(ADAPTER, outbound(), "old", refused, "new", OK)

    assert (steps[0].refused, steps[2].refused) == ("", "old")
    assert steps[3].headers["Authorization"] == "Bearer new"
    assert receipt.provider_id.startswith("projects/salon-app/messages/")
    with pytest.raises(BadCredentials):
        walk(ADAPTER, outbound(), "old", refused, "new", refused)


def error_of(status, body, headers=None) -> DeliveryError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(DeliveryError) as caught:
        ADAPTER.receipt(HttpResponse(status, headers or {}, raw))
    return caught.value


def test_what_is_not_known_is_not_guessed():
    assert type(error_of(418, {})) is UnknownReply
    assert type(error_of(200, b"<html>")) is Ambiguous
    assert type(error_of(502, b"<html>")) is Ambiguous
    assert type(error_of(400, {"error": "text"})) is UnknownReply


def test_a_throttle_waits_as_told_or_a_minute():
    throttled = {"error": {"status": "RESOURCE_EXHAUSTED"}}

    assert error_of(429, throttled, {"retry-after": "7"}).retry_after_s == 7.0
    assert error_of(429, throttled).retry_after_s == 60.0
    assert isinstance(error_of(429, throttled), RateLimited)


def test_a_refused_value_stays_out_of_the_log():
    case = next(case for case in FILE["cases"] if "fieldViolations" in json.dumps(case))

    assert "12" not in error_of(400, case["body"]).detail
    assert "message.data[0].value" in error_of(400, case["body"]).detail


@pytest.mark.parametrize("text", ["{}", "no JSON", json.dumps({**ACCOUNT, "private_key": ""})])
def test_a_key_file_that_is_none_is_refused_before_it_is_stored(text):
    assert list(FcmAdapter.check({"service_account": text})) == ["service_account"]
    assert FcmAdapter.check(ADAPTER.credentials) == {}


def test_a_private_key_that_is_none_pauses_the_account():
    adapter = AtTen({"service_account": json.dumps({**ACCOUNT, "private_key": "word"})})

    with pytest.raises(BadCredentials):
        adapter.probe()
