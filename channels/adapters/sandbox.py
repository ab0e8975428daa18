"""Sandbox: messages to the Phone, our own page that plays the client's phone, and back.

Both ways are JSON, signed as `kolokol-signature: t=<unix time>,v1=<hex>`: HMAC-SHA256 under the
integration's secret over "<direction>.<time>.<body>", so that a message cannot be replayed as a
callback. The Phone's faults are status codes with {"fault": ...}; see channels.phone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from channels.contract import Adapter, ChannelKind, Outbound, Place, Receipt
from channels.errors import (
    BadAddress,
    BadCredentials,
    DeliveryError,
    Permanent,
    Temporary,
    UnknownReply,
    WindowClosed,
)
from channels.request import HttpRequest, HttpResponse
from channels.told import BadSignature, Callback, InboundEvent, StatusEvent, Told

SIGNATURE = "kolokol-signature"
TO_PHONE, FROM_PHONE = "to-phone", "from-phone"
TOLERANCE_S = 300  # clocks of two machines, and a message that waited in a line
TIMEOUT_S = 15.0  # the slow phone answers after 10 s

#: What the Phone says instead of taking a message: (status, fault) -> what it means.
FAULTS: dict[tuple[int, str], type[DeliveryError]] = {
    (503, "no_network"): Temporary,
    (404, "not_registered"): BadAddress,
    (403, "blocked"): BadAddress,
    (409, "window_closed"): WindowClosed,
}
STATES = {"delivered", "read"}
INBOUND = {"button", "text", "start", "blocked", "unblocked"}


class SandboxAdapter(Adapter):
    """The Phone of one salon. The platform writes both fields, so the URL is trusted.

    clock: unix time for the signature; the one thing that is not in the arguments.
    """

    provider = "sandbox"
    kinds = frozenset(ChannelKind) - {ChannelKind.DESK}
    fields = {"url": False, "secret": True}
    place = Place.DOMESTIC
    is_idempotent = True  # the receiver knows a repeated message by its id
    address_kinds = (
        "telegram",
        "whatsapp",
        "max",
        "vk",
        "instagram",
        "phone",
        "email",
        "push",
        "fcm",
        "apns",
        "web_push",
        "slack",
        "discord",
        "teams",
        "mattermost",
        "ntfy",
        "url",
    )
    clock: ClassVar[Callable[[], float]] = time.time

    def request(self, outbound: Outbound) -> HttpRequest:
        content = outbound.content
        return self._post(
            {
                "type": "message",
                "id": outbound.message_id,
                "kind": str(outbound.kind),
                "address": outbound.address,
                "address_kind": str(outbound.extra.get("address_kind", "")),
                "language": outbound.language,
                "title": content.title,
                "body": content.body,
                "html": content.html,
                "image_url": content.image_url,
                "buttons": [
                    {"text": button.text, "url": button.url, "action": button.action}
                    for button in content.buttons
                ],
            }
        )

    def receipt(self, response: HttpResponse) -> Receipt:
        answer, status = _parse(response.body), response.status
        if status == 200:
            return Receipt(provider_id=str(answer.get("id", "")), raw=json.dumps({"status": 200}))
        fault = str(answer.get("fault", ""))
        if (status, fault) in FAULTS:
            raise FAULTS[status, fault](f"{status} {fault}", scope="address")
        if status >= 500:
            raise Temporary(str(status))
        if status in {401, 403, 404}:
            raise BadCredentials(f"{status} the Phone does not know this integration")
        if status in {400, 413}:
            raise Permanent(str(status))
        raise UnknownReply(str(status))

    def probe(self) -> HttpRequest:
        return self._post({"type": "probe"})

    def read_callback(self, callback: Callback) -> list[Told]:
        given = callback.headers.get(SIGNATURE, "")
        verify(self.credentials["secret"], FROM_PHONE, callback.body, given, now=type(self).clock())
        events = _parse(callback.body).get("events", [])
        return [event for event in map(_event, events) if event is not None]

    def acknowledge(self, event: InboundEvent, text: str) -> Sequence[HttpRequest]:
        if not event.message_id:
            return ()
        return [self._post({"type": "answer", "message_id": event.message_id, "text": text[:200]})]

    def _post(self, body: dict[str, Any]) -> HttpRequest:
        raw = json.dumps(body, ensure_ascii=False).encode()
        signature = sign(self.credentials["secret"], TO_PHONE, raw, now=type(self).clock())
        return HttpRequest(
            method="POST",
            url=self.credentials["url"],
            headers={"Content-Type": "application/json", SIGNATURE: signature},
            body=raw,
            timeout_s=TIMEOUT_S,
            trusted=True,
        )


def sign(secret: str, direction: str, body: bytes, *, now: float) -> str:
    """Write the signature header. direction: TO_PHONE or FROM_PHONE."""
    moment = int(now)
    return f"t={moment},v1={_digest(secret, direction, moment, body)}"


def verify(secret: str, direction: str, body: bytes, given: str, *, now: float) -> None:
    """Raise BadSignature unless this secret signed exactly this body within five minutes."""
    parts = dict(part.split("=", 1) for part in given.split(",") if "=" in part)
    moment = parts.get("t", "")
    if not (moment.isascii() and moment.isdecimal() and abs(now - int(moment)) <= TOLERANCE_S):
        raise BadSignature("the signature is missing or too old")
    expected = _digest(secret, direction, int(moment), body)
    if not secret or not hmac.compare_digest(expected.encode(), parts.get("v1", "").encode()):
        raise BadSignature("the signature is wrong")


def _digest(secret: str, direction: str, moment: int, body: bytes) -> str:
    text = f"{direction}.{moment}.".encode() + body
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def _event(event: dict[str, Any]) -> StatusEvent | InboundEvent | None:
    kind, key = event.get("type"), str(event.get("key", ""))
    message_id, raw = str(event.get("message_id", "")), json.dumps({"type": kind})
    if kind in STATES:
        return StatusEvent(key, str(kind), message_id=message_id, provider_id=message_id, raw=raw)
    if kind not in INBOUND:
        return None
    return InboundEvent(
        key,
        str(kind),
        address=str(event.get("address", "")),
        value=str(event.get("value", "")),
        message_id=message_id,
        provider_id=message_id,
        reply_token=message_id,
        raw=raw,
    )


def _parse(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
