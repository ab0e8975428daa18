"""Resend: letters with a key that makes repeating safe for a day.

https://resend.com/docs/api-reference/emails/send-email and .../errors, read 2026-11; the request
and the answer are anymail's (15.2), which does not know Idempotency-Key: 1-256 characters, kept
24 hours, a repeated call is answered as the first. Limit: 5 calls per second and team by default
(2 in older editions of the page; an account's own limit goes into its `rate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anymail.backends.resend import EmailBackend

from channels.adapters.email_api import EmailApiAdapter
from channels.adapters.email_letter import SENDER_FIELDS, SENDER_OPTIONAL
from channels.adapters.resend_events import EVENTS, events
from channels.adapters.table_adapter import json_call, parsed
from channels.answers import objects
from channels.contract import Outbound, Place, Rate
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
)
from channels.provider_words import Meaning, Refusal
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, Registration, Told

#: A key that may send and nothing else: the probe's question is refused, letters are not.
SENDING_ONLY = "restricted_api_key"


class ResendAdapter(EmailApiAdapter):
    """One account; its domains are verified there."""

    provider = "resend"
    place = Place.FOREIGN
    is_idempotent = True
    rates = (Rate("account", 5, 1.0),)
    fields = {"api_key": True, "signing_secret": True, **SENDER_FIELDS}
    optional = SENDER_OPTIONAL | {"signing_secret"}
    for_callbacks = frozenset({"signing_secret"})
    callback_place = ("Resend: Webhooks → Add Webhook", "Resend: Webhooks → Add Webhook")
    hints = {
        "api_key": ("Resend: API Keys → Create API Key", "Resend: API Keys → Create API Key"),
        "signing_secret": (
            "Signing Secret вебхука, whsec_…; без него отчётам не верим",
            "The webhook's Signing Secret, whsec_…; without it reports are not believed",
        ),
    }
    meanings = (
        Meaning(BadCredentials, code="missing_api_key"),
        Meaning(BadCredentials, code="invalid_api_key"),
        Meaning(BadCredentials, code=SENDING_ONLY),
        Meaning(ProviderPaused, code="validation_error", status=403),  # domain is not verified
        Meaning(ProviderPaused, code="invalid_from_address"),
        Meaning(ProviderPaused, code="invalid_access"),
        Meaning(ProviderPaused, code="daily_quota_exceeded"),
        Meaning(ProviderPaused, code="monthly_quota_exceeded"),
        Meaning(RateLimited, code="rate_limit_exceeded"),
        Meaning(BadAddress, code="validation_error", words="`to`"),
        Meaning(Permanent, code="validation_error"),
        Meaning(Permanent, code="invalid_parameter"),
        Meaning(Permanent, code="missing_required_field"),
        Meaning(Permanent, code="security_error"),
        Meaning(Temporary, code="concurrent_idempotent_requests"),  # the first call still runs
        # The first call had another text: it was taken, or was it not?
        Meaning(Ambiguous, code="invalid_idempotent_request"),
        Meaning(BadCredentials, code="not_found"),
    )

    def backend(self) -> Any:
        return EmailBackend(api_key=self.credentials["api_key"], api_url=self._url("/"))

    def headers(self, outbound: Outbound) -> dict[str, str]:
        return {"Idempotency-Key": outbound.message_id}

    def probe(self) -> HttpRequest:
        return self._call("GET", "/domains")

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        return events(callback, self.credentials.get("signing_secret", ""))

    def register(self, url: str) -> Registration:
        known = self.read((yield self._call("GET", "/webhooks")))
        ours = [hook["id"] for hook in objects(known.get("data")) if hook.get("endpoint") == url]
        if ours:
            call = self._call("GET", f"/webhooks/{ours[0]}")
        else:
            call = self._call("POST", "/webhooks", {"endpoint": url, "events": EVENTS})
        return {"signing_secret": str(self.read((yield call))["signing_secret"])}

    def read_probe(self, response: HttpResponse) -> None:
        if self.refusal_of(response).code != SENDING_ONLY:
            super().read_probe(response)

    def refusal_of(self, response: HttpResponse) -> Refusal:
        told = parsed(response.body)
        code, words = str(told.get("name", "")), str(told.get("message", ""))
        return Refusal(response.status, code, words, response.headers)

    def _call(self, method: str, path: str, body: Any = None) -> HttpRequest:
        headers = {"Authorization": f"Bearer {self.credentials['api_key']}"}
        return json_call(method, self._url(path), headers, body)

    def _url(self, path: str) -> str:
        return self.api_url(path, "https://api.resend.com")
