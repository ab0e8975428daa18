"""Mailgun: letters through a sending domain.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages, read 2026-11;
the request and the answer are anymail's (15.2). Limits: 1000 recipients per call, v:/h:/o: 16 KB
together. Accounts in the EU have another address: api_base https://api.eu.mailgun.net.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from anymail.backends.mailgun import EmailBackend

from channels.adapters.email_api import EmailApiAdapter
from channels.adapters.email_letter import SENDER_FIELDS
from channels.adapters.table_adapter import basic, parsed
from channels.contract import Place
from channels.errors import BadAddress, BadCredentials, Permanent, ProviderPaused, RateLimited
from channels.provider_words import Meaning, Refusal
from channels.request import HttpRequest, HttpResponse


class MailgunAdapter(EmailApiAdapter):
    """One sending domain and a key that may send from it."""

    provider = "mailgun"
    fields = {"api_key": True, "domain": False, **SENDER_FIELDS}
    place = Place.FOREIGN
    tracks = True
    hints = {
        "api_key": (
            "Mailgun: Send → Sending → Domain settings → Sending keys",
            "Mailgun: Send → Sending → Domain settings → Sending keys",
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
        return HttpRequest(
            method="GET",
            url=self._url(f"/v3/domains/{quote(self.credentials['domain'], safe='')}"),
            headers={"Authorization": basic("api", self.credentials["api_key"])},
        )

    def refusal_of(self, response: HttpResponse) -> Refusal:
        words = parsed(response.body).get("message") or response.body.decode("utf-8", "replace")
        return Refusal(response.status, words=str(words), headers=response.headers)

    def _url(self, path: str) -> str:
        return self.api_url(path, "https://api.mailgun.net")
