"""What does a press, or a word that stands for one, change? The answer is kept with the message.

A press counts only when it comes from an address of the very client who was written to, on a button
that her message had: a forwarded message must not confirm somebody else's visit, and a messenger of
one's own making may tell any action. The last answer stands; a repetition changes nothing, and an
older one that comes late neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from notifications import events, hastening
from notifications.inbound_people import Heard
from notifications.inbound_words import AGREE, REFUSE, action_of
from notifications.models import Message
from notifications.tracking import Line, Tracked, write_extra, write_log
from tenants import consents
from tenants.bodies import iso
from tenants.consents import Word
from tenants.models import Purpose

FOREIGN, NOT_OFFERED = "foreign_address", "not_offered"
_MARKETING: Mapping[str, bool] = {AGREE: True, REFUSE: False}


def answer(tenant_id: UUID, presses: Sequence[tuple[Heard, Tracked]]) -> dict[UUID, str]:
    """Record answers in their order; give a note or "" by the callback's id.

    The event's value is the action. Call inside the tenant's scope, notifications locked.
    """
    notes: dict[UUID, str] = {}
    lines: list[Line] = []
    for pressed, message in presses:
        action = _offered(message, pressed.event.value)
        heard = as_press(pressed, action)
        notes[heard.id] = "" if action else NOT_OFFERED
        if not _is_hers(heard, message):
            notes[heard.id] = FOREIGN
        answered = [] if notes[heard.id] else _record(message, heard)
        lines += answered
        for line in answered:
            _note_consent(tenant_id, line, heard.at)
    _write(tenant_id, lines)
    return notes


def as_press(heard: Heard, action: str) -> Heard:
    """Read a word as the press that it stands for."""
    return replace(heard, event=replace(heard.event, kind="button", value=action))


def _offered(message: Tracked, value: str) -> str:
    """Find the action among those of the message's buttons, by itself or by the button's words."""
    buttons = (message.extra or {}).get("buttons") or ()
    actions = [str(button.get("action", "")) for button in buttons]
    return value if value and value in actions else action_of(value, buttons)


def _is_hers(heard: Heard, message: Tracked) -> bool:
    return any(
        owner.subscriber == message.subscriber_id and owner.kind == message.channel
        for owner in heard.owners
    )


def _record(message: Tracked, heard: Heard) -> list[Line]:
    """Note the press unless it repeats the answer that stands, or an older one comes late."""
    at = iso(heard.at)
    before = (message.extra or {}).get("answer") or {}
    if before.get("action") == heard.event.value or before.get("at", "") > at:
        return []
    answer = {"action": heard.event.value, "at": at}
    message.extra = {**(message.extra or {}), "answer": answer}
    return [Line(message, "answered", heard.event.value)]


def _note_consent(tenant_id: UUID, line: Line, at: datetime) -> None:
    """Put a yes or a no to marketing into the ledger."""
    message, action = line.message, line.reason
    if action not in _MARKETING:
        return
    word = Word(
        purpose=Purpose.ADVERTISING,
        given=_MARKETING[action],
        source="button",
        actor="client",
        text_version=_text_version(tenant_id, message),
        evidence=f"message:{message.id}",
        at=at,
    )
    consents.record(tenant_id, [message.subscriber_id], word)


def _text_version(tenant_id: UUID, message: Tracked) -> str:
    """Name the published text that she answered; versions of texts are kept for good."""
    rows = Message.objects.filter(tenant_id=tenant_id, pk=message.id)
    version = rows.values_list("template_version_id", flat=True).first()
    return f"template:{version}" if version else ""


def _write(tenant_id: UUID, lines: Sequence[Line]) -> None:
    if not lines:
        return
    write_extra(
        tenant_id,
        {line.message.id: {"answer": (line.message.extra or {})["answer"]} for line in lines},
    )
    write_log(lines)
    hastening.answered(tenant_id, lines)
    events.publish_all(
        [
            events.Told(tenant_id, events.ANSWERED, line.message.news(action=line.reason))
            for line in lines
        ]
    )
