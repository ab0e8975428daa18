"""Mailgun: letters through a sending domain.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages, read 2026-11;
the request and the answer are anymail's (15.2). Limits: 1000 recipients per call, v:/h:/o: 16 KB
together. Accounts in the EU have another address: api_base https://api.eu.mailgun.net.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from anymail.backends.mailgun import EmailBackend

from channels.adapters.callback_reading import as_object
from channels.adapters.email_api import EmailApiAdapter
from channels.adapters.email_letter import SENDER_FIELDS, SENDER_OPTIONAL
from channels.adapters.mailgun_events import events
from channels.adapters.table_adapter import basic, json_call, parsed
from channels.contract import Place
from channels.errors import BadAddress, BadCredentials, Permanent, ProviderPaused, RateLimited
from channels.provider_words import Meaning, Refusal
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, Registration, Told

#: Webhooks have names of their own: the two kinds of failure are one event.
WEBHOOKS = (
    *("accepted", "delivered", "temporary_fail", "permanent_fail"),
    *("opened", "clicked", "complained", "unsubscribed"),
)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class MailgunAdapter(EmailApiAdapter):
    """One sending domain and a key that may send from it."""

    provider = "mailgun"
    fields = {"api_key": True, "domain": False, "signing_key": True, **SENDER_FIELDS}
    optional = SENDER_OPTIONAL | {"signing_key"}
    for_callbacks = frozenset({"signing_key"})
    callback_place = (
        "Mailgun: Send → Sending → Webhooks, по одному на каждое событие",
        "Mailgun: Send → Sending → Webhooks, one for each event",
    )
    place = Place.FOREIGN
    tracks = True
    hints = {
        "api_key": (
            "Mailgun: Send → Sending → Domain settings → Sending keys",
            "Mailgun: Send → Sending → Domain settings → Sending keys",
        ),
        "signing_key": (
            "Mailgun: API Security → HTTP webhook signing key; без него отчётам не верим",
            "Mailgun: API Security → HTTP webhook signing key; without it reports are not believed",
        ),
        "api_base": (
            "Для аккаунтов в Европе: https://api.eu.mailgun.net",
            "For accounts in the EU: https://api.eu.mailgun.net",
        ),
    }
    meanings = (
        Meaning(BadAddress, status=400, words="to parameter is not a valid address"),
        Meaning(BadAddress, status=400, words="'to' parameter is not a valid address"),
        Meaning(ProviderPaused, status=400, words="authorized recipients"),
        Meaning(ProviderPaused, status=400, words="is not allowed to send"),
        Meaning(ProviderPaused, status=403, words="is not allowed to send"),
        Meaning(ProviderPaused, status=403, words="disabled"),
        Meaning(ProviderPaused, status=403, words="free accounts"),
        Meaning(ProviderPaused, status=403, words="authorized recipients"),
        Meaning(Permanent, status=400),
        Meaning(BadCredentials, status=404),  # the domain is not this account's, or another region
        Meaning(RateLimited, status=420),  # the domain's own limit
        # anymail's source: an address that does not exist is answered with 200 and a greeting
        Meaning(BadCredentials, status=200, words="mailgun magnificent api"),
    )

    def backend(self) -> Any:
        return EmailBackend(
            api_key=self.credentials["api_key"],
            sender_domain=self.credentials["domain"],
            api_url=self._url("/v3"),
        )

    def probe(self) -> HttpRequest:
        return json_call("GET", self._domain(""), self._login())

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        return events(callback, self.credentials.get("signing_key", ""))

    def register(self, url: str) -> Registration:
        """Add our address to those that are called already, up to three for each event."""
        key_url = self._url("/v5/accounts/http_signing_key")
        told = self.read((yield json_call("GET", key_url, self._login())))
        known = self.read((yield json_call("GET", self._domain("/webhooks"), self._login())))
        for name in WEBHOOKS:
            hook = as_object(as_object(known.get("webhooks")).get(name))
            urls = [str(one) for one in hook.get("urls") or ()]
            if url not in urls:
                self.read((yield self._webhook(name, [*urls, url])))
        return {"signing_key": str(told["http_signing_key"])}

    def refusal_of(self, response: HttpResponse) -> Refusal:
        words = parsed(response.body).get("message") or response.body.decode("utf-8", "replace")
        return Refusal(response.status, words=str(words), headers=response.headers)

    def _webhook(self, name: str, urls: Sequence[str]) -> HttpRequest:
        is_new = len(urls) == 1
        path, own = ("/webhooks", {"id": name}) if is_new else (f"/webhooks/{name}", {})
        body = urlencode({**own, "url": urls}, doseq=True).encode()
        method, headers = "POST" if is_new else "PUT", self._login() | FORM
        return HttpRequest(method, self._domain(path), headers, body, sends=False)

    def _login(self) -> dict[str, str]:
        return {"Authorization": basic("api", self.credentials["api_key"])}

    def _domain(self, path: str) -> str:
        return self._url(f"/v3/domains/{quote(self.credentials['domain'], safe='')}{path}")

    def _url(self, path: str) -> str:
        return self.api_url(path, "https://api.mailgun.net")
