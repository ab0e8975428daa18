"""Brevo: letters of a European provider, formerly Sendinblue.

https://developers.brevo.com/reference/sendtransacemail and .../docs/how-it-works, read 2026-11;
the request and the answer are anymail's (15.2). A repeated idempotencyKey is refused for 15 to 30
minutes (their pages differ): that guards the next tries of one letter, not one after an outage,
hence is_idempotent stays False.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anymail.backends.brevo import EmailBackend

from channels.adapters.brevo_events import events
from channels.adapters.callback_reading import password_for, prove_password
from channels.adapters.email_api import EmailApiAdapter, taken
from channels.adapters.email_letter import SENDER_FIELDS, SENDER_OPTIONAL
from channels.adapters.table_adapter import json_call, parsed
from channels.answers import objects
from channels.contract import Outbound, Place, Receipt
from channels.errors import BadAddress, BadCredentials, Permanent, ProviderPaused
from channels.provider_words import Meaning, Refusal
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, Registration, Told

#: The key was used: an earlier call whose answer was lost has been taken.
REPEATED = "duplicate_parameter"
WEBHOOKS = "/v3/webhooks"
#: Events as they are ordered; they are told in other words (brevo_events).
ORDERED = (
    *("request", "delivered", "deferred", "hardBounce", "softBounce", "blocked", "invalid"),
    *("spam", "unsubscribed", "opened", "click"),
)


class BrevoAdapter(EmailApiAdapter):
    """One account; senders and domains are verified there."""

    provider = "brevo"
    place = Place.FOREIGN
    fields = {"api_key": True, "callback_password": True, **SENDER_FIELDS}
    optional = SENDER_OPTIONAL | {"callback_password"}
    for_callbacks = frozenset({"callback_password"})
    callback_place = (
        "Brevo: Transactional → Settings → Webhook",
        "Brevo: Transactional → Settings → Webhook",
    )
    hints = {
        "api_key": ("Brevo: SMTP & API → API Keys", "Brevo: SMTP & API → API Keys"),
        "callback_password": (
            "Токен или пароль из настроек вебхука, если он там задан",
            "The token or password in the webhook's settings, if it has one",
        ),
    }
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
        return self._call("GET", "/v3/account")

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        prove_password(callback, self.credentials.get("callback_password", ""))
        return events(callback)

    def register(self, url: str) -> Registration:
        password = password_for(self.credentials["api_key"], url)
        told = yield self._call("GET", f"{WEBHOOKS}?type=transactional")
        known = {} if told.status == 404 else self.read(told)  # 404: there is none yet
        ours = [hook["id"] for hook in objects(known.get("webhooks")) if hook.get("url") == url]
        wanted = {
            "url": url,
            "description": "Kolokol",
            "events": ORDERED,
            "auth": {"type": "bearer", "token": password},
        }
        if ours:
            call = self._call("PUT", f"{WEBHOOKS}/{ours[0]}", wanted)
        else:
            call = self._call("POST", WEBHOOKS, {**wanted, "type": "transactional"})
        self.read((yield call))
        return {"callback_password": password}

    def refusal_of(self, response: HttpResponse) -> Refusal:
        told = parsed(response.body)
        code, words = str(told.get("code", "")), str(told.get("message", ""))
        return Refusal(response.status, code, words, response.headers)

    def _call(self, method: str, path: str, body: Any = None) -> HttpRequest:
        headers = {"api-key": self.credentials["api_key"], "Accept": "application/json"}
        return json_call(method, self._url(path), headers, body)

    def _url(self, path: str) -> str:
        return self.api_url(path, "https://api.brevo.com")
