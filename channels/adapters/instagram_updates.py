"""What does an entry of Instagram's webhooks tell us about the client?

https://developers.facebook.com/docs/messenger-platform/instagram/features/webhook, read 2026-11.
What we sent ourselves comes back as an echo; there is no word of a delivery.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from channels.bodies import part, parts, word
from channels.told import InboundEvent, StatusEvent, Told


def read_entry(entry: Mapping[str, Any]) -> Sequence[Told]:
    """Translate one entry: all of one account, which is named as their route."""
    account = word(entry, "id")
    return [
        replace(event, address=word(told, "sender", "id"), route=account)
        for told in parts(entry, "messaging")
        if word(told, "sender", "id") not in ("", account)
        if (event := _read(told)) is not None
    ]


def _read(told: dict[str, Any]) -> InboundEvent | StatusEvent | None:
    for name, read in READERS.items():
        if name in told:
            event = read(part(told, name), told)
            return replace(event, raw=json.dumps({"type": name})) if event else None
    return None


def _read_message(message: dict[str, Any], told: dict[str, Any]) -> InboundEvent | None:
    if message.get("is_echo") is True or message.get("is_deleted") is True:
        return None
    key, replied = word(message, "mid"), word(message, "reply_to", "mid")
    if action := word(message, "quick_reply", "payload"):
        return InboundEvent(key=key, kind="button", value=action, provider_id=replied)
    text = word(message, "text") or "".join(
        f"[{word(one, 'type')}]" for one in parts(message, "attachments")[:1]
    )
    return InboundEvent(key=key, kind="text", value=text, provider_id=replied) if text else None


def _read_postback(postback: dict[str, Any], told: dict[str, Any]) -> InboundEvent | None:
    """Read a press; a new thread's link rides on its first press."""
    key = word(postback, "mid")
    if "referral" in postback:
        return InboundEvent(key=key, kind="start", value=word(postback, "referral", "ref"))
    action = word(postback, "payload")
    return InboundEvent(key=key, kind="button", value=action) if action else None


def _read_referral(referral: dict[str, Any], told: dict[str, Any]) -> InboundEvent:
    """Read a link into a thread that was there; it has no id of its own."""
    value, at = word(referral, "ref"), word(told, "timestamp")
    key = f"ref:{word(told, 'sender', 'id')}:{at}" if at else ""
    return InboundEvent(key=key, kind="start", value=value)


def _read_seen(seen: dict[str, Any], told: dict[str, Any]) -> StatusEvent | None:
    mid = word(seen, "mid")
    return StatusEvent(key=f"{mid}:read", state="read", provider_id=mid) if mid else None


READERS = {
    "message": _read_message,
    "postback": _read_postback,
    "referral": _read_referral,
    "read": _read_seen,
}
