"""Postmark: letters through a server's streams, transactional and broadcast.

https://postmarkapp.com/developer/api/email-api and .../overview#error-codes, read 2026-11; the
request and the answer are anymail's (15.2). Limits: 10 MB per letter, metadata 80 characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anymail.backends.postmark import EmailBackend

from channels.adapters.callback_reading import password_for, prove_password
from channels.adapters.email_api import EmailApiAdapter
from channels.adapters.email_letter import SENDER_FIELDS, SENDER_OPTIONAL
from channels.adapters.postmark_events import events
from channels.adapters.table_adapter import json_call, parsed
from channels.answers import objects
from channels.contract import Outbound, Place
from channels.errors import BadAddress, BadCredentials, Permanent, ProviderPaused, Temporary
from channels.provider_words import Meaning, Refusal
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, Registration, Told

TRANSACTIONAL = "outbound"  # the stream that every server has
TRIGGERS = {
    **{name: {"Enabled": True} for name in ("Open", "Click", "Delivery", "SubscriptionChange")},
    **{name: {"Enabled": True, "IncludeContent": False} for name in ("Bounce", "SpamComplaint")},
}


class PostmarkAdapter(EmailApiAdapter):
    """One server; marketing goes through its broadcast stream, as Postmark's terms ask."""

    provider = "postmark"
    fields = {
        "server_token": True,
        "message_stream": False,
        "broadcast_stream": False,
        "callback_password": True,
        **SENDER_FIELDS,
    }
    optional = SENDER_OPTIONAL | {"message_stream", "broadcast_stream", "callback_password"}
    for_callbacks = frozenset({"callback_password"})
    callback_place = (
        "Postmark: Servers → поток писем → Webhooks, для каждого потока",
        "Postmark: Servers → message stream → Webhooks, for each stream",
    )
    place = Place.FOREIGN
    tracks = True
    hints = {
        "server_token": ("Postmark: Servers → API Tokens", "Postmark: Servers → API Tokens"),
        "callback_password": (
            "Пароль из Basic auth вебхука, если он там задан",
            "The password of the webhook's Basic auth, if it has one",
        ),
        "broadcast_stream": (
            "Поток для маркетинга, обычно broadcast",
            "The stream for marketing, usually broadcast",
        ),
    }
    meanings = (
        Meaning(BadCredentials, code="10"),  # no or a wrong token
        Meaning(Temporary, code="100"),  # maintenance
        Meaning(BadAddress, code="300", words="'to'"),
        Meaning(Permanent, code="300"),
        Meaning(ProviderPaused, code="400"),  # the sender's signature is unknown
        Meaning(ProviderPaused, code="401"),  # the sender's signature is not confirmed
        Meaning(Permanent, code="402"),  # invalid JSON
        Meaning(Permanent, code="403"),  # invalid fields
        Meaning(ProviderPaused, code="405"),  # out of credits
        Meaning(BadAddress, code="406"),  # inactive: bounced, complained or suppressed
        Meaning(Permanent, code="411"),  # forbidden attachment
        Meaning(ProviderPaused, code="412"),  # the account awaits approval
        Meaning(ProviderPaused, code="413"),  # the account may not send
        Meaning(ProviderPaused, code="1235"),  # there is no such stream
        Meaning(BadCredentials, status=404),
    )

    def backend(self) -> Any:
        return EmailBackend(server_token=self.credentials["server_token"], api_url=self._url("/"))

    def extras(self, outbound: Outbound) -> dict[str, Any]:
        field = "broadcast_stream" if outbound.category == "mk" else "message_stream"
        stream = self.credentials.get(field) or self.credentials.get("message_stream")
        return {"MessageStream": stream} if stream else {}

    def probe(self) -> HttpRequest:
        return self._call("GET", "/server")

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        prove_password(callback, self.credentials.get("callback_password", ""))
        return events(callback)

    def register(self, url: str) -> Registration:
        password = password_for(self.credentials["server_token"], url)
        told = self.read((yield self._call("GET", "/webhooks")))
        ours = [hook for hook in objects(told.get("Webhooks")) if hook.get("Url") == url]
        auth = {"Username": "kolokol", "Password": password}
        wanted = {"Url": url, "HttpAuth": auth, "Triggers": TRIGGERS}
        for hook in ours:
            self.read((yield self._call("PUT", f"/webhooks/{hook['ID']}", wanted)))
        for stream in self._streams() - {hook.get("MessageStream") for hook in ours}:
            added = {**wanted, "MessageStream": stream}
            self.read((yield self._call("POST", "/webhooks", added)))
        return {"callback_password": password}

    def refusal_of(self, response: HttpResponse) -> Refusal:
        told = parsed(response.body)
        code, words = str(told.get("ErrorCode", "")), str(told.get("Message", ""))
        return Refusal(response.status, code, words, response.headers)

    def _streams(self) -> set[str]:
        service = self.credentials.get("message_stream") or TRANSACTIONAL
        return {service, self.credentials.get("broadcast_stream") or service}

    def _call(self, method: str, path: str, body: Any = None) -> HttpRequest:
        token = self.credentials["server_token"]
        headers = {"Accept": "application/json", "X-Postmark-Server-Token": token}
        return json_call(method, self._url(path), headers, body)

    def _url(self, path: str) -> str:
        return self.api_url(path, "https://api.postmarkapp.com")
