"""What does a client mean who writes in her own words? The first that fits:

1. A link's token: her chat is tied to her (WhatsApp brings it as a text).
2. STOP or START, the whole message: marketing, see `inbound_wishes`.
3. A button's words, or a yes or no, to a message with buttons: the same as a press.
4. Anything else goes to a person: a case for the staff, with the story of what she answers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.utils.crypto import salted_hmac

from channels.told import InboundEvent
from notifications import escalation, inbound_linking, inbound_people, inbound_wishes
from notifications.callbacks import Received
from notifications.inbound_people import Heard
from notifications.inbound_presses import answer, as_press
from notifications.inbound_words import START, STOP, action_of, may_answer, wish_of
from notifications.masking import mask
from notifications.sql import inbound as sql
from notifications.tracking import Line, Tracked, write_log
from tenants import rows
from tenants.ids import floor_id
from tenants.links import TOKEN

#: What may be told in the story of the message that she answers, quotes, or last got.
RECALLS: Final = frozenset({"text", "blocked", "unblocked", "opt_out", "opt_in"})
ANSWERS_WITHIN: Final = timedelta(hours=48)
MOST_LOOKED_AT: Final = 30  # of a client's newest notifications
REPLIED: Final = "replied"


def recall(
    tenant_id: UUID, received: Sequence[Received[InboundEvent]]
) -> list[Received[InboundEvent]]:
    """Let events name the message that they are about, where the provider does not.

    Call before messages are locked, so that all locks are taken at once.
    """
    asked = [one for one in received if _is_vague(one.event)]
    found = _recalled(tenant_id, list(inbound_people.of(tenant_id, asked).values()))
    return [
        replace(one, event=replace(one.event, message_id=str(found[one.id])))
        if one.id in found
        else one
        for one in received
    ]


def _is_vague(event: InboundEvent) -> bool:
    """Ask whether the provider names no message, or one that may be the client's own."""
    if event.kind == "button":  # Instagram's replies do not say to what
        return not (event.message_id or event.provider_id)
    return event.kind in RECALLS and not event.message_id


def hear(tenant_id: UUID, heard: Heard, message: Tracked | None) -> str:
    """Understand one text; give a note or "". message: that it answers, locked."""
    text = heard.event.value
    if token := TOKEN.search(text):
        note = inbound_linking.by_token(tenant_id, heard, token[0])
        if note != inbound_linking.UNKNOWN_LINK:
            return note
    if wish := wish_of(text):
        tell(message, f"{wish}_word")
        _WISHES[wish](tenant_id, heard)
        return "" if heard.owners else inbound_linking.UNKNOWN_CHAT
    if message is not None and (action := action_of(text, _buttons(message))):
        return answer(tenant_id, [(as_press(heard, action), message)])[heard.id]
    tell(message, "wrote")
    _to_staff(tenant_id, heard, message)
    return ""


_WISHES: Final = {STOP: inbound_wishes.stop, START: inbound_wishes.start}


def tell(message: Tracked | None, reason: str) -> None:
    """Write into the story of a message what its client did, never her words."""
    if message is not None:
        write_log([Line(message, REPLIED, reason)])


def _recalled(tenant_id: UUID, heard: Collection[Heard]) -> dict[UUID, UUID]:
    asked = [(one, owner) for one in heard for owner in one.owners]
    if not asked:
        return {}
    arguments: dict[str, Any] = {
        "tenant": tenant_id,
        "ids": [one.id for one, _ in asked],
        "subscribers": [owner.subscriber for _, owner in asked],
        "integrations": [one.integration_id for one, _ in asked],
        "kinds": [owner.kind for _, owner in asked],
        "masks": [mask(owner.kind, owner.value) for _, owner in asked],
        "quoted": [one.event.provider_id for one, _ in asked],
        "may_answer": [may_answer(one.event.value) for one, _ in asked],
        "since": floor_id(min(one.at for one in heard) - ANSWERS_WITHIN),
        "most": MOST_LOOKED_AT,
    }
    return {row[0]: row[1] for row in rows.fetch(sql.RECALLED, arguments)}


def _buttons(message: Tracked) -> Sequence[dict[str, Any]]:
    return (message.extra or {}).get("buttons") or ()


def _to_staff(tenant_id: UUID, heard: Heard, message: Tracked | None) -> None:
    owner = next(
        (one for one in heard.owners if message and one.subscriber == message.subscriber_id),
        next(iter(heard.owners), None),
    )
    escalation.client_wrote(
        tenant_id,
        owner.subscriber if owner else None,
        heard.event.value,
        mode=owner.mode if owner else heard.modes[0],
        channel=owner.kind if owner else heard.kinds[0],
        subject=("", "") if owner else ("stranger", _stranger(heard)),
        message_id=message.id if message else None,
        is_at_desk=heard.is_at_desk,
        now=heard.at,
    )


def _stranger(heard: Heard) -> str:
    """Tell strangers apart without keeping where they wrote from."""
    value = f"{heard.integration_id}:{heard.event.address}"
    return salted_hmac("kolokol.stranger", value, algorithm="sha256").hexdigest()[:32]
