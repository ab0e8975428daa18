"""What does SendGrid's Event Webhook tell, and did SendGrid sign it?

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event and
.../getting-started-event-webhook-security-features, read 2026-11: a JSON array, signed with ECDSA
(P-256, SHA-256) over the timestamp's header and the raw body. custom_args come back as fields.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from channels.adapters import fates
from channels.adapters.callback_reading import (
    is_recent,
    json_of,
    objects_of,
    prove,
    raw_of,
    text,
)
from channels.adapters.email_events import bounce
from channels.adapters.email_letter import METADATA_KEY
from channels.adapters.fates import Fate, Report
from channels.told import BadSignature, Callback, Told

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
NOT_KEY = "must be the verification key as SendGrid shows it"

FATES: Mapping[str, Fate] = {
    "processed": fates.SENT,
    "delivered": fates.DELIVERED,
    "deferred": fates.DEFERRED,
    "open": fates.OPENED,
    "click": fates.CLICKED,
    "spamreport": fates.COMPLAINT,
    "unsubscribe": fates.UNSUBSCRIBED,
    "group_unsubscribe": fates.UNSUBSCRIBED,
    "group_resubscribe": fates.SUBSCRIBED,
}
#: Why a letter was never sent: reason of "dropped", in lower case.
DROPPED: Mapping[str, Fate] = {
    "bounced address": fates.NOBODY,
    "invalid": fates.NOBODY,
    "unsubscribed address": fates.KEPT_OFF_UNSUBSCRIBED,
    "spam reporting address": fates.KEPT_OFF_COMPLAINED,
    "recipient list over package quota": fates.PAUSED,
}


def events(callback: Callback, verification_key: str) -> Sequence[Told]:
    """Verify and translate; raises BadSignature."""
    moment = callback.headers.get(TIMESTAMP, "")
    prove(is_recent(moment, callback.at))
    _verify(verification_key, callback.headers.get(SIGNATURE, ""), moment, callback.body)
    return translated(objects_of(json_of(callback.body)))


def translated(told: Iterable[Mapping[str, Any]]) -> Sequence[Told]:
    """Say what proven events mean."""
    read = ((event, _fate(event)) for event in told)
    return [_report(event).told(fate) for event, fate in read if fate]


def is_key(value: str) -> str:
    """Take an ECDSA public key in base64; a rule of channels.fields."""
    try:
        _key(value)
    except (ValueError, UnsupportedAlgorithm):
        return NOT_KEY
    return ""


def _verify(verification_key: str, signature: str, moment: str, body: bytes) -> None:
    try:
        signed = b64decode(signature, validate=True)
        _key(verification_key).verify(signed, moment.encode() + body, ECDSA(SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError):
        raise BadSignature("the signature is missing or wrong") from None


@lru_cache(maxsize=1024)
def _key(verification_key: str) -> EllipticCurvePublicKey:
    key = load_der_public_key(b64decode(verification_key, validate=True))
    if not isinstance(key, EllipticCurvePublicKey):
        raise ValueError("not an ECDSA key")
    return key


def _fate(event: Mapping[str, Any]) -> Fate | None:
    name = text(event.get("event"))
    if name == "bounce":
        words = f"{text(event.get('status'))} {text(event.get('reason'))}"
        return bounce(event.get("type") == "bounce", words)
    if name == "dropped":
        return DROPPED.get(text(event.get("reason")).lower(), fates.REFUSED)
    if name == "open" and event.get("sg_machine_open") is True:
        return fates.MACHINE_OPENED
    return FATES.get(name)


def _report(event: Mapping[str, Any]) -> Report:
    # what a server said to a letter that it took is of no interest
    said = event.get("reason") or (event.get("event") == "deferred" and event.get("response"))
    return Report(
        key=text(event.get("sg_event_id")),
        message_id=text(event.get(METADATA_KEY)),
        provider_id=text(event.get("sg_message_id")).partition(".")[0],
        address=text(event.get("email")),
        raw=raw_of(
            event=event.get("event"),
            type=event.get("type"),
            status=event.get("status"),
            reason=said,
        ),
    )
