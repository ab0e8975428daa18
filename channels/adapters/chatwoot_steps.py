"""Which calls lead to a message in Chatwoot?

1. The contact: kept for a day, else searched by our identifier, else created; taken by a contact
   without our identifier (the client wrote first), it is searched by its phone. Where it is not in
   the inbox yet, it is added. One of another phone number is left alone: a message goes to its
   address, so the client gets a contact more.
2. The conversation: kept for a day, else opened.
3. The message. A 404 means that something kept is gone: both are asked for anew, once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from channels.adapters.chatwoot_api import (
    ChatwootApi,
    Contact,
    Elsewhere,
    Gone,
    NotFound,
    Renumbered,
    Taken,
    found_contact,
    made_contact,
    number_of,
)
from channels.contract import Exchange, Outbound, Receipt, TokenCall
from channels.errors import Permanent, UnknownReply
from channels.request import HttpRequest, HttpResponse

KEPT_S = 86_400.0
PHONES = frozenset({"whatsapp", "phone"})

Steps = Generator[HttpRequest | TokenCall, Any, str]
Opening = Callable[[Contact], HttpRequest]


@dataclass(frozen=True, slots=True)
class Client:
    """A client as Chatwoot knows her. key: ours. phone: E.164, "" where there is none."""

    key: str
    name: str
    phone: str = ""

    @classmethod
    def of(cls, outbound: Outbound) -> Client:
        """Read whom a message is for; its extra may hold her name."""
        digits = re.sub(r"[\s()+-]", "", outbound.address)
        is_phone = outbound.extra.get("address_kind") in PHONES and digits.isdecimal()
        return cls(
            key=str(outbound.extra.get("subscriber") or outbound.address),
            name=str(outbound.extra.get("name") or outbound.address),
            phone=f"+{digits}" if is_phone else "",
        )

    @property
    def identifier(self) -> str:
        return f"kolokol:{self.key}"

    def row(self, inbox_id: int) -> dict[str, Any]:
        """Write the contact that Chatwoot is to make."""
        row: dict[str, Any] = {
            "inbox_id": inbox_id,
            "name": self.name,
            "identifier": self.identifier,
            "custom_attributes": {"subscriber": self.key},
        }
        return row | ({"phone_number": self.phone} if self.phone else {})


@dataclass(slots=True)
class Place:
    """What an attempt found, which the next one refuses: a contact and a conversation as kept."""

    contact: str = ""
    conversation: str = ""


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a message goes: a client's conversation in an inbox. name: under which it is kept.

    phone: the contact's number if it is what the message is for, else "".
    """

    api: ChatwootApi
    client: Client
    inbox_id: int
    name: str
    opening: Opening
    phone: str = ""

    def conversation(self, place: Place) -> Steps:
        """Find or open the conversation; gives its number. place: what is known to be gone."""
        place.contact = yield from self._contact(place.contact)
        request = self.opening(Contact.of(place.contact))
        opened = TokenCall(self.name, request, self._read(number_of), place.conversation)
        place.conversation = yield opened
        return place.conversation

    def write(self, message: Mapping[str, Any], *, sends: bool) -> Exchange:
        """Add a message to the conversation, anew if what was kept is gone."""
        place = Place()
        try:
            return (yield from self._post(place, message, sends))
        except Gone:
            return (yield from self._post(place, message, sends))

    def _post(self, place: Place, message: Mapping[str, Any], sends: bool) -> Exchange:
        conversation = yield from self.conversation(place)
        answer = yield self.api.post(conversation, message, sends=sends)
        return Receipt(provider_id=number_of(self.api.read(answer)))

    def _contact(self, refused: str) -> Steps:
        try:
            return (yield from _asked(self._search("identifier", self.client.identifier, refused)))
        except NotFound:
            return (yield from self._create(refused))
        except Elsewhere as there:
            return (yield from _asked(self._join(there.contact_id, refused)))
        except Renumbered:
            key = f"{self.client.key}:{self.phone}"
            if self.client.key.endswith(f":{self.phone}"):
                raise
        other = replace(self, client=replace(self.client, key=key))
        return (yield from other._contact(refused))

    def _create(self, refused: str) -> Steps:
        request = self.api.create_contact(self.client.row(self.inbox_id))
        made = self._kept(request, lambda answer: str(made_contact(answer)), refused)
        try:
            return (yield from _asked(made))
        except Taken as taken:
            field = taken.field
        known = {"identifier": self.client.identifier, "phone_number": self.client.phone}
        try:
            return (yield from _asked(self._search(field, known.get(field, ""), refused)))
        except Elsewhere as there:
            return (yield from _asked(self._join(there.contact_id, refused)))
        except NotFound as lost:
            raise Permanent("Chatwoot has this contact already, yet does not find it") from lost

    def _search(self, field: str, value: str, refused: str) -> TokenCall:
        def read(answer: Mapping[str, Any]) -> str:
            return str(found_contact(answer, field, value, self.inbox_id, phone=self.phone))

        return self._kept(self.api.search(value), read, refused)

    def _join(self, contact_id: int, refused: str) -> TokenCall:
        def read(answer: Mapping[str, Any]) -> str:
            if not answer.get("source_id"):
                raise UnknownReply("a contact of an inbox without a source")
            return str(Contact(contact_id, str(answer["source_id"])))

        return self._kept(self.api.add_to_inbox(contact_id, self.inbox_id), read, refused)

    def _kept(
        self, request: HttpRequest, read: Callable[[Mapping[str, Any]], str], refused: str
    ) -> TokenCall:
        name = f"contact:{self.inbox_id}:{self.client.key}:{self.phone}"
        return TokenCall(name, request, self._read(read), refused)

    def _read(
        self, read: Callable[[Mapping[str, Any]], str]
    ) -> Callable[[HttpResponse | None], tuple[str, float]]:
        return lambda response: (read(self.api.read(response)), KEPT_S)


def _asked(call: TokenCall) -> Steps:
    kept: str = yield call
    return kept
