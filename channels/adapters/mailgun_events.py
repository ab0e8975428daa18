"""What do Mailgun's webhooks tell, and did Mailgun sign them?

https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks and
.../user-manual/events/event-structure, read 2026-11: one event a call; HMAC-SHA256 of timestamp and
token, which does not cover the body, hence the address of the callback must stay unknown too.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from channels.adapters import fates
from channels.adapters.callback_reading import (
    as_object,
    digest,
    is_recent,
    object_of,
    prove,
    raw_of,
    same,
    text,
)
from channels.adapters.email_events import bounce, our_id
from channels.adapters.fates import Fate, Report
from channels.told import Callback, Told

FATES: Mapping[str, Fate] = {
    "accepted": fates.SENT,
    "delivered": fates.DELIVERED,
    "rejected": fates.REFUSED,
    "opened": fates.OPENED,
    "clicked": fates.CLICKED,
    "complained": fates.COMPLAINT,
    "unsubscribed": fates.UNSUBSCRIBED,
}
#: Why a letter failed for good, where the receiving server was not asked.
SUPPRESSED: Mapping[str, Fate] = {
    "suppress-bounce": fates.NOBODY,
    "suppress-unsubscribe": fates.KEPT_OFF_UNSUBSCRIBED,
    "suppress-complaint": fates.KEPT_OFF_COMPLAINED,
    "espblock": fates.DISLIKED,
    "old": fates.GIVEN_UP,
}


def events(callback: Callback, signing_key: str) -> Sequence[Told]:
    """Verify and translate; raises BadSignature."""
    whole = object_of(callback.body)
    _verify(as_object(whole.get("signature")), signing_key, callback.at)
    event = as_object(whole.get("event-data"))
    fate = _fate(event)
    return [_report(event).told(fate)] if fate else []


def _verify(signature: Mapping[str, Any], signing_key: str, now: float) -> None:
    moment, token = text(signature.get("timestamp")), text(signature.get("token"))
    prove(bool(signing_key) and is_recent(moment, now))
    signed = (moment + token).encode("utf-8", "replace")
    expected = hmac.new(signing_key.encode(), signed, hashlib.sha256).hexdigest()
    prove(same(text(signature.get("signature")), expected))


def _fate(event: Mapping[str, Any]) -> Fate | None:
    name = text(event.get("event"))
    if name == "failed":
        return _failure(event)
    if name == "opened" and text(as_object(event.get("client-info")).get("bot")):
        return fates.MACHINE_OPENED
    return FATES.get(name)


def _failure(event: Mapping[str, Any]) -> Fate:
    if event.get("severity") != "permanent":
        return fates.DEFERRED
    reason, said = text(event.get("reason")), as_object(event.get("delivery-status"))
    is_hard = reason in {"bounce", "hardfail"} and said.get("bounce-type") != "soft"
    words = f"{text(said.get('message'))} {text(said.get('description'))}"
    return SUPPRESSED.get(reason) or bounce(is_hard, words)


def _report(event: Mapping[str, Any]) -> Report:
    # its id is unique for a day only
    parts = [event.get(name) for name in ("id", "event", "timestamp", "severity", "reason")]
    said = as_object(event.get("delivery-status"))
    headers = as_object(as_object(event.get("message")).get("headers"))
    return Report(
        key=digest(*parts),
        message_id=our_id(event.get("user-variables")),
        provider_id=_bracketed(text(headers.get("message-id"))),
        address=text(event.get("recipient")),
        raw=raw_of(
            event=event.get("event"),
            severity=event.get("severity"),
            reason=event.get("reason"),
            code=said.get("code"),
            message=said.get("message") or said.get("description"),
        ),
    )


def _bracketed(name: str) -> str:
    """Write a Message-ID as the answer to sending does."""
    return f"<{name}>" if name and not name.startswith("<") else name
