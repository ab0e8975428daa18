"""What do Brevo's transactional webhooks tell? They are not signed: a token stands in each call.

https://developers.brevo.com/docs/transactional-webhooks, read 2026-11: one event a call, or a list
of them where batching is on. No event has an id; names differ between Brevo's own pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.adapters import fates
from channels.adapters.callback_reading import digest, json_of, objects_of, raw_of, text
from channels.adapters.email_events import bounce, our_id
from channels.adapters.fates import Fate, Report
from channels.told import Callback, Told

FATES: Mapping[str, Fate] = {
    "request": fates.SENT,
    "sent": fates.SENT,
    "delivered": fates.DELIVERED,
    "deferred": fates.DEFERRED,
    "hard_bounce": fates.DEAD,
    "invalid_email": fates.DEAD,
    "invalid": fates.DEAD,
    "blocked": fates.KEPT_OFF,
    "error": fates.FAILED,
    "spam": fates.COMPLAINT,
    "complaint": fates.COMPLAINT,
    "unsubscribe": fates.UNSUBSCRIBED,
    "unsubscribed": fates.UNSUBSCRIBED,
    "opened": fates.OPENED,
    "unique_opened": fates.OPENED,
    "proxy_open": fates.MACHINE_OPENED,
    "unique_proxy_open": fates.MACHINE_OPENED,
    "click": fates.CLICKED,
}


def events(callback: Callback) -> Sequence[Told]:
    """Translate what was proven already."""
    read = ((event, _fate(event)) for event in objects_of(json_of(callback.body)))
    return [_report(event).told(fate) for event, fate in read if fate]


def _fate(event: Mapping[str, Any]) -> Fate | None:
    name = text(event.get("event"))
    if name == "soft_bounce":
        return bounce(False, text(event.get("reason")))
    return FATES.get(name)


def _report(event: Mapping[str, Any]) -> Report:
    parts = ("event", "message-id", "email", "ts_epoch", "ts_event", "link")
    return Report(
        key=digest(*(event.get(name) for name in parts)),
        message_id=our_id(event.get("X-Mailin-custom")),
        provider_id=text(event.get("message-id")),
        address=text(event.get("email")),
        raw=raw_of(event=event.get("event"), reason=event.get("reason")),
    )
