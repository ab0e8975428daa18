"""Apple's push service: HTTP/2, an ES256 token that is kept, one device per call."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.providers.fake import Fake, Letter, need
from tests.providers.server import Call, Reply, as_json

DEVICE = re.compile(r"[0-9a-fA-F]{64,200}")
TOKEN_LIFE_S = 3600
NAMED = "EC1BF194-B3B2-424A-89A9-5A918A6E6B5D"  # where the caller gave no apns-id
KINDS = {"alert", "background", "location", "voip", "complication", "fileprovider", "mdm"}


def reason(status: int, word: str, **more: Any) -> Reply:
    """Write an error of APNs."""
    return as_json(status, {"reason": word, **more}, {"apns-id": NAMED})


class Apns(Fake):
    """/3/device/<token> with apns-topic; a token of an hour, not renewed within 20 minutes."""

    name = "apns"
    key_id, team_id, topic = "ABC123DEFG", "TEAM123456", "com.salon.app"
    key = ec.derive_private_key(0xA991E, ec.SECP256R1())
    failure = reason(500, "InternalServerError")
    refusals = {
        "throttle": reason(429, "TooManyRequests"),
        "token_updates": reason(429, "TooManyProviderTokenUpdates"),
        "shutdown": reason(503, "Shutdown"),
        "idle": reason(400, "IdleTimeout"),
        "gone": reason(410, "Unregistered", timestamp=1795160000000),
        "expired": reason(410, "ExpiredToken"),
        "address": reason(400, "BadDeviceToken"),
        "other_app": reason(400, "DeviceTokenNotForTopic"),
        "content": reason(400, "PayloadEmpty"),
        "too_large": reason(413, "PayloadTooLarge"),
        "priority": reason(400, "BadPriority"),
        "topic": reason(400, "TopicDisallowed"),
        "environment": reason(403, "BadEnvironmentKeyIdInToken"),
    }

    @classmethod
    def p8(cls, key: ec.EllipticCurvePrivateKey = key) -> str:
        """Write the key file that Apple gives to a team."""
        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def read(self, call: Call) -> Sequence[Letter]:
        need(call.method == "POST", "method", reason(405, "MethodNotAllowed"))
        self._check_token(call.headers.get("authorization", ""))
        device = call.path.removeprefix("/3/device/")
        need(DEVICE.fullmatch(device), "device", self.refusals["address"])
        headers = call.headers
        need(headers.get("apns-topic") == self.topic, "topic", self.refusals["topic"])
        kind = headers.get("apns-push-type")
        need(kind in KINDS, "push type", reason(400, "InvalidPushType"))
        priority = headers.get("apns-priority", "10")
        need(priority in {"1", "5", "10"}, "priority", self.refusals["priority"])
        bad_date, bad_key = reason(400, "BadExpirationDate"), reason(400, "BadCollapseId")
        need(headers.get("apns-expiration", "0").isdigit(), "expiration", bad_date)
        need(len(headers.get("apns-collapse-id", "")) <= 64, "collapse", bad_key)
        need(len(call.body) <= 4096, "size", self.refusals["too_large"])
        aps = json.loads(call.body or b"{}").get("aps")
        need(aps, "payload", self.refusals["content"])
        alert = aps.get("alert", "")
        text = alert.get("body", "") if isinstance(alert, dict) else alert
        return [Letter(device, text, headers.get("apns-id", ""))]

    def _check_token(self, given: str) -> None:
        scheme, _, token = given.partition(" ")
        need(scheme.lower() == "bearer" and token, "token", reason(403, "MissingProviderToken"))
        invalid = reason(403, "InvalidProviderToken")
        try:
            head = jwt.get_unverified_header(token)
            claims = jwt.decode(token, self.key.public_key(), algorithms=["ES256"])
        except jwt.InvalidTokenError:
            claims, head = {}, {}
        need(head.get("kid") == self.key_id, "kid", invalid)
        need(claims.get("iss") == self.team_id, "iss", invalid)
        is_fresh = 0 <= time.time() - claims.get("iat", 0) + 60 < TOKEN_LIFE_S
        need(is_fresh, "age", reason(403, "ExpiredProviderToken"))

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        return Reply(200, b"", {"apns-id": letters[0].id or NAMED})
