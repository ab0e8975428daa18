"""What do Postmark's webhooks tell? They are not signed: a password stands in each call.

https://postmarkapp.com/developer/webhooks/webhooks-overview and .../api/bounce-api#bounce-types,
read 2026-11: one record a call. Only bounces and complaints have an id of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.adapters import fates
from channels.adapters.callback_reading import digest, object_of, raw_of, text
from channels.adapters.email_events import bounce, our_id
from channels.adapters.fates import Fate, Report
from channels.told import Callback, Told

FATES: Mapping[str, Fate] = {
    "Delivery": fates.DELIVERED,
    "Open": fates.OPENED,
    "Click": fates.CLICKED,
    "SpamComplaint": fates.COMPLAINT,
}
#: Type of a bounce -> what it means; None: the letter itself has arrived.
BOUNCES: Mapping[str, Fate | None] = {
    "HardBounce": fates.DEAD,
    "BadEmailAddress": fates.DEAD,
    "ManuallyDeactivated": fates.DEAD,
    "Transient": fates.DEFERRED,
    "Blocked": fates.DISLIKED,
    "SpamNotification": fates.DISLIKED,
    "VirusNotification": fates.DISLIKED,
    "TemplateRenderingFailed": fates.REFUSED,
    "SMTPApiError": fates.REFUSED,
    "SpamComplaint": fates.COMPLAINT,
    "Unsubscribe": fates.UNSUBSCRIBED,
    "AutoResponder": None,
    "AddressChange": None,
    "ChallengeVerification": None,
    "Subscribe": None,
}
_WHEN = ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt")


def events(callback: Callback) -> Sequence[Told]:
    """Translate what was proven already."""
    event = object_of(callback.body)
    fate = _fate(event)
    return [_report(event).told(fate)] if fate else []


def _fate(event: Mapping[str, Any]) -> Fate | None:
    record = text(event.get("RecordType"))
    if record == "Bounce":
        return _bounce(event)
    if record == "SubscriptionChange":
        return _change(event)
    return FATES.get(record)


def _bounce(event: Mapping[str, Any]) -> Fate | None:
    kind = text(event.get("Type"))
    if kind in BOUNCES:
        return BOUNCES[kind]
    return bounce(event.get("Inactive") is True, text(event.get("Details")))


def _change(event: Mapping[str, Any]) -> Fate | None:
    if event.get("SuppressSending") is False:
        return fates.SUBSCRIBED
    reasons = {"HardBounce": fates.DEAD, "SpamComplaint": fates.COMPLAINT}
    return reasons.get(text(event.get("SuppressionReason")), fates.UNSUBSCRIBED)


def _report(event: Mapping[str, Any]) -> Report:
    at = next((text(event.get(name)) for name in _WHEN if event.get(name)), "")
    address = text(event.get("Recipient") or event.get("Email"))
    names = ("RecordType", "Type", "ID", "MessageID", "OriginalLink", "SuppressSending")
    return Report(
        key=digest(*(str(event.get(name, "")) for name in names), address, at),
        message_id=our_id(event.get("Metadata")),
        provider_id=text(event.get("MessageID")),
        address=address,
        raw=raw_of(
            event=event.get("RecordType"),
            type=event.get("Type") or event.get("SuppressionReason"),
            details=event.get("Details") or event.get("Description"),
        ),
    )
