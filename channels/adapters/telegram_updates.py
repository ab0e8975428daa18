"""What does an update of a Telegram bot tell us about the client?

https://core.telegram.org/bots/api#update (Bot API 10.1, read 2026-11).
An update carries no time of its own and comes again for a day until it is taken: its number, unique
to the bot, tells a repetition. Groups are no clients: what people say there is not hers.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from channels.bodies import part, word
from channels.told import InboundEvent

#: Updates that the bot asks for.
ALLOWED = ("message", "callback_query", "my_chat_member")
#: my_chat_member: the new status of the bot in the chat.
MEMBERSHIP = {"kicked": "blocked", "left": "blocked", "member": "unblocked"}
#: Kinds of message whose text is a caption, or that have none.
MEDIA = ("photo", "voice", "video", "video_note", "document", "audio", "sticker", "location")


def read_update(update: dict[str, Any]) -> InboundEvent | None:
    """Translate one update; None for what does not concern us."""
    name = next((name for name in READERS if part(update, name)), "")
    event = READERS[name](part(update, name)) if name else None
    if event is None or not event.address:
        return None
    sender = part(update, name, "from")
    number = word(update, "update_id")
    return replace(
        event,
        key=number,
        name=f"{word(sender, 'first_name')} {word(sender, 'last_name')}".strip(),
        language=word(sender, "language_code"),
        raw=json.dumps({"update_id": number, "type": name}),
    )


def _read_press(press: dict[str, Any]) -> InboundEvent | None:
    """Read who pressed, which in a group is another one than the chat."""
    chat, message = word(press, "message", "chat", "id"), word(press, "message", "message_id")
    if not (chat and message and word(press, "data")):
        return None
    return InboundEvent(
        kind="button",
        address=word(press, "from", "id"),
        value=word(press, "data"),
        provider_id=f"{chat}:{message}",
        reply_token=word(press, "id"),
    )


def _read_message(message: dict[str, Any]) -> InboundEvent | None:
    chat = word(message, "chat", "id")
    if word(message, "chat", "type") not in ("private", ""):
        return None
    if "contact" in message:
        return _read_contact(message, chat)
    text = word(message, "text") or word(message, "caption") or _media(message)
    if not text:
        return None
    command, _, parameter = text.partition(" ")
    if command == "/start":
        return InboundEvent(kind="start", address=chat, value=parameter.strip())
    replied = word(message, "reply_to_message", "message_id")
    provider_id = f"{chat}:{replied}" if replied else ""
    return InboundEvent(kind="text", address=chat, value=text, provider_id=provider_id)


def _media(message: dict[str, Any]) -> str:
    """Name what came instead of words; staff sees it in Telegram itself."""
    return next((f"[{kind}]" for kind in MEDIA if message.get(kind)), "")


def _read_contact(message: dict[str, Any], chat: str) -> InboundEvent | None:
    """Accept the client's own card only: a forwarded stranger's looks alike."""
    owner, phone = word(message, "contact", "user_id"), word(message, "contact", "phone_number")
    if not owner or not phone or owner != word(message, "from", "id"):
        return None
    return InboundEvent(kind="contact", address=chat, value="+" + phone.removeprefix("+"))


def _read_membership(change: dict[str, Any]) -> InboundEvent | None:
    kind = MEMBERSHIP.get(word(change, "new_chat_member", "status"))
    return InboundEvent(kind=kind, address=word(change, "chat", "id")) if kind else None


READERS = {
    "callback_query": _read_press,
    "message": _read_message,
    "my_chat_member": _read_membership,
}
