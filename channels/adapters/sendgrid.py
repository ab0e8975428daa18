"""SendGrid: letters, up to a thousand of them in one call.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send, read 2026-11; a letter's
request is anymail's (15.2). Limits: 1000 personalizations and recipients per call, 10,000 bytes of
substitutions and of custom_args in each, body 30 MB. The answer is 202 with X-Message-Id and no
body; one bad personalization refuses the whole call. Accounts in the EU have another address:
api_base https://api.eu.sendgrid.com.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from anymail.backends.base_requests import AnymailRequestsBackend
from anymail.backends.sendgrid import EmailBackend

from channels.adapters.email_api import EmailApiAdapter, taken
from channels.adapters.email_batch import KEY_START, Parts, differing, key, parts_of, template_of
from channels.adapters.email_letter import (
    METADATA_KEY,
    SENDER_FIELDS,
    SENDER_OPTIONAL,
    headers_of,
)
from channels.adapters.sendgrid_events import events, is_key
from channels.adapters.table_adapter import json_call, parsed
from channels.answers import objects
from channels.contract import Outbound, Place, Receipt
from channels.errors import (
    BadCredentials,
    DeliveryError,
    NotStarted,
    Permanent,
    ProviderPaused,
)
from channels.fields import faults
from channels.mime import envelope_address, html_of, subject_of, text_of
from channels.provider_words import Meaning, Refusal, clean
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, Registration, Told

SUBSTITUTIONS_BYTES = 10_000
# A thousand letters with 20 KB of values and headers each leave room for this in 30 MB.
TEMPLATE_BYTES = 1_000_000
BATCH_TIMEOUT_S = 30.0  # up to 20 MB leave in one call
AGAIN_S = 1.0  # letters that were refused only because of another one in their call
TEXT = "t"
WEBHOOKS = "/v3/user/webhooks/event/settings"
#: What the Event Webhook is to tell.
TOLD = (
    *("processed", "delivered", "deferred", "bounce", "dropped", "open", "click"),
    *("spam_report", "unsubscribe", "group_unsubscribe", "group_resubscribe"),
)


class _Backend(EmailBackend):  # type: ignore[misc] # anymail has no types
    """Without the warning of anymail's own: it ends its support for SendGrid, we test ours."""

    def __init__(self, api_key: str, api_url: str) -> None:
        AnymailRequestsBackend.__init__(self, api_url)
        self.api_key = api_key
        self.generate_message_id = False  # custom_args carry our own
        self.merge_field_format = "{}"


class SendgridAdapter(EmailApiAdapter):
    """One account; its senders are verified there."""

    provider = "sendgrid"
    fields = {"api_key": True, "verification_key": False, **SENDER_FIELDS}
    optional = SENDER_OPTIONAL | {"verification_key"}
    for_callbacks = frozenset({"verification_key"})
    place = Place.FOREIGN
    tracks = True
    batch_size = 1000
    callback_place = (
        "SendGrid: Settings → Mail Settings → Event Webhooks, с Signature Verification",
        "SendGrid: Settings → Mail Settings → Event Webhooks, with Signature Verification",
    )
    hints = {
        "api_key": (
            "SendGrid: Settings → API Keys, право Mail Send",
            "SendGrid: Settings → API Keys, with Mail Send",
        ),
        "verification_key": (
            "Verification Key там же, где Event Webhook; без него отчётам не верим",
            "The Verification Key beside the Event Webhook; without it reports are not believed",
        ),
        "api_base": (
            "Для аккаунтов в Европе: https://api.eu.sendgrid.com",
            "For accounts in the EU: https://api.eu.sendgrid.com",
        ),
    }
    meanings = (
        Meaning(Permanent, status=400),
        Meaning(ProviderPaused, status=401, words="credits exceeded"),
        Meaning(ProviderPaused, status=403, words="sender identity"),
        Meaning(ProviderPaused, status=403, code="from"),
        Meaning(BadCredentials, status=404),
    )

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        return super().check(credentials) | faults(credentials, verification_key=is_key)

    def backend(self) -> Any:
        return _Backend(self.credentials["api_key"], self._url("/v3/"))

    def receipt(self, response: HttpResponse) -> Receipt:
        if not _is_taken(response):
            raise self.error_for(response)
        return taken(response.headers["x-message-id"])

    def batch_key(self, outbound: Outbound) -> Hashable:
        try:
            subject, text, parts = _parts(outbound)
        except DeliveryError:
            return None  # its own request says what is wrong with it
        values = {key(at): value for at, value in enumerate(parts.values)} | {key(TEXT): text}
        size = len(json.dumps(values, ensure_ascii=False).encode())
        is_marked = any(KEY_START in part for part in (subject, text, *parts.values))
        template_bytes = sum(len(piece.encode()) for piece in parts.pattern)
        if size > SUBSTITUTIONS_BYTES or is_marked or template_bytes > TEMPLATE_BYTES:
            return None
        return outbound.category, bool(text), parts.pattern

    def request_many(self, outbounds: Sequence[Outbound]) -> HttpRequest:
        read = [_parts(outbound) for outbound in outbounds]
        places = differing([parts for _, _, parts in read])
        with self.writing():
            payload = self.payload(outbounds[0])
        payload.data["headers"].clear()
        for own in ("custom_args", "subject"):
            payload.data.pop(own, None)
        shared_text = key(TEXT) if read[0][1] else ""
        payload.data["content"] = _content(shared_text, template_of(read[0][2], places))
        payload.data["personalizations"] = [
            _personalization(outbound, subject, _values(text, parts, places))
            for outbound, (subject, text, parts) in zip(outbounds, read, strict=True)
        ]
        return HttpRequest(
            method="POST",
            url=self._url("/v3/mail/send"),
            headers=payload.headers,
            body=payload.serialize_data().encode(),
            timeout_s=BATCH_TIMEOUT_S,
        )

    def receipts(
        self, response: HttpResponse, outbounds: Sequence[Outbound]
    ) -> list[Receipt | DeliveryError]:
        if _is_taken(response):
            shared = response.headers["x-message-id"]
            return [taken(f"{shared}:{outbound.message_id}") for outbound in outbounds]
        guilty = _guilty(response)
        if not guilty:
            raise self.error_for(response)
        return [
            Permanent(f"400 {guilty[at]}")
            if at in guilty
            else NotStarted("another letter of the call was refused", retry_after_s=AGAIN_S)
            for at in range(len(outbounds))
        ]

    def probe(self) -> HttpRequest:
        return self._call("GET", "/v3/scopes")

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        return events(callback, self.credentials.get("verification_key", ""))

    def register(self, url: str) -> Registration:
        known = self.read((yield self._call("GET", f"{WEBHOOKS}/all")))
        wanted = {
            "url": url,
            "enabled": True,
            "friendly_name": "Kolokol",
            **dict.fromkeys(TOLD, True),
        }
        ours = [hook["id"] for hook in objects(known.get("webhooks")) if hook.get("url") == url]
        if ours:
            self.read((yield self._call("PATCH", f"{WEBHOOKS}/{ours[0]}", wanted)))
        else:
            ours = [self.read((yield self._call("POST", WEBHOOKS, wanted))).get("id")]
        signed = yield self._call("PATCH", f"{WEBHOOKS}/signed/{ours[0]}", {"enabled": True})
        return {"verification_key": str(self.read(signed)["public_key"])}

    def refusal_of(self, response: HttpResponse) -> Refusal:
        first = next(iter(_errors(response)), {})
        code, words = str(first.get("field") or ""), str(first.get("message", ""))
        return Refusal(response.status, code, words, response.headers)

    def _call(self, method: str, path: str, body: Any = None) -> HttpRequest:
        headers = {"Authorization": f"Bearer {self.credentials['api_key']}"}
        return json_call(method, self._url(path), headers, body)

    def _url(self, path: str) -> str:
        return self.api_url(path, "https://api.sendgrid.com")


def _parts(outbound: Outbound) -> tuple[str, str, Parts]:
    content = outbound.content
    return subject_of(content), text_of(content), parts_of(html_of(content))


def _content(text: str, html: str) -> list[dict[str, str]]:
    kinds = {"text/plain": text, "text/html": html}
    return [{"type": kind, "value": value} for kind, value in kinds.items() if value]


def _personalization(outbound: Outbound, subject: str, values: dict[str, str]) -> dict[str, Any]:
    return {
        "to": [{"email": envelope_address(outbound.address)}],
        "subject": subject,
        "headers": headers_of(outbound),
        "custom_args": {METADATA_KEY: outbound.message_id},
        "substitutions": values,
    }


def _values(text: str, parts: Parts, places: Sequence[int]) -> dict[str, str]:
    return {key(TEXT): text} | {key(at): parts.values[at] for at in places}


def _is_taken(response: HttpResponse) -> bool:
    return response.status == 202 and "x-message-id" in response.headers and not response.body


def _errors(response: HttpResponse) -> list[dict[str, Any]]:
    errors = parsed(response.body).get("errors")
    return (
        [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    )


def _guilty(response: HttpResponse) -> dict[int, str]:
    """Name the personalizations that a 400 is about, with its words."""
    if response.status != 400:
        return {}
    guilty = {}
    for error in _errors(response):
        if found := re.match(r"personalizations\.(\d+)\.", str(error.get("field"))):
            guilty[int(found[1])] = clean(str(error.get("message", "")))
    return guilty
