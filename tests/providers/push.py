"""Push services over HTTP/1.1: FCM with its token endpoint, and a browser's own push service.

Web Push is proved by reading it: the fake holds the browser's keys and decrypts as RFC 8291 says.
"""

from __future__ import annotations

import base64
import json
import re
import struct
import time
from collections.abc import Sequence
from functools import cache
from typing import Any

import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.providers.fake import Fake, Letter, Refusal, need
from tests.providers.server import Call, Reply, as_json

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_LIFE_S = 3600
TYPE = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


@cache
def google_key() -> rsa.RSAPrivateKey:
    """Give the key of the service account."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def fcm_error(
    status: int, name: str, code: str = "", words: str = "", wait_s: int | None = None
) -> Reply:
    """Write an error of Google's: details name FCM's own code."""
    error: dict[str, Any] = {"code": status, "message": words or name, "status": name}
    if code:
        error["details"] = [{"@type": TYPE, "errorCode": code}]
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    return as_json(status, {"error": error}, headers)


def violation(field: str) -> Reply:
    """Write the 400 about a field of the message."""
    words = f"Invalid value at '{field}' (TYPE_STRING), 12"
    detail = {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": field, "description": words}],
    }
    error = {"code": 400, "message": words, "status": "INVALID_ARGUMENT", "details": [detail]}
    return as_json(400, {"error": error})


class Fcm(Fake):
    """HTTP v1: one token per request, up to 4096 bytes, data of strings only."""

    name = "fcm"
    project = "salon-app"
    email = "push@salon-app.iam.gserviceaccount.com"
    access_token = "ya29.FCM-ACCESS-TOKEN"
    failure = fcm_error(500, "INTERNAL", "INTERNAL")
    refusals = {
        "throttle": fcm_error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", wait_s=60),
        "throttle_503": fcm_error(503, "UNAVAILABLE", "UNAVAILABLE", wait_s=30),
        "gone": fcm_error(404, "NOT_FOUND", "UNREGISTERED"),
        "sender": fcm_error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
        "address": fcm_error(
            400,
            "INVALID_ARGUMENT",
            "INVALID_ARGUMENT",
            "The registration token is not a valid FCM registration token",
        ),
        "content": violation("message.data[0].value"),
        "apns_key": fcm_error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
        "disabled": fcm_error(403, "PERMISSION_DENIED", "", "API has not been used in project"),
    }

    @classmethod
    def service_account(cls, base: str, email: str = email) -> str:
        """Write the JSON file that Google gives to a project."""
        key = google_key().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        account = {"type": "service_account", "project_id": cls.project, "client_email": email}
        return json.dumps({**account, "private_key": key.decode(), "token_uri": f"{base}/token"})

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        if call.path == "/token":
            return self._token(call)
        denied = fcm_error(401, "UNAUTHENTICATED", "", "Request had invalid credentials.")
        need(call.bearer == self.access_token, "token", denied)
        unknown = fcm_error(404, "NOT_FOUND", "", "no such method")
        need(call.path == f"/v1/projects/{self.project}/messages:send", "path", unknown)
        need(call.content_type == "application/json", "content type", violation("content type"))
        body = call.json()
        message = body["message"]
        targets = [name for name in ("token", "fid", "topic", "condition") if name in message]
        need(len(targets) == 1, "one target", violation("message"))
        need(len(call.body) <= 4096 + 1024, "size", violation("message.size"))
        data = message.get("data", {})
        need(all(isinstance(value, str) for value in data.values()), "data", violation("data"))
        reserved = any(name == "from" or name.startswith(("google", "gcm")) for name in data)
        need(not reserved, "reserved key", violation("data"))
        if body.get("validate_only"):
            return as_json(200, {"name": f"projects/{self.project}/messages/fake_message_id"})
        text = message.get("notification", {}).get("body", "") or json.dumps(data)
        return [Letter(message[targets[0]], text)]

    def _token(self, call: Call) -> Reply:
        denied = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        form = call.form()
        need(form.get("grant_type") == GRANT, "grant_type", as_json(400, denied))
        host = f"http://{call.headers['host']}{call.url}"
        try:
            claims = jwt.decode(
                form["assertion"], google_key().public_key(), algorithms=["RS256"], audience=host
            )
        except jwt.InvalidTokenError as error:
            raise Refusal(f"assertion: {error}", as_json(400, denied)) from error
        if claims["iss"].partition("@")[0] in {"lost", "reset"}:
            return Reply(200, b"", fate=claims["iss"].partition("@")[0])
        need(claims["iss"] == self.email, "iss", as_json(400, denied))
        need(claims["scope"] == SCOPE, "scope", as_json(400, {"error": "invalid_scope"}))
        need(claims["exp"] - claims["iat"] <= TOKEN_LIFE_S, "exp", as_json(400, denied))
        answer = {"access_token": self.access_token, "expires_in": 3599, "token_type": "Bearer"}
        return as_json(200, answer)

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        return as_json(200, {"name": f"projects/{self.project}/messages/0:{len(self.letters)}"})


def padded(text: str) -> bytes:
    """Decode base64url without its padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def unpadded(raw: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """Write a public key as the 65 bytes of its point."""
    return key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


class WebPush(Fake):
    """A push service and the browser behind it: RFC 8030, 8188, 8291, 8292."""

    name = "web_push"
    browser = ec.derive_private_key(0xB0B, ec.SECP256R1())
    vapid = ec.derive_private_key(0xA11CE, ec.SECP256R1())
    auth = b"sixteen bytes :)"
    origin = "https://updates.push.services.mozilla.com"
    failure = Reply(500)
    refusals = {
        "throttle": Reply(429, b"", {"Retry-After": "7"}),
        "throttle_503": Reply(503, b"", {"Retry-After": "20"}),
        "gone": Reply(410),
        "unknown": Reply(404),
        "content": Reply(400),
        "too_large": Reply(413),
        "denied": Reply(401),
        "key_mismatch": as_json(403, {"reason": "BadJwtToken"}),
    }

    @classmethod
    def vapid_keys(cls, key: ec.EllipticCurvePrivateKey = vapid) -> dict[str, str]:
        """Write a key pair as the salon's site subscribes its clients with."""
        private = key.private_numbers().private_value.to_bytes(32, "big")
        public = point(key.public_key())
        return {"vapid_private_key": unpadded(private), "vapid_public_key": unpadded(public)}

    @classmethod
    def subscription(cls, number: int) -> str:
        """Write what the browser gives to the page."""
        endpoint = f"{cls.origin}/wpush/v2/{number}"
        keys = {"p256dh": unpadded(point(cls.browser.public_key())), "auth": unpadded(cls.auth)}
        return json.dumps({"endpoint": endpoint, "keys": keys})

    def read(self, call: Call) -> Sequence[Letter]:
        need(call.method == "POST", "method", Reply(405))
        self._check_vapid(call)
        need(call.headers.get("ttl", "").isdigit(), "TTL", Reply(400))
        urgency = call.headers.get("urgency", "normal")
        need(urgency in {"very-low", "low", "normal", "high"}, "Urgency", Reply(400))
        topic = call.headers.get("topic", "")
        need(re.fullmatch(r"[A-Za-z0-9_-]{0,32}", topic), "Topic", Reply(400))
        need(call.headers.get("content-encoding") == "aes128gcm", "encoding", Reply(400))
        need(len(call.body) <= 4096, "size", Reply(413))
        return [Letter(call.path.rpartition("/")[2], self._decrypt(call.body).decode())]

    def _check_vapid(self, call: Call) -> None:
        given = call.headers.get("authorization", "")
        parts = dict(re.findall(r"([tk])=([^,\s]+)", given))
        need(given.lower().startswith("vapid ") and len(parts) == 2, "vapid", Reply(401))
        known = padded(parts["k"]) == point(self.vapid.public_key())
        need(known, "another VAPID key", self.refusals["key_mismatch"])
        try:
            claims = jwt.decode(
                parts["t"], self.vapid.public_key(), algorithms=["ES256"], audience=self.origin
            )
        except jwt.InvalidTokenError as error:
            raise Refusal(f"vapid: {error}", self.refusals["key_mismatch"]) from error
        need(claims["exp"] - time.time() <= 24 * 3600, "exp", self.refusals["key_mismatch"])
        need(claims["sub"].startswith(("mailto:", "https:")), "sub", self.refusals["key_mismatch"])

    def _decrypt(self, body: bytes) -> bytes:
        salt, (size, length) = body[:16], struct.unpack("!LB", body[16:21])
        sender, record = body[21 : 21 + length], body[21 + length :]
        need(len(record) <= size, "one record", Reply(400))
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self.browser.exchange(ec.ECDH(), theirs)
        about = b"WebPush: info\0" + point(self.browser.public_key()) + sender
        secret = _expand(shared, self.auth, about, 32)
        key = _expand(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _expand(secret, salt, b"Content-Encoding: nonce\0", 12)
        try:
            padded_text = AESGCM(key).decrypt(nonce, record, None)
        except InvalidTag as error:
            raise Refusal("the browser cannot read it", Reply(400)) from error
        text, _, _ = padded_text.rpartition(b"\2")
        return text

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        return Reply(201, b"", {"Location": f"https://push.example/m/{len(self.letters)}"})


def _expand(key: bytes, salt: bytes, about: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, about).derive(key)
