"""How does a salon's desk learn of a client? Mirrored messages, and chats handed to people.

Both give exchanges: the gateway drives them for an Outbound whose extra["desk"] says what to do:
{"do": "mirror", "is_from_client": false}, or {"do": "escalate"} with the fields of Escalation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from channels.adapters.chatwoot_api import ChatwootApi, Contact
from channels.adapters.chatwoot_steps import Client, Thread
from channels.contract import Exchange, Outbound, Receipt
from channels.formatting import fit
from channels.request import HttpRequest


@dataclass(frozen=True, slots=True)
class Escalation:
    """A client who needs a person.

    text: begins the conversation, and reaches the client where the inbox delivers. note: for
    agents only. assignee_id, team_id: numbers of Chatwoot. priority: low, medium, high or urgent.
    """

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
    api: ChatwootApi, outbound: Outbound, inbox_id: int, *, is_from_client: bool = False
) -> Exchange:
    """Show agents what went through another provider, or what the client wrote there.

    inbox_id: an inbox of the kind API; others take no incoming messages. outbound: as it was sent.
    What is written comes back as a callback and carries kolokol_message_id, so that it is known.
    """
    client = Client.of(outbound)

    def opening(contact: Contact) -> HttpRequest:
        return api.open(contact, inbox_id, status="open" if is_from_client else "resolved")

    message = {
        "content": fit(outbound.content, "desk").text,
        "message_type": "incoming" if is_from_client else "outgoing",
        "private": False,
        "echo_id": outbound.message_id,
        "content_attributes": {"kolokol_message_id": outbound.message_id},
    }
    name = f"conversation:{inbox_id}:{client.key}"
    # Nothing goes to the client: what is lost here may be written again.
    return Thread(api, client, inbox_id, name, opening).write(message, sends=False)


def escalate(
    api: ChatwootApi, outbound: Outbound, inbox_id: int, escalation: Escalation
) -> Exchange:
    """Open a conversation about a client and give it to people; the receipt names it.

    Repeated under the same message id it goes on in the same conversation.
    """
    attributes = {"delivery_id": outbound.message_id}
    message = {"content": escalation.text} if escalation.text else {}

    def opening(contact: Contact) -> HttpRequest:
        return api.open(
            contact, inbox_id, status="open", custom_attributes=attributes, message=message
        )

    name = f"escalation:{outbound.message_id}"
    thread = Thread(api, Client.of(outbound), inbox_id, name, opening)
    conversation = yield from thread.found()
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
