"""What do Twilio's status callbacks tell, and did Twilio sign them?

https://www.twilio.com/docs/usage/webhooks/webhooks-security and
.../docs/messaging/guides/track-outbound-message-status, read 2026-11: HMAC-SHA1, under the auth
token of the account, of the address as it was called and all fields of the form in order. Reports
come in any order. What clients write to a number comes to the same address when it is set there.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from channels.adapters.callback_reading import MESSAGE, amount, digest, form_of, prove, raw_of, same
from channels.adapters.fates import (
    CANCELED,
    DELIVERED,
    FAILED,
    READ,
    SENT,
    Fate,
    Report,
)
from channels.told import Callback, InboundEvent, Told

SIGNATURE = "x-twilio-signature"
PORTS = {"https": 443, "http": 80}
RECEIVED = "received"

STATES: Mapping[str, Fate] = {
    "accepted": SENT,
    "scheduled": SENT,
    "queued": SENT,
    "sending": SENT,
    "sent": SENT,
    "partially_delivered": SENT,
    "delivered": DELIVERED,
    "read": READ,
    "canceled": CANCELED,
    "undelivered": FAILED,
    "failed": FAILED,
}


def form(callback: Callback, auth_token: str) -> Mapping[str, str]:
    """Give the fields of a proven call; raises BadSignature."""
    fields = form_of(callback.body)
    told = "".join(f"{name}{fields[name]}" for name in sorted(fields))
    signature = callback.headers.get(SIGNATURE, "")
    addresses = _addresses(callback.url)
    prove(any(same(signature, _signed(auth_token, one + told)) for one in addresses))
    return fields


def is_client(fields: Mapping[str, str]) -> bool:
    """Ask whether a client wrote, to a number that brings her words here."""
    return fields.get("SmsStatus") == RECEIVED and "From" in fields


def heard(fields: Mapping[str, str]) -> Sequence[Told]:
    """Give what a client wrote."""
    sid = fields.get("MessageSid", "")
    told = InboundEvent(
        key=sid,
        kind="text",
        address=fields["From"],
        value=fields.get("Body", ""),
        raw=raw_of(status=RECEIVED, sid=sid),
    )
    return [told]


def reported(fields: Mapping[str, str], query: Mapping[str, str], fate: Fate) -> Told:
    """Say what became of a message."""
    names = ("MessageSid", "MessageStatus", "ErrorCode", "Price")
    return Report(
        key=digest(*(fields.get(name, "") for name in names)),
        provider_id=fields.get("MessageSid", ""),
        raw=raw_of(status=fields.get("MessageStatus"), code=fields.get("ErrorCode")),
        message_id=query.get(MESSAGE, ""),
        address=fields.get("To", ""),
        cost=amount(fields.get("Price", "")),
        currency=fields.get("PriceUnit", ""),
    ).told(fate)


def _signed(auth_token: str, text: str) -> str:
    prove(bool(auth_token))
    made = hmac.new(auth_token.encode(), text.encode("utf-8", "replace"), hashlib.sha1)
    return b64encode(made.digest()).decode()


def _addresses(url: str) -> list[str]:
    """Write the address with the port and without: Twilio signs either."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return [url]
    host = parts.netloc
    with_port = f"{host}:{PORTS.get(parts.scheme, 443)}"
    other = with_port if port is None else host.rpartition(":")[0]
    return [url, parts._replace(netloc=other).geturl()]
