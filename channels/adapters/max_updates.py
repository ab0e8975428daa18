"""What does an update of a MAX bot tell us about the client?

https://dev.max.ru/docs-api/objects/Update, max-bot-api-schemas 0.0.32, read 2026-11.
Updates have no number and come up to ten times: what they are about and their time, in ms, tell a
repetition. "Start" pressed is bot_started, typed by hand it is a message. Groups are no clients.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from channels.bodies import part, parts, word
from channels.proofs import has_signature
from channels.told import InboundEvent

_PHONE = re.compile(r"^TEL[^:\r\n]*:\s*\+?([0-9][0-9 ()-]{5,20})\s*$", re.MULTILINE | re.IGNORECASE)


def read_update(update: dict[str, Any], token: str) -> InboundEvent | None:
    """Translate one update; None for what does not concern us. token: of the bot."""
    kind = word(update, "update_type")
    person = _person(update)
    read = READERS.get(kind)
    if read is None or not word(person, "user_id") or person.get("is_bot") is True:
        return None
    event = read(update, token)
    if event is None:
        return None
    return replace(
        event,
        key=_key(update),
        address=word(person, "user_id"),
        name=_name(person),
        language=word(update, "user_locale")[:2].lower(),
        raw=json.dumps({"update_type": kind, "timestamp": word(update, "timestamp")}),
    )


def _person(update: dict[str, Any]) -> dict[str, Any]:
    """Find who did it."""
    return (
        part(update, "user")
        or part(update, "callback", "user")
        or part(update, "message", "sender")
    )


def _name(person: dict[str, Any]) -> str:
    both = f"{word(person, 'first_name')} {word(person, 'last_name')}".strip()
    return word(person, "name") or both


def _key(update: dict[str, Any]) -> str:
    told = [
        word(update, "update_type"),
        word(update, "timestamp"),
        word(update, "message", "body", "mid"),
        word(update, "callback", "callback_id"),
        word(_person(update), "user_id"),
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _read_started(update: dict[str, Any], token: str) -> InboundEvent:
    return InboundEvent(kind="start", value=word(update, "payload"))


def _read_left(update: dict[str, Any], token: str) -> InboundEvent:
    return InboundEvent(kind="blocked")


def _read_press(update: dict[str, Any], token: str) -> InboundEvent | None:
    press = part(update, "callback")
    if not word(press, "payload"):
        return None
    return InboundEvent(
        kind="button",
        value=word(press, "payload"),
        provider_id=word(update, "message", "body", "mid"),
        reply_token=word(press, "callback_id"),
    )


def _read_message(update: dict[str, Any], token: str) -> InboundEvent | None:
    message = part(update, "message")
    if word(message, "recipient", "chat_type") not in ("dialog", ""):
        return None
    attached = parts(message, "body", "attachments")
    card = next((part(one, "payload") for one in attached if one.get("type") == "contact"), None)
    if card is not None:
        return _read_contact(card, word(message, "sender", "user_id"), token)
    text = word(message, "body", "text") or "".join(f"[{word(x, 'type')}]" for x in attached[:1])
    command, _, parameter = text.partition(" ")
    if command == "/start":
        return InboundEvent(kind="start", value=parameter.strip())
    replied = word(message, "link", "message", "mid")
    return InboundEvent(kind="text", value=text, provider_id=replied) if text else None


def _read_contact(card: Mapping[str, Any], sender: str, token: str) -> InboundEvent | None:
    """Accept the client's own card only, which MAX itself has signed with the bot's token."""
    written, found = word(card, "vcf_info"), _PHONE.search(word(card, "vcf_info"))
    is_hers = word(card, "max_info", "user_id") == sender
    signed = written.encode("utf-8", "surrogatepass")
    if not (found and is_hers and has_signature(word(card, "hash"), token, signed)):
        return None
    return InboundEvent(kind="contact", value="+" + re.sub(r"[^0-9]", "", found[1]))


READERS = {
    "bot_started": _read_started,
    "bot_stopped": _read_left,
    "dialog_removed": _read_left,
    "message_callback": _read_press,
    "message_created": _read_message,
}
