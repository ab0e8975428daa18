"""Apple Push Notification service: push to a salon's own app on iPhones.

https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
and .../handling-notification-responses-from-apns (read 2026-11).
HTTP/2 only. Limits: 4096 bytes of payload; a provider token is made anew every 20 to 60 minutes.
An answer is 200 without a body, or {"reason", "timestamp" in ms with 410}.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import jwt

from channels import fields as rules
from channels.answers import json_object
from channels.contract import Adapter, ChannelKind, Exchange, Outbound, Receipt, TokenCall
from channels.errors import (
    BadAddress,
    BadCredentials,
    DeliveryError,
    Permanent,
    RateLimited,
    Temporary,
    Unsupported,
)
from channels.provider_words import Refusal, error_for
from channels.push import Push, push_of, short_key
from channels.request import HttpRequest, HttpResponse
from channels.retry_after import retry_after_s

LIVE = "https://api.push.apple.com"
SANDBOX = "https://api.sandbox.push.apple.com"
TOKEN_S = 2400.0  # 40 minutes: younger than 20 is refused as an update, older than 60 as expired
DEVICE_WAIT_S = 30.0  # TooManyRequests: of one device, without a number
UPDATES_WAIT_S = 60.0
#: The device that no one has: APNs looks at the account first, then finds the token bad.
NOBODY = "0" * 64

#: reason -> what it means.
REASONS: Mapping[str, type[DeliveryError]] = {
    "BadDeviceToken": BadAddress,  # also a token of the other environment
    "DeviceTokenNotForTopic": BadAddress,
    "Unregistered": BadAddress,
    "ExpiredToken": BadAddress,
    "ExpiredProviderToken": Temporary,  # again with a new one
    "InvalidProviderToken": BadCredentials,
    "MissingProviderToken": BadCredentials,
    "BadEnvironmentKeyIdInToken": BadCredentials,
    "BadEnvironmentKeyInToken": BadCredentials,
    "BadCertificate": BadCredentials,
    "BadCertificateEnvironment": BadCredentials,
    "Forbidden": BadCredentials,
    "BadTopic": BadCredentials,
    "MissingTopic": BadCredentials,
    "TopicDisallowed": BadCredentials,
    "BadCollapseId": Permanent,
    "BadExpirationDate": Permanent,
    "BadMessageId": Permanent,
    "BadPriority": Permanent,
    "DuplicateHeaders": Permanent,
    "InvalidPushType": Permanent,
    "MissingDeviceToken": Permanent,
    "PayloadEmpty": Permanent,
    "PayloadTooLarge": Permanent,
    "BadPath": Permanent,
    "MethodNotAllowed": Permanent,
    "TooManyRequests": RateLimited,
    "TooManyProviderTokenUpdates": RateLimited,
    "IdleTimeout": Temporary,
    "InternalServerError": Temporary,
    "ServiceUnavailable": Temporary,
    "Shutdown": Temporary,
}


class ApnsAdapter(Adapter):
    """One app. environment: "live" (the default), or "sandbox" for builds from Xcode.

    clock: unix time of tokens and expirations; the one thing that is not in the arguments.
    """

    provider = "apns"
    kinds = frozenset({ChannelKind.PUSH})
    fields = {
        "private_key": True,
        "key_id": False,
        "team_id": False,
        "bundle_id": False,
        "environment": False,
        "api_base": False,
    }
    optional = frozenset({"environment", "api_base"})
    hints = {
        "private_key": (
            "Содержимое файла AuthKey_….p8 из Apple Developer: Keys.",
            "What is in the file AuthKey_….p8 from Apple Developer: Keys.",
        ),
        "key_id": ("10 знаков, рядом с ключом.", "10 characters, beside the key."),
        "team_id": ("10 знаков, раздел Membership.", "10 characters, under Membership."),
        "bundle_id": ("Например com.salon.app.", "Such as com.salon.app."),
        "environment": (
            "live или sandbox; пусто: live.",
            "live or sandbox; empty: live.",
        ),
    }
    address_kinds = ("apns",)
    has_steps = True
    clock: ClassVar[Callable[[], float]] = time.time

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        return rules.faults(
            credentials,
            private_key=rules.is_pem_key,
            environment=rules.is_one_of("live", "sandbox"),
        )

    def request(self, outbound: Outbound) -> HttpRequest:
        raise Unsupported("apns is sent in steps")

    def exchange(self, outbound: Outbound) -> Exchange:
        token = yield self._token()
        response = yield self._call(outbound, token)
        if _reason(response) == "ExpiredProviderToken":
            token = yield self._token(refused=token)
            response = yield self._call(outbound, token)
        return self.receipt(response)

    def receipt(self, response: HttpResponse) -> Receipt:
        if response.status == 200:
            return Receipt(response.headers.get("apns-id", ""), raw=json.dumps({"status": 200}))
        raise _refusal(response, now=type(self).clock())

    def probe(self) -> HttpRequest:
        token, _ = self._minted(None)
        return self._post(NOBODY, token, {"aps": {}}, {}, sends=False)

    def read_probe(self, response: HttpResponse) -> None:
        """Take "this device does not exist" for a yes: the account was looked at before."""
        try:
            self.receipt(response)
        except (BadAddress, Permanent):
            return

    def _token(self, refused: str = "") -> TokenCall:
        whose = "/".join(self.credentials[name] for name in ("key_id", "team_id", "private_key"))
        name = f"jwt-{hashlib.sha256(whose.encode()).hexdigest()[:16]}"
        return TokenCall(name, None, self._minted, refused)

    def _minted(self, _: HttpResponse | None) -> tuple[str, float]:
        claims = {"iss": self.credentials["team_id"], "iat": int(type(self).clock())}
        headers = {"kid": self.credentials["key_id"]}
        key = self.credentials["private_key"]
        try:
            return jwt.encode(claims, key, algorithm="ES256", headers=headers), TOKEN_S
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise BadCredentials("private_key is not a key file (.p8) of Apple's") from error

    def _call(self, outbound: Outbound, token: str) -> HttpRequest:
        push = push_of(outbound)
        headers = {
            "apns-id": outbound.message_id,
            "apns-expiration": str(int(type(self).clock()) + push.ttl_s),
            "apns-collapse-id": short_key(push.collapse_key, 64),
        }
        return self._post(outbound.address, token, _payload(push), headers)

    def _post(
        self, device: str, token: str, payload: object, more: Mapping[str, str], sends: bool = True
    ) -> HttpRequest:
        is_sandbox = self.credentials.get("environment") == "sandbox"
        base = self.credentials.get("api_base") or (SANDBOX if is_sandbox else LIVE)
        return HttpRequest(
            method="POST",
            url=f"{base.rstrip('/')}/3/device/{device}",
            headers={
                "Content-Type": "application/json",
                "authorization": f"bearer {token}",
                "apns-topic": self.credentials["bundle_id"],
                "apns-push-type": "alert",
                "apns-priority": "10",
                **more,
            },
            body=json.dumps(payload, ensure_ascii=False).encode(),
            http2=True,
            sends=sends,
        )


def _payload(push: Push) -> dict[str, Any]:
    """Write Apple's part, and beside it what the app reads; `aps` is Apple's own word."""
    alert = {"title": push.title, "body": push.text}
    aps: dict[str, Any] = {
        "alert": {name: text for name, text in alert.items() if text},
        "sound": "default",
    }
    aps |= {} if push.badge is None else {"badge": push.badge}
    aps |= {"mutable-content": 1} if push.image_url else {}
    own = {"image_url": push.image_url} if push.image_url else {}
    return {**push.data, **own, "aps": aps}


def _reason(response: HttpResponse) -> str:
    return str((json_object(response) or {}).get("reason", ""))


def _refusal(response: HttpResponse, *, now: float) -> DeliveryError:
    reason = _reason(response)
    kind = REASONS.get(reason)
    if kind is None:
        return error_for(Refusal(response.status, reason, headers=response.headers), (), now=now)
    words = f"{response.status} {reason}"
    if kind is BadAddress:
        return _dead(response, words)
    told_s = retry_after_s(response.headers, now=now)
    if reason == "TooManyRequests":
        return RateLimited(words, retry_after_s=told_s or DEVICE_WAIT_S, scope="address")
    if kind is RateLimited:
        return RateLimited(words, retry_after_s=told_s or UPDATES_WAIT_S)
    return kind(words, retry_after_s=told_s)


def _dead(response: HttpResponse, words: str) -> BadAddress:
    """Tell since when the device is gone: a token that was registered later is a good one."""
    error = BadAddress(words, scope="address")
    since_ms = (json_object(response) or {}).get("timestamp")
    if isinstance(since_ms, int | float):
        error.dead_since = since_ms / 1000
    return error
