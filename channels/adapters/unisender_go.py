"""Unisender Go (UniOne): letters of a Russian provider.

https://godocs.unisender.ru/web-api-ref, read 2026-11; the request and the answer are anymail's
(15.2). Limits: 500 recipients, 10 MB, 50 headers. idempotence_key (up to 64 characters) refuses a
repeat for about a minute only, hence is_idempotent stays False. No event follows for a recipient
that is refused in the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anymail.backends.unisender_go import EmailBackend

from channels.adapters.email_api import EmailApiAdapter
from channels.adapters.email_letter import SENDER_FIELDS, SENDER_OPTIONAL
from channels.adapters.table_adapter import json_call, parsed
from channels.adapters.unisender_go_events import FATES, events
from channels.contract import Outbound, Place, Receipt
from channels.errors import (
    BadAddress,
    BadCredentials,
    Deferred,
    DeliveryError,
    OptedOut,
    Permanent,
    ProviderPaused,
    RateLimited,
    UnknownReply,
)
from channels.provider_words import Meaning, Refusal, clean
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, Registration, Reply, Told

#: failed_emails: why this recipient was refused. "duplicate" stands beside an accepted one.
FAILED: dict[str, type[DeliveryError]] = {
    "unsubscribed": OptedOut,
    "complained": OptedOut,
    "blocked": OptedOut,
    "invalid": BadAddress,
    "permanent_unavailable": BadAddress,
    "temporary_unavailable": Deferred,  # its block lasts about three days
}


class UnisenderGoAdapter(EmailApiAdapter):
    """One project. api_base: the data centre of the account, go1 unless set."""

    provider = "unisender_go"
    fields = {"api_key": True, "skip_unsubscribe": False, **SENDER_FIELDS}
    optional = SENDER_OPTIONAL | {"skip_unsubscribe"}
    place = Place.DOMESTIC
    tracks = True
    callback_place = ("Unisender Go: Настройки → Webhooks", "Unisender Go: Settings → Webhooks")
    hints = {
        "api_key": (
            "Unisender Go: Аккаунт → Безопасность → API-ключ",
            "Unisender Go: Account → Security → API key",
        ),
        "api_base": (
            "https://go1.unisender.ru или https://go2.unisender.ru, как в адресе кабинета",
            "https://go1.unisender.ru or https://go2.unisender.ru, as in the cabinet's address",
        ),
        "skip_unsubscribe": (
            "1, если поддержка разрешила письма без их ссылки отписки",
            "1 if the support allowed letters without their unsubscribe link",
        ),
    }
    meanings = (
        Meaning(BadCredentials, code="101"),
        Meaning(BadCredentials, code="102"),
        Meaning(BadCredentials, code="114"),  # the other data centre's account
        Meaning(ProviderPaused, code="229"),  # the sender's domain is not verified
        Meaning(ProviderPaused, words="not verified"),
        Meaning(Permanent, code="150"),  # above 10 MB
        Meaning(RateLimited, code="906"),
    )

    def backend(self) -> Any:
        return EmailBackend(
            api_key=self.credentials["api_key"], api_url=self._url(""), generate_message_id=False
        )

    def extras(self, outbound: Outbound) -> dict[str, Any]:
        extras: dict[str, Any] = {"idempotence_key": outbound.message_id}
        if url := outbound.extra.get("unsubscribe_url"):
            extras["options"] = {"unsubscribe_url": str(url)}
        if self.credentials.get("skip_unsubscribe") == "1":
            extras["skip_unsubscribe"] = 1
        return extras

    def receipt(self, response: HttpResponse) -> Receipt:
        told = parsed(response.body)
        failed = told.get("failed_emails")
        causes = [str(cause) for cause in failed.values()] if isinstance(failed, dict) else []
        causes = [cause for cause in causes if cause != "duplicate"]
        if causes and not told.get("emails"):
            detail = f"{response.status} failed_emails: {clean(causes[0])}"
            raise FAILED.get(causes[0], UnknownReply)(detail, scope="address")
        return super().receipt(response)

    def probe(self) -> HttpRequest:
        return self._call("/system/info.json", {})

    def greet(self, callback: Callback) -> Reply | None:
        """Answer the call that asks whether the address is there at all."""
        return Reply() if callback.method == "GET" else None

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        return events(callback, self.credentials["api_key"])

    def register(self, url: str) -> Registration:
        """Set the webhook; one of the same address is changed."""
        statuses = [*FATES, "hard_bounced"]
        wanted = {
            "url": url,
            "status": "active",
            "event_format": "json_post",
            "delivery_info": 1,
            "single_event": 0,
            "events": {"email_status": statuses, "spam_block": ["*"]},
        }
        self.read((yield self._call("/webhook/set.json", wanted)))
        return {}

    def refusal_of(self, response: HttpResponse) -> Refusal:
        told = parsed(response.body)
        code, words = str(told.get("code", "")), str(told.get("message", ""))
        return Refusal(response.status, code, words, response.headers)

    def _call(self, path: str, body: Any) -> HttpRequest:
        headers = {"X-API-KEY": self.credentials["api_key"]}
        return json_call("POST", self._url(path), headers, body)

    def _url(self, path: str) -> str:
        return self.api_url(f"/ru/transactional/api/v1{path}", "https://go1.unisender.ru")
