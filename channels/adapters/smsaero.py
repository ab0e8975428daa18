"""SMS Aero: SMS through Russian operators, with an approved sign.

https://smsaero.ru/integration/documentation/api/ (v2) and the provider's Python and Go libraries,
read 2026-11. Limits: text 2-640 characters, sign up to 11. No key against repeats. Unlike the
provider's own library, nothing is ever sent again to a mirror or over plain http.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from channels.adapters.callback_reading import report_url
from channels.adapters.sms_api import (
    SMS_FIELDS,
    SMS_OPTIONAL,
    SmsAdapter,
    digits_of,
    filled,
    text_of,
)
from channels.adapters.smsaero_reports import events
from channels.adapters.table_adapter import basic, parsed
from channels.contract import Outbound, Place, Receipt
from channels.errors import BadAddress, Permanent, ProviderPaused
from channels.provider_words import Meaning, Refusal
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, Told


class SmsAeroAdapter(SmsAdapter):
    """One account; its e-mail is the login."""

    provider = "smsaero"
    fields = {"email": False, "api_key": True, **SMS_FIELDS}
    optional = SMS_OPTIONAL - {"sender"}
    place = Place.DOMESTIC
    hints = {
        "api_key": ("SMS Aero: Настройки → API и SMPP", "SMS Aero: Settings → API and SMPP"),
        "sender": ("Одобренная подпись, например SMS Aero", "An approved sign, such as SMS Aero"),
    }
    meanings = (
        Meaning(ProviderPaused, code="no credits"),
        Meaning(Permanent, code="reject"),
        Meaning(BadAddress, code="invalid number"),
        Meaning(Permanent, code="invalid"),
    )

    def request(self, outbound: Outbound) -> HttpRequest:
        callback_url = report_url(self.credentials, outbound.message_id)
        body = {
            "number": digits_of(outbound),
            "text": text_of(outbound),
            "sign": self.sender_of(outbound),
            "callbackUrl": callback_url,
            "callbackFormat": "JSON" if callback_url else "",
        }
        return self._call("/v2/sms/send", filled(body))

    def receipt(self, response: HttpResponse) -> Receipt:
        told = parsed(response.body)
        data = told.get("data")
        if response.status != 200 or told.get("success") is not True or not isinstance(data, dict):
            raise self.error_for(response)
        if not data.get("id"):
            raise self.error_for(response)
        known = {name: data.get(name) for name in ("id", "status", "cost")}
        return Receipt(str(data["id"]), raw=json.dumps(known))

    def probe(self) -> HttpRequest:
        return self._call("/v2/balance", {})

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        return events(callback)

    def refusal_of(self, response: HttpResponse) -> Refusal:
        told = parsed(response.body)
        code = str(told.get("result") or _invalid(told.get("data")))
        words = str(told.get("reason") or told.get("message") or "")
        is_plain = bool(code) or told.get("success") is False
        return Refusal(response.status, code, words, response.headers, is_plain)

    def _call(self, path: str, body: dict[str, Any]) -> HttpRequest:
        return HttpRequest(
            method="POST",
            url=self.api_url(path, "https://gate.smsaero.ru"),
            headers={
                "Content-Type": "application/json",
                "Authorization": basic(self.credentials["email"], self.credentials["api_key"]),
            },
            body=json.dumps(body, ensure_ascii=False).encode(),
        )


def _invalid(data: object) -> str:
    """Name what a "Validation error." is about: {"number": ["Incorrect value"]}."""
    if not isinstance(data, dict) or not data:
        return ""
    is_of_lists = all(isinstance(value, list) for value in data.values())
    return ("invalid number" if "number" in data else "invalid") if is_of_lists else ""
