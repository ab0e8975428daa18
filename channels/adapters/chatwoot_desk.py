"""How does a salon's desk learn of a client? Chats handed to people, mirrored messages.

All are exchanges: the gateway drives them for an Outbound whose extra["desk"] says what to do:
{"do": "escalate"} with the fields of Escalation, which opens a conversation unless one is named;
in a conversation {"do": "mirror", "conversation", "is_from_client"} and {"do": "resolve", ...}.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from channels.adapters.chatwoot_api import ChatwootApi, Contact, Gone, number_of
from channels.adapters.chatwoot_callbacks import IDENTIFIER, OURS
from channels.adapters.chatwoot_steps import Client, Place, Thread
from channels.contract import Exchange, Outbound, Receipt
from channels.formatting import fit
from channels.request import HttpRequest


@dataclass(frozen=True, slots=True)
class Escalation:
    """A client who needs a person.

    conversation: one that is known; "" opens one. text: begins it, and reaches the client where
    the inbox delivers. note: for agents only. assignee_id, team_id: numbers of Chatwoot.
    priority: low, medium, high or urgent.
    """

    conversation: str = ""
    text: str = ""
    labels: tuple[str, ...] = ()
    team_id: int | None = None
    assignee_id: int | None = None
    priority: str = ""
    note: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Escalation:
        """Read it from an outbound's extra; what is not one of its fields is left out."""
        known = {field.name: given[field.name] for field in fields(cls) if field.name in given}
        return cls(**{**known, "labels": tuple(known.get("labels", ()))})


def mirror(
    api: ChatwootApi, outbound: Outbound, conversation: str, *, is_from_client: bool = False
) -> Exchange:
    """Show agents what went through another provider, or what the client wrote there.

    conversation: in an inbox of the kind API; others take no incoming messages. What is written
    comes back as a callback and carries our id twice: servers before 4.0 drop the attribute.
    """
    message = {
        "content": fit(outbound.content, "desk").text,
        "message_type": "incoming" if is_from_client else "outgoing",
        "private": False,
        "echo_id": outbound.message_id,
        "source_id": f"{IDENTIFIER}{outbound.message_id}",
        "content_attributes": {OURS: outbound.message_id},
    }
    # Nothing goes to the client: what is lost here may be written again.
    answer = yield api.post(conversation, message, sends=False)
    return Receipt(provider_id=number_of(api.read(answer)))


def resolve(api: ChatwootApi, conversation: str) -> Exchange:
    """Say that nothing is left to do."""
    api.read((yield api.set_status(conversation, "resolved")))
    return Receipt(provider_id=conversation)


def escalate(
    api: ChatwootApi, outbound: Outbound, inbox_id: int, escalation: Escalation
) -> Exchange:
    """Give a client's conversation to people, opened where none is known; the receipt names it.

    Repeated under the same message id it goes on in the same conversation.
    """
    if escalation.conversation:
        api.read((yield api.set_status(escalation.conversation, "open")))
        return (yield from _hand_over(api, escalation.conversation, escalation))
    thread = _thread(api, outbound, inbox_id, escalation.text)
    place = Place()
    try:
        conversation = yield from thread.conversation(place)
        return (yield from _hand_over(api, conversation, escalation))
    except Gone:  # what was kept was deleted there
        conversation = yield from thread.conversation(place)
        return (yield from _hand_over(api, conversation, escalation))


def _thread(api: ChatwootApi, outbound: Outbound, inbox_id: int, text: str) -> Thread:
    attributes = {"delivery_id": outbound.message_id}
    message = {"content": text} if text else {}

    def opening(contact: Contact) -> HttpRequest:
        return api.open(
            contact, inbox_id, status="open", custom_attributes=attributes, message=message
        )

    name = f"escalation:{outbound.message_id}"
    return Thread(api, Client.of(outbound), inbox_id, name, opening)


def _hand_over(api: ChatwootApi, conversation: str, escalation: Escalation) -> Exchange:
    if escalation.labels:
        present = api.read((yield api.labels(conversation))).get("payload")
        labels = [*_words(present), *escalation.labels]
        api.read((yield api.label(conversation, list(dict.fromkeys(labels)))))
    for call in _handing_over(api, conversation, escalation):
        api.read((yield call))
    return Receipt(provider_id=conversation)


def _handing_over(
    api: ChatwootApi, conversation: str, escalation: Escalation
) -> Iterator[HttpRequest]:
    if escalation.team_id is not None:
        yield api.assign(conversation, team_id=escalation.team_id)
    if escalation.assignee_id is not None:
        yield api.assign(conversation, assignee_id=escalation.assignee_id)
    if escalation.priority:
        yield api.prioritise(conversation, escalation.priority)
    if escalation.note:
        note = {"content": escalation.note, "message_type": "outgoing", "private": True}
        yield api.post(conversation, note, sends=False)


def _words(value: object) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []
