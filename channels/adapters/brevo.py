"""Brevo: letters of a European provider, formerly Sendinblue.

https://developers.brevo.com/reference/sendtransacemail and .../docs/how-it-works, read 2026-11;
the request and the answer are anymail's (15.2). A repeated idempotencyKey is refused for 15 to 30
minutes (their pages differ): that guards the next tries of one letter, not one after an outage,
hence is_idempotent stays False.
"""

from __future__ import annotations

from typing import Any

from anymail.backends.brevo import EmailBackend

from channels.adapters.email_api import EmailApiAdapter, taken
from channels.adapters.table_adapter import parsed
from channels.contract import Outbound, Place, Receipt
from channels.errors import BadAddress, BadCredentials, Permanent, ProviderPaused
from channels.provider_words import Meaning, Refusal
from channels.request import HttpRequest, HttpResponse

#: The key was used: an earlier call whose answer was lost has been taken.
REPEATED = "duplicate_parameter"


class BrevoAdapter(EmailApiAdapter):
    """One account; senders and domains are verified there."""

    provider = "brevo"
    place = Place.FOREIGN
    hints = {"api_key": ("Brevo: SMTP & API → API Keys", "Brevo: SMTP & API → API Keys")}
    meanings = (
        Meaning(BadCredentials, code="unauthorized"),
        Meaning(BadCredentials, code="permission_denied", words="key"),
        Meaning(ProviderPaused, code="permission_denied"),  # SMTP is not activated
        Meaning(ProviderPaused, code="not_enough_credits"),
        Meaning(ProviderPaused, code="account_under_validation"),
        Meaning(ProviderPaused, code="invalid_parameter", words="sender"),
        Meaning(BadAddress, code="invalid_parameter", words="email is not valid in to"),
        Meaning(Permanent, code="invalid_parameter"),
        Meaning(Permanent, code="missing_parameter"),
        Meaning(Permanent, code="out_of_range"),
        Meaning(Permanent, code="bad_request"),
    )

    def backend(self) -> Any:
        return EmailBackend(api_key=self.credentials["api_key"], api_url=self._url("/v3"))

    def payload(self, outbound: Outbound) -> Any:
        payload = super().payload(outbound)
        payload.data["headers"]["idempotencyKey"] = outbound.message_id
        return payload

    def receipt(self, response: HttpResponse) -> Receipt:
        if response.status == 400 and parsed(response.body).get("code") == REPEATED:
            return taken("")  # its events find the message by our own id
        return super().receipt(response)

    def probe(self) -> HttpRequest:
        headers = {"api-key": self.credentials["api_key"], "Accept": "application/json"}
        return HttpRequest(method="GET", url=self._url("/v3/account"), headers=headers)

    def refusal_of(self, response: HttpResponse) -> Refusal:
        told = parsed(response.body)
        code, words = str(told.get("code", "")), str(told.get("message", ""))
        return Refusal(response.status, code, words, response.headers)

    def _url(self, path: str) -> str:
        return self.api_url(path, "https://api.brevo.com")
