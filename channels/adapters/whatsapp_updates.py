"""What does a change at WhatsApp tell us: of messages, of the client, of the account?

https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks (2026-05), user ids beside numbers
since 2026-04; read 2026-11. Statuses come in any order, "read" maybe without "delivered"; a failed
one carries the same codes as a refusal. What a message costs is not told, only how it is counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from channels.adapters.whatsapp_codes import CODES
from channels.bodies import part, parts, word
from channels.errors import DeliveryError, Outcome
from channels.provider_words import clean
from channels.told import AccountEvent, InboundEvent, StatusEvent, Told

STATES = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}
#: What a refusal says about the address itself.
EFFECTS = {Outcome.PERMANENT_RECIPIENT: "dead", Outcome.OPT_OUT: "unsubscribed"}
CHOICES = {"stop": "opt_out", "resume": "opt_in"}
SILENT = frozenset({"", "reaction", "system", "request_welcome", "ephemeral"})


def read_change(change: Mapping[str, Any]) -> Sequence[Told]:
    """Translate one change of an entry; nothing for what does not concern us.

    Each event names the number that it came to, or the business account where it came to none.
    """
    read = READERS.get(word(change, "field"))
    if read is None:
        return ()
    value = part(change, "value")
    route = word(value, "metadata", "phone_number_id") or word(change, "entry")
    told = [*read(value, change), *_aliases(value)]
    return [replace(event, route=route) for event in told]


def _read_messages(value: dict[str, Any], change: Mapping[str, Any]) -> Iterable[Told]:
    yield from filter(None, (_read_status(one) for one in parts(value, "statuses")))
    for message in parts(value, "messages"):
        person = _person(value, message)
        event = _read_message(message)
        if event is not None and person:
            name = _name(value, person)
            yield replace(event, key=word(message, "id"), address=person, name=name)


def _read_status(status: dict[str, Any]) -> StatusEvent | None:
    state, wamid = STATES.get(word(status, "status")), word(status, "id")
    if state is None or not wamid:
        return None
    number = word(status, "recipient_id")
    event = StatusEvent(
        key=f"{wamid}:{word(status, 'status')}",
        state=state,
        message_id=word(status, "biz_opaque_callback_data"),
        provider_id=wamid,
        address=_phone(number) if number else word(status, "recipient_user_id"),
        raw=_counted(status),
    )
    return _failed(event, status) if state == "failed" else event


def _failed(event: StatusEvent, status: dict[str, Any]) -> StatusEvent:
    error = next(iter(parts(status, "errors")), {})
    code = word(error, "code")
    meant = CODES.by_code.get(int(code[:9]), DeliveryError) if code.isdecimal() else DeliveryError
    words = word(error, "error_data", "details") or word(error, "title") or word(error, "message")
    effect = EFFECTS.get(meant.outcome, "")
    raw = f"{code[:9]}: {clean(words)}"
    return replace(event, reason=meant.outcome.value, effect=effect, raw=raw)


def _counted(status: dict[str, Any]) -> str:
    """Say how the message is counted; what that costs stands in Meta's price lists only."""
    pricing = part(status, "pricing")
    told = {name: pricing[name] for name in ("billable", "category", "type") if name in pricing}
    return json.dumps({"status": word(status, "status"), **told})[:300]


def _read_message(message: dict[str, Any]) -> InboundEvent | None:
    kind = word(message, "type")
    raw, provider_id = json.dumps({"type": kind[:30]}), word(message, "context", "id")
    if kind == "system":
        return _moved(message, raw)
    if action := _pressed(message, kind):
        token = word(message, "id")
        return InboundEvent(
            kind="button", value=action, provider_id=provider_id, reply_token=token, raw=raw
        )
    if kind in SILENT:
        return None
    text = word(message, "text", "body") or word(message, kind, "caption") or f"[{kind[:30]}]"
    return InboundEvent(kind="text", value=text, provider_id=provider_id, raw=raw)


def _pressed(message: dict[str, Any], kind: str) -> str:
    """Give what was pressed: our own button, a list's row, or a template's button."""
    if kind == "button":
        return word(message, "button", "payload") or word(message, "button", "text")
    if kind != "interactive":
        return ""
    pressed = part(message, "interactive")
    return word(pressed, "button_reply", "id") or word(pressed, "list_reply", "id")


def _moved(message: dict[str, Any], raw: str) -> InboundEvent | None:
    number = word(message, "system", "wa_id") or word(message, "system", "new_wa_id")
    if word(message, "system", "type") != "user_changed_number" or not number:
        return None
    return InboundEvent(kind="moved", value=_phone(number), raw=raw)


def _read_preferences(value: dict[str, Any], change: Mapping[str, Any]) -> Iterable[Told]:
    for told in parts(value, "user_preferences"):
        kind, person = CHOICES.get(word(told, "value")), _person(value, told)
        if kind and person and word(told, "category") == "marketing_messages":
            key = f"preference:{person}:{kind}:{word(told, 'timestamp')}"
            raw = json.dumps({"user_preferences": word(told, "value")})
            name = _name(value, person)
            yield InboundEvent(key=key, kind=kind, address=person, name=name, raw=raw)


def _read_template_state(value: dict[str, Any], change: Mapping[str, Any]) -> Iterable[Told]:
    reason = word(value, "reason")
    yield AccountEvent(
        kind="template_state",
        value=word(value, "event"),
        reason="" if reason == "NONE" else clean(reason),
        **_of_template(value, change, word(value, "event")),
    )


def _read_template_category(value: dict[str, Any], change: Mapping[str, Any]) -> Iterable[Told]:
    category = word(value, "new_category")
    if category:
        about = _of_template(value, change, category)
        yield AccountEvent(kind="template_category", value=category, **about)


def _of_template(value: dict[str, Any], change: Mapping[str, Any], news: str) -> Mapping[str, str]:
    number, at = word(value, "message_template_id"), word(change, "time")
    return {
        "key": f"template:{number}:{news}:{at}" if number and at else "",
        "name": word(value, "message_template_name"),
        "language": word(value, "message_template_language"),
        "raw": json.dumps({"template": number, "news": news[:50]}),
    }


def _read_warning(value: dict[str, Any], change: Mapping[str, Any]) -> Iterable[Told]:
    """Read what the account's staff should look at: quality, limits, violations."""
    said = word(value, "event") or word(value, "alert_info", "alert_type")
    if said:
        field, at = word(change, "field"), word(change, "time")
        key = f"{field}:{said}:{at}" if at else ""
        reason = clean(word(value, "alert_info", "alert_description"))
        yield AccountEvent(key=key, kind="warning", name=field, value=said, reason=reason)


def _aliases(value: dict[str, Any]) -> Iterable[Told]:
    """Tell which user id and number are one person, once for each pair."""
    people, statuses = parts(value, "contacts"), parts(value, "statuses")
    pairs = [(word(one, "wa_id"), word(one, "user_id")) for one in people]
    pairs += [(word(one, "recipient_id"), word(one, "recipient_user_id")) for one in statuses]
    for number, user in dict.fromkeys(pairs):
        if number and user:
            yield InboundEvent(kind="alias", address=_phone(number), value=user)


def _person(value: dict[str, Any], told: dict[str, Any]) -> str:
    """Give the address: her number, or where she hides it the user id."""
    number = word(told, "from") or word(told, "wa_id")
    if number:
        return _phone(number)
    people = parts(value, "contacts")
    user = word(told, "from_user_id") or word(told, "user_id")
    return user or (word(people[0], "user_id") if len(people) == 1 else "")


def _name(value: dict[str, Any], person: str) -> str:
    for one in parts(value, "contacts"):
        if person in (_phone(word(one, "wa_id")), word(one, "user_id")):
            return word(one, "profile", "name")
    return ""


def _phone(number: str) -> str:
    return f"+{number}" if number.isdecimal() else number


READERS = {
    "messages": _read_messages,
    "user_preferences": _read_preferences,
    "message_template_status_update": _read_template_state,
    "template_category_update": _read_template_category,
    "phone_number_quality_update": _read_warning,
    "account_update": _read_warning,
    "account_alerts": _read_warning,
}
