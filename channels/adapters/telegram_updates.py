"""What does an update of a Telegram bot tell us about the client?

https://core.telegram.org/bots/api#update (Bot API 10.1, read 2026-11).
"""

from __future__ import annotations

import json
from typing import Any

from channels.told import InboundEvent

#: my_chat_member: the new status of the bot in the chat.
MEMBERSHIP = {"kicked": "blocked", "left": "blocked", "member": "unblocked"}


def read_update(update: dict[str, Any]) -> InboundEvent | None:
    """Translate one update; None for what does not concern us."""
    for name, read in READERS.items():
        if isinstance(update.get(name), dict):
            key = str(update.get("update_id", ""))
            raw = json.dumps({"update_id": update.get("update_id"), "type": name})
            try:
                return read(update[name], key, raw)
            except (KeyError, TypeError, AttributeError):
                return None  # a shape that we do not know, as good as an unknown type
    return None


def _read_press(press: dict[str, Any], key: str, raw: str) -> InboundEvent | None:
    message = press.get("message") or {}
    chat = message["chat"]["id"]
    return InboundEvent(
        key=key,
        kind="button",
        address=str(chat),
        value=press["data"],
        provider_id=f"{chat}:{message['message_id']}",
        reply_token=press["id"],
        raw=raw,
    )


def _read_message(message: dict[str, Any], key: str, raw: str) -> InboundEvent | None:
    chat = str(message["chat"]["id"])
    if "contact" in message:
        return _read_contact(message, chat, key=key, raw=raw)
    text = message["text"]
    command, _, parameter = text.partition(" ")
    if command == "/start":
        return InboundEvent(key=key, kind="start", address=chat, value=parameter.strip(), raw=raw)
    replied = message.get("reply_to_message")
    provider_id = f"{chat}:{replied['message_id']}" if replied else ""
    return InboundEvent(
        key=key, kind="text", address=chat, value=text, provider_id=provider_id, raw=raw
    )


def _read_contact(message: dict[str, Any], chat: str, *, key: str, raw: str) -> InboundEvent | None:
    """Accept the client's own card only: a forwarded stranger's looks alike."""
    contact = message["contact"]
    if contact.get("user_id") != message["from"]["id"]:
        return None
    phone = "+" + contact["phone_number"].removeprefix("+")
    return InboundEvent(key=key, kind="contact", address=chat, value=phone, raw=raw)


def _read_membership(change: dict[str, Any], key: str, raw: str) -> InboundEvent | None:
    kind = MEMBERSHIP.get(change["new_chat_member"]["status"])
    if kind is None:
        return None
    return InboundEvent(key=key, kind=kind, address=str(change["chat"]["id"]), raw=raw)


READERS = {
    "callback_query": _read_press,
    "message": _read_message,
    "my_chat_member": _read_membership,
}
