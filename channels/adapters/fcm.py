"""Firebase Cloud Messaging: push to Android, and through Google to iPhones and browsers.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages, error codes from
https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode (HTTP v1, read 2026-11).
Limits: 600,000 calls a minute and project, 240 a minute and device; 4096 bytes of payload; one
device per call. "Sent" is final: Google gives no receipts over HTTP.
An address is a registration token, or a Firebase installation id as "fid:<id>".
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, ClassVar
from urllib.parse import urlencode

import jwt

from channels import fields as rules
from channels.answers import json_object, objects
from channels.contract import Adapter, ChannelKind, Exchange, Outbound, Rate, Receipt, TokenCall
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    DeliveryError,
    Permanent,
    RateLimited,
    Temporary,
    Unsupported,
)
from channels.provider_words import Meaning, Refusal, error_for
from channels.push import Push, push_of, short_key
from channels.request import HttpRequest, HttpResponse

API = "https://fcm.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SLOT_S = 1800  # an assertion lives an hour; signing one takes a millisecond
TOKEN_MARGIN_S = 600.0  # of the hour that an access token lives
THROTTLED_S = 60.0  # "at least a minute" where Retry-After is missing

#: details[].errorCode, or status where there is none -> what it means.
MEANINGS = (
    Meaning(BadAddress, code="UNREGISTERED"),
    Meaning(BadAddress, code="SENDER_ID_MISMATCH"),  # a token of another project
    Meaning(BadAddress, code="INVALID_ARGUMENT", words="registration token"),
    Meaning(Permanent, code="INVALID_ARGUMENT"),
    Meaning(BadCredentials, code="THIRD_PARTY_AUTH_ERROR"),
    Meaning(BadCredentials, code="UNAUTHENTICATED"),
    Meaning(BadCredentials, code="PERMISSION_DENIED"),
    Meaning(RateLimited, code="QUOTA_EXCEEDED", wait_s=THROTTLED_S),
    Meaning(RateLimited, code="RESOURCE_EXHAUSTED", wait_s=THROTTLED_S),
    Meaning(Temporary, code="INTERNAL"),
    Meaning(Temporary, code="UNAVAILABLE"),
)
#: `error` of the token service (RFC 6749, 5.2): the account is wrong, deleted or not allowed.
REFUSED_GRANTS = frozenset(
    {"invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope", "invalid_request"}
)


class FcmAdapter(Adapter):
    """One Firebase project, by its service account's JSON key.

    clock: unix time of the assertion; the one thing that is not in the arguments.
    """

    provider = "fcm"
    kinds = frozenset({ChannelKind.PUSH})
    fields = {"service_account": True, "api_base": False}
    optional = frozenset({"api_base"})
    hints = {
        "service_account": (
            "Файл JSON из Firebase: Настройки проекта, Сервисные аккаунты, Создать ключ.",
            "The JSON file from Firebase: Project settings, Service accounts, Generate key.",
        )
    }
    address_kinds = ("fcm",)
    rates = (Rate("address", 240, 60.0), Rate("account", 600_000, 60.0))
    has_steps = True
    clock: ClassVar[Callable[[], float]] = time.time

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        is_key = rules.is_json_key("project_id", "client_email", "private_key", "token_uri")
        return rules.faults(credentials, service_account=is_key)

    def request(self, outbound: Outbound) -> HttpRequest:
        raise Unsupported("fcm is sent in steps")

    def exchange(self, outbound: Outbound) -> Exchange:
        token = yield self._token()
        response = yield self._call(outbound, token)
        if response.status == 401 and "THIRD_PARTY" not in _code(response):
            token = yield self._token(refused=token)
            response = yield self._call(outbound, token)
        return self.receipt(response)

    def receipt(self, response: HttpResponse) -> Receipt:
        answer = json_object(response) or {}
        if response.status == 200 and isinstance(answer.get("name"), str):
            return Receipt(provider_id=answer["name"], raw=json.dumps({"status": 200}))
        raise _refusal(response, now=type(self).clock())

    def probe(self) -> HttpRequest:
        return self._token_request()

    def read_probe(self, response: HttpResponse) -> None:
        _read_token(response)

    def _token(self, refused: str = "") -> TokenCall:
        name = f"access-{_account(self.credentials['service_account']).key_id[:16]}"
        return TokenCall(name, self._token_request(), _read_token, refused)

    def _token_request(self) -> HttpRequest:
        text = self.credentials["service_account"]
        slot = int(type(self).clock()) // ASSERTION_SLOT_S
        form = {"grant_type": GRANT, "assertion": _assertion(text, slot)}
        return HttpRequest(
            method="POST",
            url=_account(text).token_uri,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
            sends=False,
        )

    def _call(self, outbound: Outbound, token: str) -> HttpRequest:
        base = (self.credentials.get("api_base") or API).rstrip("/")
        project = _account(self.credentials["service_account"]).project_id
        body = {"message": _message(outbound, now=type(self).clock()), "validate_only": False}
        return HttpRequest(
            method="POST",
            url=f"{base}/v1/projects/{project}/messages:send",
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
            body=json.dumps(body, ensure_ascii=False).encode(),
        )


@dataclass(frozen=True, slots=True, repr=False)
class _ServiceAccount:
    project_id: str
    client_email: str
    private_key: str
    key_id: str
    token_uri: str


@lru_cache(maxsize=1024)
def _account(text: str) -> _ServiceAccount:
    try:
        key = json.loads(text)
        return _ServiceAccount(
            project_id=key["project_id"],
            client_email=key["client_email"],
            private_key=key["private_key"],
            key_id=str(key.get("private_key_id", "")),
            token_uri=key["token_uri"],
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise BadCredentials("service_account is not the JSON key of a service account") from error


@lru_cache(maxsize=1024)
def _assertion(text: str, slot: int) -> str:
    """Sign the request for a token (RFC 7523), once in half an hour."""
    account, issued_at = _account(text), slot * ASSERTION_SLOT_S
    claims = {
        "iss": account.client_email,
        "scope": SCOPE,
        "aud": account.token_uri,
        "iat": issued_at,
        "exp": issued_at + 3600,
    }
    headers = {"kid": account.key_id} if account.key_id else None
    try:
        return jwt.encode(claims, account.private_key, algorithm="RS256", headers=headers)
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise BadCredentials("the service account's private key cannot be used") from error


def _read_token(response: HttpResponse | None) -> tuple[str, float]:
    answer = json_object(response) or {}
    token, lives_s = answer.get("access_token"), answer.get("expires_in")
    if isinstance(token, str) and token and isinstance(lives_s, int):
        return token, max(60.0, lives_s - TOKEN_MARGIN_S)
    status = response.status if response else 0
    word = str(answer.get("error", ""))
    if word in REFUSED_GRANTS or status in {401, 403}:
        raise BadCredentials(f"{status} {word}: Google does not take the service account's key")
    raise Temporary(f"{status} no access token")


def _message(outbound: Outbound, *, now: float) -> dict[str, Any]:
    push = push_of(outbound)
    is_fid = outbound.address.startswith("fid:")
    target = {"fid" if is_fid else "token": outbound.address.removeprefix("fid:")}
    notification = {"title": push.title, "body": push.text, "image": push.image_url}
    return {
        **target,
        "notification": {name: text for name, text in notification.items() if text},
        "data": dict(push.data),
        "android": _android(push),
        "apns": _apns(push, now=now),
        "webpush": _webpush(push),
    }


def _android(push: Push) -> dict[str, Any]:
    shown: dict[str, Any] = {"tag": short_key(push.collapse_key, 64)}
    if push.badge is not None:
        shown["notification_count"] = push.badge
    block = {"priority": "HIGH", "ttl": f"{push.ttl_s}s", "notification": shown}
    # A device keeps at most four different keys, so our own id is none.
    return block | ({"collapse_key": push.collapse_key} if push.is_grouped else {})


def _apns(push: Push, *, now: float) -> dict[str, Any]:
    aps: dict[str, Any] = {"sound": "default"}
    aps |= {} if push.badge is None else {"badge": push.badge}
    aps |= {"mutable-content": 1} if push.image_url else {}
    block = {
        "headers": {
            "apns-priority": "10",
            "apns-collapse-id": short_key(push.collapse_key, 64),
            "apns-expiration": str(int(now) + push.ttl_s),
        },
        "payload": {"aps": aps},
    }
    return block | ({"fcm_options": {"image": push.image_url}} if push.image_url else {})


def _webpush(push: Push) -> dict[str, Any]:
    headers = {"TTL": str(push.ttl_s), "Urgency": "high", "Topic": short_key(push.collapse_key, 32)}
    options = {"link": push.click_url} if push.click_url.startswith("https://") else {}
    return {"headers": headers} | ({"fcm_options": options} if options else {})


def _refusal(response: HttpResponse, *, now: float) -> DeliveryError:
    if 200 <= response.status < 300:
        return Ambiguous(f"{response.status} with an unreadable answer")
    error = (json_object(response) or {}).get("error")
    fields = _violations(error) if isinstance(error, dict) else ""
    if fields:
        return Permanent(f"{response.status} {_code(response)} {fields}")
    words = str(error.get("message", "")) if isinstance(error, dict) else ""
    refusal = Refusal(response.status, _code(response), words, response.headers)
    return error_for(refusal, MEANINGS, now=now)


def _code(response: HttpResponse) -> str:
    """Read the finest word there is for what went wrong."""
    error = (json_object(response) or {}).get("error")
    if not isinstance(error, dict):
        return ""
    codes = [
        str(part["errorCode"]) for part in objects(error.get("details")) if "errorCode" in part
    ]
    return codes[0] if codes else str(error.get("status", ""))


def _violations(error: Mapping[str, Any]) -> str:
    """Name the fields that FCM refuses: its sentence quotes their values, which stay out."""
    lists = [objects(part.get("fieldViolations")) for part in objects(error.get("details"))]
    return ", ".join(str(one.get("field")) for one in chain.from_iterable(lists))[:200]
