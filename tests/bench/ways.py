"""By which ways do salons of the bench send? One for each kind of channel, one more for mail.

An account's address holds the milliseconds after which the mock answers. `rate` raises the
published limit of an account so far that nothing waits for it; it is still counted.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.bench.provider import Provider

RATE = "99999"
_TOKEN = "1234567890:AAHbenchbenchbenchbenchbenchbenchben"
_SUBJECT = "Rosa [{{ run }}]"  # in ASCII, so that the mock finds the run in a letter's headers

Credentials = Mapping[str, str]


@dataclass(frozen=True)
class Way:
    """One kind of channel through one provider.

    name: in the figures. provider: "" where none is needed. address_kind, address: where clients
    are reached, as SQL over the client's number `p` and the salon's `c.chat`; "" for nowhere.
    account: the credentials, given the mock and the milliseconds.
    """

    name: str
    kind: str
    provider: str
    account: Callable[[Provider, int], Credentials]
    address_kind: str = ""
    address: str = ""
    title: str = ""


def telegram(url: str) -> Credentials:
    """Name a bot whose API is at this address."""
    return {"token": _TOKEN, "webhook_secret": "bench", "api_base": url, "rate": RATE}


def _sendgrid(mock: Provider, ms: int) -> Credentials:
    sender = {"from_address": "salon@rosa.example", "from_name": "Rosa"}
    return {"api_key": "bench-key", **sender, "api_base": mock.base(ms), "rate": RATE}


def _smtp(mock: Provider, ms: int) -> Credentials:
    place = {"host": "127.0.0.1", "port": str(mock.smtp_port), "security": "none"}
    return {**place, "from_address": f"{ms}@rosa.example", "from_name": "Rosa"}


def _smsru(mock: Provider, ms: int) -> Credentials:
    return {"api_id": "bench-key", "api_base": mock.base(ms), "rate": RATE}


def _fcm(mock: Provider, ms: int) -> Credentials:
    account = {
        "project_id": "bench",
        "client_email": "push@bench.example",
        "private_key": _private_key(),
        "private_key_id": f"bench-{ms}",
        "token_uri": f"{mock.base(ms)}/token",
    }
    return {"service_account": json.dumps(account), "api_base": mock.base(ms), "rate": RATE}


def _webhook(mock: Provider, ms: int) -> Credentials:
    secret = b64encode(b"thirty-two bytes for the bench..").decode()
    return {"url": f"{mock.base(ms)}/hook", "secret": f"whsec_{secret}", "rate": RATE}


@cache
def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


CHAT = Way(
    "chat",
    "chat",
    "telegram",
    lambda mock, ms: telegram(mock.base(ms)),
    address_kind="telegram",
    address="(c.chat + p)::text",
)
_MAIL = ("email", "'c' || p || '@mail.example'", _SUBJECT)
WAYS = (
    CHAT,
    Way("email", "email", "sendgrid", _sendgrid, *_MAIL),
    Way("email_smtp", "email", "smtp", _smtp, *_MAIL),
    Way("sms", "sms", "smsru", _smsru, "phone", "'+79' || lpad(p::text, 9, '0')"),
    Way("push", "push", "fcm", _fcm, "fcm", "'device-' || p", "Роза"),
    Way("webhook", "webhook", "webhook", _webhook),
    Way("in_app", "in_app", "", lambda _mock, _ms: {}),
)
