"""Web Push: push to browsers, straight through their makers' push services.

RFC 8030 (the call), RFC 8291 (encryption), RFC 8292 (VAPID, who we are); read 2026-11.
Limits: 3993 bytes before encryption. 201 means that the push service took it; it tells no more.
An address is the browser's subscription as JSON; tenants.addressing writes its one form.
A subscription is bound to the account's key pair for ever: with a new pair all are dead.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from channels.adapters.web_push_encryption import (
    MOST_PLAIN_BYTES,
    Curve,
    encrypt,
    public_bytes,
    read_private_key,
    unpadded,
)
from channels.contract import Adapter, ChannelKind, Outbound, Receipt
from channels.errors import (
    BadAddress,
    BadCredentials,
    DeliveryError,
    Permanent,
    RateLimited,
    Temporary,
)
from channels.provider_words import Meaning, Refusal, error_for
from channels.push import Push, push_of, short_key
from channels.request import HttpRequest, HttpResponse

#: Whom a subscription may name; the same list as tenants.addressing.PUSH_HOSTS.
PUSH_HOSTS = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "web.push.apple.com",
    ".notify.windows.com",
)
VAPID_S = 12 * 3600  # a token may live a day
VAPID_SLOT_S = 3600  # signed once an hour for each push service
LONGEST_WORDS = 500

#: Status, with words of the body where the same status means two things -> meaning.
MEANINGS = (
    Meaning(BadAddress, status=404),
    Meaning(BadAddress, status=410),
    # Google and Mozilla: the subscription was made with another key pair; others are fine.
    Meaning(BadAddress, status=403, words="do not correspond"),
    Meaning(BadAddress, status=401, words="public key mismatch"),
    Meaning(BadCredentials, status=401),
    Meaning(BadCredentials, status=403),
    Meaning(Permanent, status=400),
    Meaning(Permanent, status=413),
    Meaning(RateLimited, status=429, scope="address"),  # RFC 8030, 8.4: of one browser
    Meaning(Temporary, status=500),
    Meaning(Temporary, status=503),
)

NOT_KEY = "must be a VAPID key of 32 bytes in base64url"
NOT_PAIR = "does not belong to the private key"
NOT_SUBJECT = "must be an address that begins with mailto: or https://"


class WebPushAdapter(Adapter):
    """One VAPID key pair. subject: where push services find a person, mailto: or https:.

    api_base: takes the place of the push services' own hosts, for a relay.
    clock: unix time of the signature.
    """

    provider = "web_push"
    kinds = frozenset({ChannelKind.PUSH})
    fields = {
        "vapid_private_key": True,
        "vapid_public_key": False,
        "subject": False,
        "api_base": False,
    }
    optional = frozenset({"api_base"})
    hints = {
        "vapid_public_key": (
            "Этот же ключ сайт передаёт в pushManager.subscribe как applicationServerKey.",
            "The site gives the same key to pushManager.subscribe as applicationServerKey.",
        ),
        "vapid_private_key": (
            "Не меняйте его: подписки клиентов привязаны к нему навсегда.",
            "Never change it: the clients' subscriptions are bound to it for ever.",
        ),
        "subject": ("Например mailto:it@salon.ru.", "Such as mailto:it@salon.example."),
    }
    address_kinds = ("web_push",)
    clock: ClassVar[Callable[[], float]] = time.time

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        wrong = {}
        subject = credentials.get("subject", "")
        if subject and not _is_subject(subject):
            wrong["subject"] = NOT_SUBJECT
        try:
            public = unpadded(credentials.get("vapid_public_key", ""))
            private = read_private_key(credentials.get("vapid_private_key", ""))
        except ValueError:
            return wrong | {"vapid_private_key": NOT_KEY}
        if public != public_bytes(private):
            wrong["vapid_public_key"] = NOT_PAIR
        return wrong

    def request(self, outbound: Outbound) -> HttpRequest:
        browser = _subscription(outbound.address)
        push = push_of(outbound)
        return HttpRequest(
            method="POST",
            url=self._url(browser.endpoint),
            headers={
                "Content-Type": "application/octet-stream",
                "Content-Encoding": "aes128gcm",
                "Authorization": self._vapid(browser.origin),
                "TTL": str(push.ttl_s),
                "Urgency": "high" if outbound.category == "tx" else "normal",
                "Topic": short_key(push.collapse_key.replace("-", ""), 32),
            },
            body=_encrypted(_payload(push), browser),
        )

    def receipt(self, response: HttpResponse) -> Receipt:
        if response.status in {200, 201, 202}:
            # The path of the message's own address; the whole one would let anyone delete it.
            made = response.headers.get("location", "").rstrip("/").rpartition("/")[2]
            return Receipt(provider_id=made[:200], raw=json.dumps({"status": response.status}))
        raise _refusal(response, now=type(self).clock())

    def _url(self, endpoint: str) -> str:
        base = self.credentials.get("api_base", "").rstrip("/")
        parts = urlsplit(endpoint)
        path = parts._replace(scheme="", netloc="").geturl()
        return f"{base}{path}" if base else endpoint

    def _vapid(self, origin: str) -> str:
        slot = int(type(self).clock()) // VAPID_SLOT_S
        private = self.credentials["vapid_private_key"]
        token = _signed(private, self.credentials["subject"], origin, slot)
        public = self.credentials["vapid_public_key"].rstrip("=")
        return f"vapid t={token}, k={public}"


@dataclass(frozen=True, slots=True, repr=False)
class _Subscription:
    endpoint: str
    origin: str
    public: bytes
    auth: bytes


def _subscription(address: str) -> _Subscription:
    """Read an address; whatever was stored, nobody but a push service is called."""
    try:
        given = json.loads(address)
        keys, parts = given["keys"], urlsplit(given["endpoint"])
        found = _Subscription(
            endpoint=given["endpoint"],
            origin=f"https://{parts.hostname}",
            public=unpadded(keys["p256dh"]),
            auth=unpadded(keys["auth"]),
        )
        is_allowed = parts.scheme == "https" and parts.port in {None, 443} and not parts.username
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise BadAddress("this is no browser's subscription", scope="address") from error
    if not (is_allowed and _is_push_host(parts.hostname or "")):
        raise BadAddress("the subscription names no known push service", scope="address")
    return found


def _is_push_host(host: str) -> bool:
    return any(host == known or (known[0] == "." and host.endswith(known)) for known in PUSH_HOSTS)


def _payload(push: Push) -> bytes:
    """Write what the site's service worker reads."""
    shown: dict[str, Any] = {
        "title": push.title,
        "body": push.text,
        "image": push.image_url,
        "url": push.click_url,
        "badge": push.badge,
        "tag": push.collapse_key,
        "actions": [
            {"title": button.text, "url": button.url, "action": button.action}
            for button in push.buttons
        ],
        "data": dict(push.data),
    }
    kept = {name: value for name, value in shown.items() if value not in ("", None, [])}
    plain = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()
    if len(plain) > MOST_PLAIN_BYTES:
        raise Permanent(f"the push is longer than {MOST_PLAIN_BYTES} bytes")
    return plain


def _encrypted(plain: bytes, browser: _Subscription) -> bytes:
    once, salt = ec.generate_private_key(Curve), os.urandom(16)
    keys = {"public": browser.public, "auth": browser.auth}
    try:
        return encrypt(plain, **keys, private_key=once, salt=salt)
    except ValueError as error:
        raise BadAddress("the subscription's key is no key", scope="address") from error


@lru_cache(maxsize=1024)
def _signed(private: str, subject: str, origin: str, slot: int) -> str:
    """Sign who we are, for one push service and hour."""
    claims = {"aud": origin, "exp": slot * VAPID_SLOT_S + VAPID_S, "sub": subject}
    try:
        key = read_private_key(private)
    except ValueError as error:
        raise BadCredentials("vapid_private_key is not 32 bytes in base64url") from error
    return jwt.encode(claims, key, algorithm="ES256")


def _refusal(response: HttpResponse, *, now: float) -> DeliveryError:
    words = response.body[:LONGEST_WORDS].decode(errors="replace")
    refusal = Refusal(response.status, words=words, headers=response.headers)
    return error_for(refusal, MEANINGS, now=now)


def _is_subject(subject: str) -> bool:
    scheme, _, rest = subject.partition(":")
    if scheme == "mailto":
        return "@" in rest and not set(rest) & set(" <>")
    return scheme == "https" and bool(urlsplit(subject).hostname)
