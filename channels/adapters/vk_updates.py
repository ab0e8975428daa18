"""What does an event of a VK community tell us about the client?

https://dev.vk.com/api/community-events/json-schema and VKCOM/vk-api-schema 5.199,
callback/objects.json, read 2026-11. Events come again until they are taken, with the same event_id.
People have positive numbers, communities negative ones, group chats those above 2,000,000,000.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from channels.bodies import parsed, part, parts, word
from channels.told import InboundEvent, StatusEvent

FIRST_CHAT = 2_000_000_000
#: client_info.lang_id -> language.
LANGUAGES = {"0": "ru", "3": "en"}


def read_update(body: Mapping[str, Any]) -> Sequence[InboundEvent | StatusEvent]:
    """Translate one event; nothing for what does not concern us."""
    kind = word(body, "type")
    read = READERS.get(kind)
    if read is None:
        return ()
    key, raw = word(body, "event_id"), json.dumps({"type": kind})
    told = read(part(body, "object"))
    return [
        replace(one, key=f"{key}:{at}" if key and at else key, raw=raw)
        for at, one in enumerate(told)
        if _is_person(one.address)
    ]


def _read_message(told: dict[str, Any]) -> list[InboundEvent]:
    message = part(told, "message") or told  # versions before 5.103 gave the message itself
    person = word(message, "from_id")
    if word(message, "out") == "1" or word(message, "peer_id") not in ("", person):
        return []
    event = _spoken(message, _payload(message.get("payload")))
    if event is None:
        return []
    language = LANGUAGES.get(word(told, "client_info", "lang_id"), "")
    return [replace(event, address=person, language=language)]


def _spoken(message: dict[str, Any], payload: dict[str, Any]) -> InboundEvent | None:
    """Read a link's first message, a pressed text button, or words."""
    if word(message, "ref") or word(payload, "command") == "start":
        return InboundEvent(kind="start", value=word(message, "ref"))
    if action := word(payload, "d"):
        return InboundEvent(kind="button", value=action, message_id=word(payload, "m"))
    text = word(message, "text") or _attached(message)
    peer, replied = word(message, "peer_id"), word(message, "reply_message", "id")
    provider_id = f"{peer}:{replied}" if replied else ""
    return InboundEvent(kind="text", value=text, provider_id=provider_id) if text else None


def _attached(message: dict[str, Any]) -> str:
    kinds = [word(one, "type") for one in parts(message, "attachments")]
    return f"[{kinds[0]}]" if kinds and kinds[0] else ""


def _read_press(told: dict[str, Any]) -> list[InboundEvent]:
    payload = _payload(told.get("payload"))
    person, action = word(told, "user_id"), word(payload, "d")
    if not action:
        return []
    token, number = word(told, "event_id"), word(told, "conversation_message_id")
    return [
        InboundEvent(
            kind="button",
            address=person,
            value=action,
            message_id=word(payload, "m"),
            reply_token=f"{token}:{number}" if token and number else token,
        )
    ]


def _read_allow(told: dict[str, Any]) -> list[InboundEvent]:
    """Read who lets us write again, maybe through a widget that carried a link's token."""
    person, token = word(told, "user_id"), word(told, "key")
    events: list[InboundEvent] = [InboundEvent(kind="unblocked", address=person)]
    if token:
        events.append(InboundEvent(kind="start", address=person, value=token))
    return events


def _read_deny(told: dict[str, Any]) -> list[InboundEvent]:
    return [InboundEvent(kind="blocked", address=word(told, "user_id"))]


def _read_read(told: dict[str, Any]) -> list[StatusEvent]:
    person, number = word(told, "from_id"), word(told, "read_message_id")
    if not number:
        return []
    provider_id = f"{word(told, 'peer_id') or person}:{number}"
    return [StatusEvent(state="read", provider_id=provider_id, address=person, reach="up_to")]


def _payload(given: object) -> dict[str, Any]:
    """Read a button's payload: an object of live events, a text by the schema."""
    return parsed(given) if isinstance(given, str) else part(given)


def _is_person(number: str) -> bool:
    return number.isdecimal() and 0 < int(number[:20]) < FIRST_CHAT


READERS: Mapping[str, Callable[[dict[str, Any]], Sequence[InboundEvent | StatusEvent]]] = {
    "message_new": _read_message,
    "message_event": _read_press,
    "message_allow": _read_allow,
    "message_deny": _read_deny,
    "message_read": _read_read,
}
