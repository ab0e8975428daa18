"""What does Chatwoot tell: agents' words to clients, clients' words, states of messages and talks?

https://www.chatwoot.com/hc/user-guide/articles/1677693021-how-to-use-webhooks and
chatwoot/chatwoot (webhook_data, push_event_data), read 2026-11. Signed since 4.11 (accounts) and
4.13 (inboxes); what a type is called differs: words in webhooks, numbers in answers of the API.

In the inbox where we mirror other channels an agent's message is ours to deliver. In the inbox
that Chatwoot itself delivers, clients' messages and states of ours are what counts.
An event's reply_token is where it happened: "<inbox>:<conversation>".
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels.answers import objects
from channels.told import BadSignature, Callback, InboundEvent, StatusEvent, Told

TOLERANCE_S = 300
OURS = "kolokol_message_id"  # stands in the attributes of whatever we write
IDENTIFIER = "kolokol:"
#: Chatwoot's type of a message, as a word and as a number.
INCOMING, OUTGOING = frozenset({"incoming", 0}), frozenset({"outgoing", 1})
PEOPLE = frozenset({"user", "agent_bot"})
STATES = {"delivered": "delivered", "read": "read", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Inboxes:
    """Numbers of the inbox that Chatwoot delivers, and of the one where we mirror; "" for none."""

    sending: str = ""
    mirror: str = ""

    @classmethod
    def of(cls, credentials: Mapping[str, str]) -> Inboxes:
        """Read them from the account; one inbox for both is the mirror."""
        mirror = credentials.get("mirror_inbox_id", "")
        sending = credentials.get("inbox_id", "")
        return cls("" if sending == mirror else sending, mirror)


@dataclass(frozen=True, slots=True)
class Words:
    """A message of a conversation (talk), from a webhook or from the API."""

    row: Mapping[str, Any]
    inbox: str
    talk: Mapping[str, Any]

    @property
    def conversation(self) -> str:
        return str(self.talk.get("id") or "")

    @property
    def key(self) -> str:
        """Give what is the same whenever this message is told of."""
        return f"message:{self.row.get('id')}"

    @property
    def attributes(self) -> Mapping[str, Any]:
        return _mapping(self.row.get("content_attributes"))

    @property
    def ours(self) -> str:
        """Give our id of what we wrote, "" for others' words; old servers keep the source only."""
        source = str(self.row.get("source_id") or "")
        kept = source.removeprefix(IDENTIFIER) if source.startswith(IDENTIFIER) else ""
        return str(self.attributes.get(OURS) or kept)

    @property
    def text(self) -> str:
        """Give what was written, and where the attached files lie."""
        files = [str(one.get("data_url") or "") for one in objects(self.row.get("attachments"))]
        return "\n".join(filter(None, [str(self.row.get("content") or ""), *files]))

    def heard(self, inboxes: Inboxes) -> list[Told]:
        """Read who said what; nothing for notes, for what we wrote, and for automatic words."""
        if self.row.get("private") or self.ours or not self.text.strip():
            return []
        kind = self.row.get("message_type")
        sender = _mapping(self.row.get("sender"))
        is_typed = sender.get("type") in PEOPLE and not self.row.get("source_id")
        if kind in OUTGOING and self.inbox == inboxes.mirror and is_typed:
            return [self._event("agent", client_of(self.talk), sender)]
        if kind in INCOMING and self.inbox == inboxes.sending:
            return [self._event("text", phone_of(self.talk), sender)]
        return []

    def became(self, inboxes: Inboxes) -> Iterator[Told]:
        """Read the state of a message that Chatwoot delivers, and which answer was chosen in it."""
        if self.inbox != inboxes.sending or self.row.get("message_type") not in OUTGOING:
            return
        ours, number = self.ours, str(self.row.get("id") or "")
        for choice in objects(self.attributes.get("submitted_values")):
            value = str(choice.get("value") or "")
            key = f"{self.key}:chosen:{value}"
            yield InboundEvent(key, "button", phone_of(self.talk), value, ours, number)
        if state := STATES.get(_status(self.row)):
            error = str(self.attributes.get("external_error") or "")
            raw = error[:200] if state == "failed" else ""
            yield StatusEvent(f"{self.key}:{state}", state, ours, number, raw=raw)

    def _event(self, kind: str, address: str, sender: Mapping[str, Any]) -> InboundEvent:
        return InboundEvent(
            key=self.key,
            kind=kind,
            address=address,
            value=self.text,
            reply_token=f"{self.inbox}:{self.conversation}",
            name=str(sender.get("name") or ""),
        )


def verify(callback: Callback, credentials: Mapping[str, str]) -> None:
    """Check the signature; raises BadSignature.

    Servers before 4.11 sign nothing: they are let in only where the account says so, or names the
    networks that it is called from.
    """
    secret = credentials.get("signing_secret", "")
    if not secret:
        if credentials.get("unsigned") == "allowed" or credentials.get("callback_networks"):
            return
        raise BadSignature("the account has no secret of Chatwoot's")
    stamp = callback.headers.get("x-chatwoot-timestamp", "")
    signed = stamp.encode() + b"." + callback.body
    wanted = "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    given = callback.headers.get("x-chatwoot-signature", "")
    if not hmac.compare_digest(wanted.encode(), given.encode()):
        raise BadSignature("the signature is missing or wrong")
    if not stamp.isdecimal() or abs(callback.at - int(stamp)) > TOLERANCE_S:
        raise BadSignature("the timestamp is too old")


def read(callback: Callback, credentials: Mapping[str, str]) -> Sequence[Told]:
    """Translate a verified body; what is unknown gives nothing."""
    body = _mapping(json.loads(callback.body))
    inboxes = Inboxes.of(credentials)
    match body.get("event"):
        case "message_created":
            return _words(body).heard(inboxes)
        case "message_updated":
            return list(_words(body).became(inboxes))
        case "conversation_status_changed":
            return [conversation_event(body)]
        case _:
            return []


def conversation_event(row: Mapping[str, Any], seen_at: str = "") -> InboundEvent:
    """Read a conversation's state, from a webhook or from the list of the API.

    seen_at: unix time of its last activity, where nobody told of it as it happened.
    """
    state = str(row.get("status") or "")
    number = str(row.get("id") or "")
    moment = row.get("updated_at") or row.get("timestamp") or ""
    return InboundEvent(
        key=f"conversation:{number}:{state}:{moment}",
        kind="conversation",
        address=client_of(row),
        value=state,
        reply_token=f"{row.get('inbox_id') or ''}:{number}",
        raw=seen_at,
    )


def client_of(talk: Mapping[str, Any]) -> str:
    """Name the client: our key where we made the contact, else the phone number, else nothing."""
    identifier = str(_contact(talk).get("identifier") or "")
    if identifier.startswith(IDENTIFIER):
        return identifier.removeprefix(IDENTIFIER).partition(":")[0]
    return phone_of(talk)


def phone_of(talk: Mapping[str, Any]) -> str:
    """Give the client's address in an inbox that Chatwoot delivers."""
    return str(_contact(talk).get("phone_number") or "")


def _contact(talk: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(_mapping(talk.get("meta")).get("sender"))


def listed(answer: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Give the rows of a list, which stands in "payload" or below it."""
    payload = answer.get("payload", answer.get("data", answer))
    return objects(payload if isinstance(payload, list) else _mapping(payload).get(name))


def secret_of(answer: Mapping[str, Any]) -> str:
    """Read the secret of a webhook that was just made, "" when the server has none."""
    webhook = _mapping(_mapping(answer.get("payload", answer)).get("webhook"))
    return str(webhook.get("secret") or "")


def _words(body: Mapping[str, Any]) -> Words:
    inbox = str(_mapping(body.get("inbox")).get("id") or "")
    return Words(body, inbox, _mapping(body.get("conversation")))


def _status(row: Mapping[str, Any]) -> str:
    """Find the message's own status: the body's top has none, the talk's last message may be it."""
    if status := row.get("status"):
        return str(status)
    for message in objects(_mapping(row.get("conversation")).get("messages")):
        if message.get("id") == row.get("id"):
            return str(message.get("status") or "")
    return ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
