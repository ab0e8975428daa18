"""What do Resend's webhooks tell, and did Resend sign them?

https://resend.com/docs/dashboard/webhooks/event-types and .../verify-webhooks-requests, read
2026-11: one event a call, signed by Svix; svix-id stays the same over all attempts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.adapters import email_events as fates
from channels.adapters.callback_reading import as_object, object_of, raw_of, text
from channels.adapters.email_events import Fate, Mailed, our_id_in_headers
from channels.adapters.standard_webhook import verify
from channels.told import Callback, Told

FATES: Mapping[str, Fate] = {
    "email.sent": fates.SENT,
    "email.delivered": fates.DELIVERED,
    "email.delivery_delayed": fates.DEFERRED,
    "email.complained": fates.COMPLAINT,
    "email.opened": fates.OPENED,
    "email.clicked": fates.CLICKED,
    "email.failed": fates.FAILED,
    "email.suppressed": fates.NEVER_SENT_LISTED,
}
EVENTS = (*FATES, "email.bounced")


def events(callback: Callback, signing_secret: str) -> Sequence[Told]:
    """Verify and translate; raises BadSignature."""
    call = verify(callback, signing_secret, "svix")
    event = object_of(callback.body)
    data = as_object(event.get("data"))
    fate = _fate(text(event.get("type")), as_object(data.get("bounce")))
    return [_mailed(call, event, data).told(fate)] if fate else []


def _fate(name: str, bounce: Mapping[str, Any]) -> Fate | None:
    if name == "email.bounced":
        return fates.bounce(bounce.get("type") == "Permanent", text(bounce.get("message")))
    return FATES.get(name)


def _mailed(call: str, event: Mapping[str, Any], data: Mapping[str, Any]) -> Mailed:
    people = data.get("to")
    bounce = as_object(data.get("bounce"))
    return Mailed(
        key=call,
        message_id=our_id_in_headers(data.get("headers")),
        provider_id=text(data.get("email_id")),
        address=text(people[0]) if isinstance(people, list) and people else "",
        raw=raw_of(
            event=event.get("type"),
            type=bounce.get("type"),
            subtype=bounce.get("subType"),
            message=bounce.get("message"),
        ),
    )
