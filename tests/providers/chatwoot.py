"""A Chatwoot server: contacts, conversations, messages of one account with an API inbox.

It calls back as the real one does: once, signed, without a second try. The calls wait in `news`
until the test lets them go.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from typing import Any

from tests.providers.fake import Fake, Letter, need
from tests.providers.server import Call, Reply, as_json


class Chatwoot(Fake):
    """api/v1/accounts/1: what section 9.2 of the facts lists; remembers what was made.

    A fault named "contact_<fault>" hits the search of that contact, any other its message.
    """

    name = "chatwoot"
    token, inbox, secret = "CHATWOOT-TOKEN", 7, "CHATWOOT-SECRET"
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
        self.messages: list[dict[str, Any]] = []
        self.webhooks: list[dict[str, Any]] = []
        self.news: list[tuple[bytes, dict[str, str]]] = []
        self.drops: frozenset[str] = frozenset()  # what a new server no longer keeps

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
        known = {"conversations", "webhooks"}
        need(parts[0] in known, "path", self.refusals["gone"])
        if parts[0] == "webhooks":
            return self._webhooks(call)
        if call.method == "GET" and len(parts) == 1:
            return as_json(200, {"data": {"meta": {}, "payload": self._listed(call)}})
        if call.method == "GET" and parts[2] == "messages":
            own = [one for one in self.messages if one["conversation_id"] == int(parts[1])]
            return as_json(200, {"meta": {}, "payload": own[-20:]})
        if call.method == "GET":
            return as_json(200, {"payload": []})
        need(call.content_type == "application/json", "content type", Reply(406))
        body = call.json()
        if len(parts) == 1:
            return self._new_conversation(body)
        number = int(parts[1])
        present = {one["id"] for one in self.conversations}
        need(number in present, "conversation", self.refusals["gone"])
        if parts[2] == "toggle_status":
            self.set_status(number, body["status"])
        if parts[2] != "messages":
            return as_json(200, {"payload": body})
        return self._written(number, body)

    def _written(self, number: int, body: dict[str, Any]) -> Sequence[Letter] | Reply:
        kind = body.get("message_type", "outgoing")
        need(kind in {"outgoing", "incoming"}, "message_type is a word", self.refusals["content"])
        text = body.get("content", "")
        need(1 <= len(text) <= 10_000, "length", self.refusals["content"])
        letter = Letter(self._name(number), text, str(body.get("echo_id", "")))
        if body.get("private"):
            self.notes.append(letter)
            return self._message(len(self.notes))
        sender = {"id": 3, "name": "Мария", "type": "user"}
        who = {"id": 501, "type": "contact"} if kind == "incoming" else sender
        kept = {name: value for name, value in body.items() if name not in self.drops}
        self._add(number, kind, text, who, kept)
        return [letter]

    def _webhooks(self, call: Call) -> Reply:
        if call.method == "GET":
            return as_json(200, {"payload": {"webhooks": self.webhooks}})
        webhook = call.json()["webhook"]
        self.webhooks.append({"id": len(self.webhooks) + 1, **webhook, "secret": self.secret})
        return as_json(200, {"payload": {"webhook": self.webhooks[-1]}})

    def _listed(self, call: Call) -> list[dict[str, Any]]:
        need(call.query["inbox_id"] == str(self.inbox), "inbox", self.refusals["gone"])
        found = sorted(self.conversations, key=lambda one: -one["last_activity_at"])
        first = (int(call.query["page"]) - 1) * 25
        return [self._shown(one) for one in found[first : first + 25]]

    def _shown(self, conversation: dict[str, Any]) -> dict[str, Any]:
        (contact,) = [one for one in self.contacts if one["id"] == conversation["contact"]]
        return {**conversation, "inbox_id": self.inbox, "meta": {"sender": contact}}

    def says(self, conversation: int, text: str, *, private: bool = False, agent: str = "Ольга"):
        """Let an agent write."""
        sender = {"id": 4, "name": agent, "type": "user"}
        self._add(conversation, "outgoing", text, sender, {"private": private})

    def set_status(self, conversation: int, status: str) -> None:
        """Let an agent end a conversation, or open it again."""
        (row,) = [one for one in self.conversations if one["id"] == conversation]
        row |= {"status": status, "last_activity_at": time.time(), "updated_at": time.time()}
        self._tell({**self._shown(row), "event": "conversation_status_changed"})

    def _add(
        self, conversation: int, kind: str, text: str, sender: dict[str, Any], body: dict[str, Any]
    ) -> None:
        (row,) = [one for one in self.conversations if one["id"] == conversation]
        row["last_activity_at"] = time.time()
        message = {
            "id": 8801 + len(self.messages),
            "content": text,
            "inbox_id": self.inbox,
            "conversation_id": conversation,
            "message_type": 1 if kind == "outgoing" else 0,
            "content_attributes": body.get("content_attributes", {}),
            "source_id": body.get("source_id"),
            "private": bool(body.get("private")),
            "sender": sender,
            "created_at": int(time.time()),
        }
        self.messages.append(message)
        told = {"inbox": {"id": self.inbox}, "conversation": self._shown(row)}
        self._tell({**message, **told, "message_type": kind, "event": "message_created"})

    def _tell(self, body: dict[str, Any]) -> None:
        """Write a webhook down as it will be posted."""
        raw, stamp = json.dumps(body).encode(), str(int(time.time()))
        digest = hmac.new(self.secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256)
        headers = {
            "X-Chatwoot-Timestamp": stamp,
            "X-Chatwoot-Signature": f"sha256={digest.hexdigest()}",
            "X-Chatwoot-Delivery": f"delivery-{len(self.news)}",
        }
        self.news.append((raw, headers))

    def _new_conversation(self, body: dict[str, Any]) -> Sequence[Letter] | Reply:
        ids = {contact["id"] for contact in self.contacts}
        gone = self.refusals["gone"]
        need(int(body.get("inbox_id", 0)) == self.inbox, "inbox", gone)
        need(body.get("contact_id") in ids and body.get("source_id"), "contact", gone)
        number = 321 + len(self.conversations)
        row = {"id": number, "contact": body["contact_id"], "status": body.get("status", "open")}
        self.conversations.append({**row, "last_activity_at": time.time()})
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
        return self._message(len(self.messages))


def _end(identifier: str) -> str:
    return identifier.rpartition(":")[2]
