"""How are Chatwoot's calls written, and what do its answers say?

https://developers.chatwoot.com/api-reference and chatwoot/chatwoot (swagger, jbuilder views,
rack-attack), read 2026-11. Base {host}/api/v1/accounts/{account}; header api_access_token.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote

from channels.answers import json_object, objects
from channels.errors import (
    BadCredentials,
    DeliveryError,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    UnknownReply,
)
from channels.provider_words import Meaning, Refusal, error_for, told
from channels.request import HttpRequest, HttpResponse

MEANINGS = (
    Meaning(BadCredentials, status=401),
    Meaning(ProviderPaused, status=403),  # the agent may not write in this inbox
    Meaning(Permanent, status=400),
    Meaning(Permanent, status=422),
    Meaning(RateLimited, status=429),
    Meaning(Temporary, status=502),
    Meaning(Temporary, status=504),
)
THROTTLE_WAIT_S = 10.0  # no Retry-After; the counters are per minute


class Gone(ProviderPaused):
    """404: what we keep is no longer there; when found anew, the account or the inbox is not."""


class NotFound(DeliveryError):
    """No contact has this value. Never leaves the adapter."""


class Taken(Permanent):
    """Another contact has this value already. field: which one."""

    field: str = ""


class Renumbered(Permanent):
    """The contact that we know has another phone number: somebody else may read it there."""


class Elsewhere(DeliveryError):
    """The contact is there, but not in this inbox. Never leaves the adapter."""

    contact_id: int = 0


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact in one inbox; travels as text through the cache of tokens."""

    id: int
    source_id: str

    def __str__(self) -> str:
        return f"{self.id}|{self.source_id}"

    @classmethod
    def of(cls, text: str) -> Contact:
        number, _, source_id = text.partition("|")
        return cls(int(number), source_id)


class ChatwootApi:
    """The calls of one account. Calls that send nothing to a client are marked so."""

    clock: ClassVar[Callable[[], float]] = time.time

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self._base = (credentials.get("api_base") or "https://app.chatwoot.com").rstrip("/")
        self._account = f"/api/v1/accounts/{credentials['account_id']}"
        self._token = credentials["token"]

    def profile(self) -> HttpRequest:
        """Ask who the token is."""
        return self._call("GET", "/api/v1/profile")

    def search(self, text: str) -> HttpRequest:
        """Look for contacts; finds parts of names too, so the answer is compared exactly."""
        return self._call("GET", f"{self._account}/contacts/search?q={quote(text, safe='')}")

    def create_contact(self, contact: Mapping[str, Any]) -> HttpRequest:
        """Add a contact, with an entry in its inbox_id."""
        return self._call("POST", f"{self._account}/contacts", contact)

    def add_to_inbox(self, contact_id: int, inbox_id: int) -> HttpRequest:
        """Add an entry in one more inbox."""
        path = f"{self._account}/contacts/{contact_id}/contact_inboxes"
        return self._call("POST", path, {"inbox_id": inbox_id})

    def open(self, contact: Contact, inbox_id: int, *, status: str, **more: object) -> HttpRequest:
        """Start a conversation. more: custom_attributes; message, which the client gets."""
        body = {
            "source_id": contact.source_id,
            "inbox_id": inbox_id,
            "contact_id": contact.id,
            "status": status,
            **{name: value for name, value in more.items() if value},
        }
        return self._call("POST", f"{self._account}/conversations", body)

    def post(
        self, conversation: str, message: Mapping[str, Any], *, sends: bool = True
    ) -> HttpRequest:
        """Add a message to a conversation."""
        return self._talk("POST", conversation, "messages", message, sends=sends)

    def labels(self, conversation: str) -> HttpRequest:
        """Ask for the labels: setting them replaces the whole list."""
        return self._talk("GET", conversation, "labels")

    def label(self, conversation: str, labels: list[str]) -> HttpRequest:
        """Set the labels."""
        return self._talk("POST", conversation, "labels", {"labels": labels})

    def assign(self, conversation: str, **who: int) -> HttpRequest:
        """Assign to team_id or to assignee_id: one per call."""
        return self._talk("POST", conversation, "assignments", who)

    def prioritise(self, conversation: str, priority: str) -> HttpRequest:
        """Set low, medium, high or urgent."""
        return self._talk("POST", conversation, "toggle_priority", {"priority": priority})

    def set_status(self, conversation: str, status: str) -> HttpRequest:
        """Make it open, pending or resolved."""
        return self._talk("POST", conversation, "toggle_status", {"status": status})

    def conversations(self, inbox_id: str, page: int) -> HttpRequest:
        """Ask for an inbox's conversations in any state, those with news first, 25 a page."""
        query = f"inbox_id={inbox_id}&status=all&assignee_type=all&sort_by=last_activity_at_desc"
        return self._call("GET", f"{self._account}/conversations?{query}&page={page}")

    def messages(self, conversation: str) -> HttpRequest:
        """Ask for a conversation's last 20 messages."""
        return self._talk("GET", conversation, "messages")

    def webhooks(self) -> HttpRequest:
        """Ask which addresses Chatwoot calls."""
        return self._call("GET", f"{self._account}/webhooks")

    def add_webhook(self, url: str, events: Sequence[str]) -> HttpRequest:
        """Make Chatwoot call an address."""
        webhook = {"url": url, "name": "Kolokol", "subscriptions": list(events)}
        return self._call("POST", f"{self._account}/webhooks", {"webhook": webhook})

    def read(self, response: HttpResponse | None) -> dict[str, Any]:
        """Give a good answer's object; raises the DeliveryError that another one means."""
        if response is None:
            raise UnknownReply("no answer")
        answer = json_object(response)
        if answer is None or not 200 <= response.status < 300:
            raise self._refusal(response, answer or {})
        return answer

    def _refusal(self, response: HttpResponse, answer: Mapping[str, Any]) -> DeliveryError:
        words = answer.get("message") or answer.get("error") or answer.get("errors") or ""
        refusal = Refusal(response.status, words=str(words), headers=response.headers)
        if response.status == 404 and answer:
            return Gone(told(refusal))
        fields = answer.get("attributes")
        if response.status == 422 and isinstance(fields, list) and "taken" in refusal.words:
            taken = Taken(told(refusal))
            taken.field = str(fields[0]) if fields else ""
            return taken
        now = type(self).clock()
        return error_for(refusal, MEANINGS, now=now, wait_s=THROTTLE_WAIT_S)

    def _talk(
        self,
        method: str,
        conversation: str,
        what: str,
        body: Mapping[str, Any] | None = None,
        *,
        sends: bool = False,
    ) -> HttpRequest:
        path = f"{self._account}/conversations/{conversation}/{what}"
        return self._call(method, path, body, sends=sends)

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, sends: bool = False
    ) -> HttpRequest:
        headers = {"api_access_token": self._token}
        if body is not None:
            headers["Content-Type"] = "application/json"
        raw = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        return HttpRequest(method, f"{self._base}{path}", headers, raw, sends=sends)


def found_contact(
    answer: Mapping[str, Any], field: str, value: str, inbox_id: int, *, phone: str = ""
) -> Contact:
    """Find the contact whose field is exactly this; raises NotFound, Elsewhere.

    phone: the only number that it may have, else Renumbered.
    """
    for row in objects(answer.get("payload")):
        if row.get(field) == value and isinstance(row.get("id"), int):
            if phone and row.get("phone_number") not in (None, "", phone):
                raise Renumbered("the contact has another phone number")
            return _in_inbox(row, inbox_id)
    raise NotFound("no such contact")


def made_contact(answer: Mapping[str, Any]) -> Contact:
    """Read a new contact; raises UnknownReply."""
    try:
        payload = answer["payload"]
        return Contact(int(payload["contact"]["id"]), str(payload["contact_inbox"]["source_id"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UnknownReply("a new contact without an id") from error


def number_of(answer: Mapping[str, Any]) -> str:
    """Read the id of a conversation (the one in its paths) or of a message."""
    if not isinstance(answer.get("id"), int):
        raise UnknownReply("an answer without an id")
    return str(answer["id"])


def _in_inbox(row: Mapping[str, Any], inbox_id: int) -> Contact:
    for entry in objects(row.get("contact_inboxes")):
        inbox = entry.get("inbox")
        if isinstance(inbox, dict) and inbox.get("id") == inbox_id and entry.get("source_id"):
            return Contact(row["id"], str(entry["source_id"]))
    elsewhere = Elsewhere("the contact is not in this inbox")
    elsewhere.contact_id = row["id"]
    raise elsewhere
