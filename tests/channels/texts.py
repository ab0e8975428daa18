"""An SMS for every provider, and how to read it back from the provider's own fields."""

from __future__ import annotations

import json
from types import SimpleNamespace
from urllib.parse import parse_qsl

from channels.contract import Button, Content, Outbound
from channels.registry import ADAPTERS

MESSAGE_ID = "0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44"
SECRET = "a-secret-of-the-salon-5521"
CREDENTIALS = {
    "twilio": {"account_sid": "AC0a", "auth_token": SECRET, "sender": "+15005550006"},
    "smsc": {"login": "salon", "password": SECRET, "sender": "SALON"},
    "smsaero": {"email": "salon@beauty.example", "api_key": SECRET, "sender": "SALON"},
    "smsru": {"api_id": SECRET, "sender": "SALON"},
    "sns": {
        "access_key_id": "AKID",
        "secret_access_key": SECRET,
        "region": "eu-west-1",
        "sender": "SALON",
    },
}
NAMES = list(CREDENTIALS)
CONTENT = Content(
    "Анна, ждём вас завтра", buttons=(Button("Отменить", "https://salon.example/c/5fK2"),)
)


def adapter(name, **changes):
    return ADAPTERS[name]({**CREDENTIALS[name], **changes})


def outbound(content=CONTENT, address="+79161234567", category="tx", ttl_s=None, **extra):
    return Outbound(MESSAGE_ID, "sms", address, content, "ru", category, ttl_s, extra)


def fields(request):
    """Read the body's fields, form or JSON."""
    if request.headers["Content-Type"] == "application/json":
        return json.loads(request.body)
    return dict(parse_qsl(request.body.decode()))


def read(name, request):
    """Give number, text and sender of a written request."""
    body = fields(request)
    keys = {
        "twilio": ("To", "Body", "From"),
        "smsc": ("phones", "mes", "sender"),
        "smsaero": ("number", "text", "sign"),
        "smsru": ("to", "msg", "from"),
        "sns": ("PhoneNumber", "Message", "MessageAttributes.entry.2.Value.StringValue"),
    }[name]
    return SimpleNamespace(**dict(zip(("to", "text", "sender"), map(body.get, keys), strict=True)))
