"""A Chatwoot server: contacts, conversations, messages of one account with an API inbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.providers.fake import Fake, Letter, need
from tests.providers.server import Call, Reply, as_json


class Chatwoot(Fake):
    """api/v1/accounts/1: what section 9.2 of the facts lists; remembers what was made.

    A fault named "contact_<fault>" hits the search of that contact, any other its message.
    """

    name = "chatwoot"
    token, inbox = "CHATWOOT-TOKEN", 7
    failure = Reply(500, b"<html>500</html>", {"Content-Type": "text/html"})
    refusals = {
        "throttle": Reply(429, b"Retry later\n", {"Content-Type": "text/plain"}),
        "content": as_json(422, {"message": "Content is too long", "attributes": ["content"]}),
        "auth": as_json(401, {"errors": ["Invalid Access Token"]}),
        "gone": as_json(404, {"error": "Resource could not be found"}),
    }

    def __init__(self) -> None:
        super().__init__()
        self.contacts: list[dict[str, Any]] = []
        self.conversations: list[dict[str, Any]] = []
        self.notes: list[Letter] = []

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        token = call.headers.get("api_access_token") == self.token
        need(token, "token", self.refusals["auth"])
        if call.path == "/api/v1/profile":
            return as_json(200, {"id": 3, "name": "Мария"})
        start = "/api/v1/accounts/1/"
        need(call.path.startswith(start), "path", self.refusals["gone"])
        parts = call.path.removeprefix(start).split("/")
        return self._contacts(call, parts) if parts[0] == "contacts" else self._talk(call, parts)

    def _contacts(self, call: Call, parts: list[str]) -> Reply:
        if parts[1:] == ["search"]:
            query = call.query["q"]
            fault = self.faults.get(_end(query), "")
            if fault.startswith("contact_"):
                return Reply(200, b"", fate=fault.removeprefix("contact_"))
            found = [one for one in self.contacts if query in str(one)]
            return as_json(200, {"meta": {"count": len(found)}, "payload": found})
        need(
            call.method == "POST" and call.content_type == "application/json", "method", Reply(405)
        )
        if len(parts) == 3 and parts[2] == "contact_inboxes":
            return as_json(200, {"source_id": f"source-{parts[1]}", "inbox": {"id": self.inbox}})
        need(parts == ["contacts"], "path", self.refusals["gone"])
        return self._new_contact(call.json())

    def _new_contact(self, body: dict[str, Any]) -> Reply:
        phone, identifier = body.get("phone_number", ""), body.get("identifier", "")
        bad_phone = as_json(422, {"message": "Phone number should be in e164 format"})
        need(not phone or phone.startswith("+"), "phone", bad_phone)
        taken = any(identifier and one["identifier"] == identifier for one in self.contacts)
        if taken:
            words = "Identifier has already been taken"
            return as_json(422, {"message": words, "attributes": ["identifier"]})
        number = 501 + len(self.contacts)
        inbox = {"source_id": f"source-{number}", "inbox": {"id": self.inbox}}
        contact = {
            "id": number,
            "identifier": identifier,
            "name": body.get("name", ""),
            "phone_number": phone,
            "email": body.get("email"),
            "contact_inboxes": [inbox],
        }
        self.contacts.append(contact)
        return as_json(200, {"payload": {"contact": contact, "contact_inbox": inbox}})

    def _talk(self, call: Call, parts: list[str]) -> Sequence[Letter] | Reply:
        need(parts[0] in {"conversations", "inboxes"}, "path", self.refusals["gone"])
        if call.method == "GET":
            return as_json(200, {"payload": []})
        need(call.content_type == "application/json", "content type", Reply(406))
        body = call.json()
        if len(parts) == 1:
            return self._new_conversation(body)
        number = int(parts[1])
        known = {one["id"] for one in self.conversations}
        need(number in known, "conversation", self.refusals["gone"])
        if parts[2] != "messages":
            return as_json(200, {"payload": body})
        kind = body.get("message_type", "outgoing")
        need(kind in {"outgoing", "incoming"}, "message_type is a word", self.refusals["content"])
        text = body.get("content", "")
        need(1 <= len(text) <= 10_000, "length", self.refusals["content"])
        letter = Letter(self._name(number), text, str(body.get("echo_id", "")))
        if body.get("private"):
            self.notes.append(letter)
            return self._message(len(self.notes))
        return [letter]

    def _new_conversation(self, body: dict[str, Any]) -> Sequence[Letter] | Reply:
        ids = {contact["id"] for contact in self.contacts}
        gone = self.refusals["gone"]
        need(int(body.get("inbox_id", 0)) == self.inbox, "inbox", gone)
        need(body.get("contact_id") in ids and body.get("source_id"), "contact", gone)
        number = 321 + len(self.conversations)
        self.conversations.append({"id": number, "contact": body["contact_id"]})
        text = body.get("message", {}).get("content", "")
        return [Letter(self._name(number), text)] if text else self._conversation(number)

    def _conversation(self, number: int) -> Reply:
        return as_json(200, {"id": number, "can_reply": True, "inbox_id": self.inbox})

    def _name(self, conversation: int) -> str:
        """Name the contact of a conversation by the end of its identifier, or its phone."""
        of = {one["id"]: one["contact"] for one in self.conversations}
        (contact,) = [one for one in self.contacts if one["id"] == of[conversation]]
        return str(contact["phone_number"]) or _end(contact["identifier"])

    def _message(self, number: int) -> Reply:
        return as_json(200, {"id": 8800 + number, "message_type": 1, "status": "sent"})

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        if call.path.endswith("/conversations"):
            return self._conversation(self.conversations[-1]["id"])
        return self._message(len(self.letters))


def _end(identifier: str) -> str:
    return identifier.rpartition(":")[2]
