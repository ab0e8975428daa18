"""What do Unisender Go's callbacks tell, and were they made with the project's key?

https://godocs.unisender.ru/web-api-ref#webhook-format, read 2026-11: up to 100 events a call,
`auth` is the MD5 of the body that holds the API key in its place. An event has no id.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from channels.adapters import fates
from channels.adapters.callback_reading import (
    as_object,
    digest,
    object_of,
    objects_of,
    prove,
    raw_of,
    same,
    text,
)
from channels.adapters.email_events import our_id
from channels.adapters.fates import Fate, Report
from channels.told import AccountEvent, BadSignature, Callback, Told

_AUTH = re.compile(rb'"auth"\s*:\s*"([^"]*)"')

FATES: Mapping[str, Fate] = {
    "sent": fates.SENT,
    "delivered": fates.DELIVERED,
    "soft_bounced": fates.DEFERRED,  # it tries again, and says hard_bounced in the end
    "spam": fates.COMPLAINT,
    "opened": fates.OPENED,
    "clicked": fates.CLICKED,
    "unsubscribed": fates.UNSUBSCRIBED,
    "subscribed": fates.SUBSCRIBED,
}
#: Why a letter bounced for good: delivery_status. Others are no reason to leave the address.
BOUNCES: Mapping[str, Fate] = {
    "err_user_unknown": fates.DEAD,
    "err_user_inactive": fates.DEAD,
    "err_domain_inactive": fates.DEAD,
    "err_mailbox_full": fates.FULL,
    "err_spam_rejected": fates.DISLIKED,
    "err_blacklisted": fates.DISLIKED,
    "err_too_large": fates.DISLIKED,
    "err_unsubscribed": fates.KEPT_OFF_UNSUBSCRIBED,
}


def events(callback: Callback, api_key: str) -> Sequence[Told]:
    """Verify and translate; raises BadSignature."""
    _verify(callback.body, api_key)
    read = (_read(event) for event in _events(object_of(callback.body)))
    return [told for told in read if told]


def _verify(body: bytes, api_key: str) -> None:
    auth = _AUTH.search(body)
    if auth is None or not api_key:
        raise BadSignature("the signature is missing")
    signed = body[: auth.start(1)] + api_key.encode() + body[auth.end(1) :]
    expected = hashlib.md5(signed, usedforsecurity=False).hexdigest()
    prove(same(auth[1].decode("utf-8", "replace"), expected))


def _events(whole: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give events in either of their two forms: grouped by user, or one alone."""
    if "event_name" in whole:
        yield whole
    for user in objects_of(whole.get("events_by_user")):
        yield from objects_of(user.get("events"))


def _read(event: Mapping[str, Any]) -> Told | None:
    data = as_object(event.get("event_data"))
    if event.get("event_name") == "transactional_spam_block":
        return _block(data)
    if event.get("event_name") != "transactional_email_status":
        return None
    status, info = text(data.get("status")), as_object(data.get("delivery_info"))
    said = text(info.get("delivery_status"))
    is_hard = status == "hard_bounced"
    fate = BOUNCES.get(said, fates.GIVEN_UP) if is_hard else FATES.get(status)
    return _report(data, info).told(fate) if fate else None


def _block(data: Mapping[str, Any]) -> Told:
    """Tell that a mail service refuses letters of the whole account for now."""
    domain, state = text(data.get("domain")), text(data.get("domain_status"))
    return AccountEvent(
        key=digest("spam_block", domain, state, data.get("block_time")),
        kind="warning",
        name=domain,
        value=f"spam_block {state}".strip(),
        raw=raw_of(event="transactional_spam_block", type=data.get("block_type"), status=state),
    )


def _report(data: Mapping[str, Any], info: Mapping[str, Any]) -> Report:
    parts = ("job_id", "email", "status", "event_time", "url")
    said = text(info.get("delivery_status"))
    return Report(
        key=digest(*(data.get(name) for name in parts), said),
        message_id=our_id(data.get("metadata")),
        provider_id=text(data.get("job_id")),
        address=text(data.get("email")),
        raw=raw_of(event=data.get("status"), status=said, reply=info.get("destination_response")),
    )
