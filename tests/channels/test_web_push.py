"""Web Push: encrypted as RFC 8291 says, signed as RFC 8292 says, sent to push services only."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from channels.adapters import web_push
from channels.adapters.web_push import WebPushAdapter
from channels.adapters.web_push_encryption import (
    encrypt,
    public_bytes,
    read_private_key,
    unpadded,
)
from channels.contract import Button, Content, Outbound
from channels.errors import BadAddress, BadCredentials, DeliveryError, Permanent, UnknownReply
from channels.request import HttpResponse
from tenants import addressing
from tests.channels.verdicts import cases, outcome_of, response_of, wanted
from tests.for_each import for_each

NOW = 1795168800  # 2026-11-20 10:00:00 UTC
#: RFC 8291, appendix A.
VECTOR = {
    "plain": b"When I grow up, I want to be a watermelon",
    "as_private": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "ua_public": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkN"
    "toIAiw4",
    "ua_private": "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    "salt": "DGv6ra1nlYgDCS1FRnbzlw",
    "message": "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vC"
    "YLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexS"
    "gSxsj_Qulcy4a-fN",
}


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


OURS = ec.generate_private_key(ec.SECP256R1())
ACCOUNT = {
    "vapid_private_key": encoded(OURS.private_numbers().private_value.to_bytes(32, "big")),
    "vapid_public_key": encoded(public_bytes(OURS)),
    "subject": "mailto:it@salon.example",
}


class AtTen(WebPushAdapter):
    clock = staticmethod(lambda: NOW)


ADAPTER = AtTen(ACCOUNT)
ENDPOINT = "https://fcm.googleapis.com/fcm/send/eXaMpLe:APA91bH"
MESSAGE_ID = "0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44"


def subscription(endpoint=ENDPOINT, **keys) -> str:
    keys = {"p256dh": VECTOR["ua_public"], "auth": VECTOR["auth"], **keys}
    return json.dumps({"endpoint": endpoint, "keys": keys})


def outbound(content=None, address=None, category="tx", **more):
    content = content or Content("Завтра в 15:00", title="Напоминание")
    address = address or subscription()
    return Outbound(MESSAGE_ID, "push", address, content, "ru", category, **more)


def opened(body: bytes) -> dict:
    """Decrypt as the browser does, with its private key."""
    salt, sender, sealed = body[:16], body[21:86], body[86:]
    browser = read_private_key(VECTOR["ua_private"])
    server = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
    info = b"WebPush: info\x00" + public_bytes(browser) + sender

    def derive(secret, salt, info, length):
        return HKDF(hashes.SHA256(), length, salt, info).derive(secret)

    shared = browser.exchange(ec.ECDH(), server)
    material = derive(shared, unpadded(VECTOR["auth"]), info, 32)
    key = derive(material, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = derive(material, salt, b"Content-Encoding: nonce\x00", 12)
    plain = AESGCM(key).decrypt(nonce, sealed, None)
    assert plain[-1:] == b"\x02"
    return json.loads(plain[:-1])


def test_the_encryption_is_that_of_the_published_vector():
    message = encrypt(
        VECTOR["plain"],
        public=unpadded(VECTOR["ua_public"]),
        auth=unpadded(VECTOR["auth"]),
        private_key=read_private_key(VECTOR["as_private"]),
        salt=unpadded(VECTOR["salt"]),
    )

    assert encoded(message) == VECTOR["message"]


def test_the_browser_reads_what_was_sent():
    content = Content(
        "Завтра в 15:00",
        title="Напоминание",
        image_url="https://cdn.example/a.png",
        buttons=(Button("Открыть", url="https://salon.example/a/1"),),
    )

    request = ADAPTER.request(outbound(content, extra={"badge": 2, "data": {"visit": 7}}))

    assert opened(request.body) == {
        "title": "Напоминание",
        "body": "Завтра в 15:00",
        "image": "https://cdn.example/a.png",
        "url": "https://salon.example/a/1",
        "badge": 2,
        "tag": MESSAGE_ID,
        "actions": [{"title": "Открыть", "url": "https://salon.example/a/1", "action": ""}],
        "data": {"visit": "7", "message_id": MESSAGE_ID, "url": "https://salon.example/a/1"},
    }
    assert request.body[16:21] == (4096).to_bytes(4, "big") + b"\x41"


def test_no_two_pushes_share_a_key_or_a_salt():
    first, second = (ADAPTER.request(outbound()).body for _ in range(2))

    assert first[:16] != second[:16]
    assert first[21:86] != second[21:86]


def test_the_call_says_how_long_how_urgent_and_what_it_replaces():
    request = ADAPTER.request(outbound(ttl_s=600))
    marketing = ADAPTER.request(outbound(category="mk", extra={"collapse_key": "акция"}))

    assert request.url == ENDPOINT
    assert (request.headers["TTL"], request.headers["Urgency"]) == ("600", "high")
    assert request.headers["Topic"] == MESSAGE_ID.replace("-", "")
    assert request.headers["Content-Encoding"] == "aes128gcm"
    assert (marketing.headers["TTL"], marketing.headers["Urgency"]) == ("2419200", "normal")
    assert len(marketing.headers["Topic"]) == 32
    assert marketing.headers["Topic"].isascii()


def test_the_salon_says_who_it_is_to_each_push_service():
    scheme, token, key = ADAPTER.request(outbound()).headers["Authorization"].split(" ")
    claims = jwt.decode(
        token.removeprefix("t=").rstrip(","),
        OURS.public_key(),
        algorithms=["ES256"],
        audience="https://fcm.googleapis.com",
        options={"verify_exp": False},
    )

    assert scheme == "vapid"
    assert key == f"k={ACCOUNT['vapid_public_key']}"
    assert claims["sub"] == "mailto:it@salon.example"
    assert NOW < claims["exp"] <= NOW + 24 * 3600


@for_each(
    "address",
    [
        "token",
        subscription("https://evil.example/push"),
        subscription("https://fcm.googleapis.com.evil.example/x"),
        subscription("https://evilnotify.windows.com/x"),
        subscription("http://fcm.googleapis.com/x"),
        subscription("https://fcm.googleapis.com:22/x"),
        subscription("https://169.254.169.254/latest/meta-data"),
        subscription(p256dh="AAAA"),
        subscription(auth="ж"),
    ],
)
def test_nobody_but_a_push_service_is_called(address):
    with pytest.raises(BadAddress) as caught:
        ADAPTER.request(outbound(address=address))

    assert caught.value.scope == "address"


def test_windows_has_hosts_by_region():
    endpoint = "https://wns2-par02p.notify.windows.com/w/?token=BQY%2f"

    assert ADAPTER.request(outbound(address=subscription(endpoint))).url == endpoint


def test_a_relay_takes_the_place_of_the_host_only():
    adapter = AtTen({**ACCOUNT, "api_base": "http://127.0.0.1:9/relay/"})

    request = adapter.request(outbound())

    assert request.url == "http://127.0.0.1:9/relay/fcm/send/eXaMpLe:APA91bH"


def test_both_rooms_know_the_same_push_services():
    assert web_push.PUSH_HOSTS == addressing.PUSH_HOSTS


@for_each("case", cases("web_push/responses.json"))
def test_an_answer_means_what_the_index_expects(case):
    assert outcome_of(ADAPTER, response_of(case)) in wanted(case)


def error_of(status, body=b"") -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        ADAPTER.receipt(HttpResponse(status, {}, body))
    return caught.value


def test_a_subscription_of_another_key_is_dead_and_the_account_is_not():
    words = (
        b"the VAPID credentials in the authorization header do not correspond to the credentials"
    )

    assert isinstance(error_of(403, words), BadAddress)
    assert isinstance(error_of(403, b'{"reason":"BadJwtToken"}'), BadCredentials)


def test_what_is_not_known_is_not_guessed():
    assert type(error_of(418)) is UnknownReply


def test_the_id_is_the_last_part_of_the_messages_own_address():
    made = ADAPTER.receipt(HttpResponse(201, {"location": "https://push.example/m/abc"}, b""))

    assert (made.provider_id, made.state) == ("abc", "sent")


def test_too_much_data_is_refused():
    with pytest.raises(Permanent):
        ADAPTER.request(outbound(extra={"data": {"x": "y" * 4000}}))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"vapid_private_key": "word"}, "vapid_private_key"),
        ({"vapid_public_key": VECTOR["ua_public"]}, "vapid_public_key"),
        ({"subject": "it@salon.example"}, "subject"),
    ],
)
def test_a_wrong_key_pair_is_refused_before_it_is_stored(change, field):
    assert list(WebPushAdapter.check({**ACCOUNT, **change})) == [field]
    assert WebPushAdapter.check(ACCOUNT) == {}
