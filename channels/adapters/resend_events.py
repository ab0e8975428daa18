"""What do Resend's webhooks tell, and did Resend sign them?

https://resend.com/docs/dashboard/webhooks/event-types and .../verify-webhooks-requests, read
2026-11: one event a call, signed by Svix; svix-id stays the same over all attempts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.adapters import fates
from channels.adapters.callback_reading import as_object, object_of, raw_of, text
from channels.adapters.email_events import bounce, our_id_in_headers
from channels.adapters.fates import Fate, Report
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
    "email.suppressed": fates.KEPT_OFF,
}
EVENTS = (*FATES, "email.bounced")


def events(callback: Callback, signing_secret: str) -> Sequence[Told]:
    """Verify and translate; raises BadSignature."""
    call = verify(callback, signing_secret, "svix")
    event = object_of(callback.body)
    data = as_object(event.get("data"))
    fate = _fate(text(event.get("type")), as_object(data.get("bounce")))
    return [_report(call, event, data).told(fate)] if fate else []


def _fate(name: str, told: Mapping[str, Any]) -> Fate | None:
    if name == "email.bounced":
        return bounce(told.get("type") == "Permanent", text(told.get("message")))
    return FATES.get(name)


def _report(call: str, event: Mapping[str, Any], data: Mapping[str, Any]) -> Report:
    people = data.get("to")
    told = as_object(data.get("bounce"))
    return Report(
        key=call,
        message_id=our_id_in_headers(data.get("headers")),
        provider_id=text(data.get("email_id")),
        address=text(people[0]) if isinstance(people, list) and people else "",
        raw=raw_of(
            event=event.get("type"),
            type=told.get("type"),
            subtype=told.get("subType"),
            message=told.get("message"),
        ),
    )
