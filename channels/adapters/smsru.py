"""SMS.ru: SMS through Russian operators; each number has a status of its own inside a success.

https://sms.ru/api/send and https://sms.ru/api/status_code, read 2026-11. Limits: 100 numbers per
call, ttl 1-1440 minutes, about 8 parts. No key against repeats; the account may have guards
against equal texts (codes 230-233).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from channels.adapters.sms_api import (
    FORM,
    SMS_FIELDS,
    SMS_OPTIONAL,
    SmsAdapter,
    digits_of,
    filled,
    text_of,
)
from channels.adapters.smsru_reports import events
from channels.adapters.table_adapter import parsed
from channels.contract import Outbound, Place, Receipt
from channels.errors import (
    BadAddress,
    BadCredentials,
    OptedOut,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
)
from channels.provider_words import Meaning, Refusal
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, Registration, Reply, Told

TAKEN = "100"
DAY_WAIT_S = 3600.0  # limits of a day: looked at again every hour


class SmsRuAdapter(SmsAdapter):
    """One account."""

    provider = "smsru"
    fields = {"api_id": True, **SMS_FIELDS}
    optional = SMS_OPTIONAL
    place = Place.DOMESTIC
    taken = Reply(b"100", "text/plain")  # anything else is sent again for five days
    callback_place = (
        "SMS.ru: Разработчикам → Callback: получение уведомлений",
        "SMS.ru: For developers → Callback",
    )
    hints = {"api_id": ("SMS.ru: Разработчикам → api_id", "SMS.ru: For developers → api_id")}
    meanings = (
        *(Meaning(BadCredentials, code=code) for code in ("200", "300", "301", "302")),
        *(Meaning(ProviderPaused, code=code) for code in ("201", "204")),  # money, sender
        *(Meaning(BadAddress, code=code) for code in ("202", "207")),
        *(Meaning(Permanent, code=code) for code in ("203", "205", "208")),
        *(Meaning(Permanent, code=code) for code in ("210", "211", "212", "213", "902")),  # bugs
        Meaning(RateLimited, code="206", wait_s=DAY_WAIT_S),
        *(Meaning(OptedOut, code=code) for code in ("209", "233")),
        *(Meaning(Temporary, code=code) for code in ("220", "500")),
        Meaning(RateLimited, code="230", wait_s=DAY_WAIT_S, scope="address"),
        Meaning(RateLimited, code="231", wait_s=60.0, scope="address"),
        Meaning(RateLimited, code="232", wait_s=DAY_WAIT_S, scope="address"),
    )

    def request(self, outbound: Outbound) -> HttpRequest:
        minutes = min(max(outbound.ttl_s // 60, 1), 1440) if outbound.ttl_s is not None else ""
        form = {
            "to": digits_of(outbound),
            "msg": text_of(outbound),
            "from": self.sender_of(outbound),
            "ttl": str(minutes),
        }
        return self._call("/sms/send", form)

    def receipt(self, response: HttpResponse) -> Receipt:
        told = parsed(response.body)
        one = _one(told)
        if response.status != 200 or _code(told) != TAKEN or not one.get("sms_id"):
            raise self.error_for(response)
        raw = {"sms_id": one["sms_id"], "balance": told.get("balance")}
        return Receipt(str(one["sms_id"]), raw=json.dumps(raw))

    def probe(self) -> HttpRequest:
        return self._call("/my/balance", {})

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        return events(callback, self.credentials["api_id"])

    def register(self, url: str) -> Registration:
        """Add our address to those that are called; one that is known stays."""
        response = yield replace(self._call("/callback/add", {"url": url}), sends=False)
        if _code(self.read(response)) != TAKEN:
            raise self.error_for(response)
        return {}

    def refusal_of(self, response: HttpResponse) -> Refusal:
        told = parsed(response.body)
        code = "" if _code(told) == TAKEN else _code(told)
        words = str(_one(told).get("status_text") or told.get("status_text") or "")
        return Refusal(response.status, code, words, response.headers, is_plain=bool(code))

    def _call(self, path: str, form: Mapping[str, str]) -> HttpRequest:
        fields = {"api_id": self.credentials["api_id"], "json": "1", **form}
        return HttpRequest(
            method="POST",
            url=self.api_url(path, "https://sms.ru"),
            headers=FORM,
            body=urlencode(filled(fields)).encode(),
        )


def _one(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the answer about the one number of the call."""
    numbers = told.get("sms")
    listed = list(numbers.values()) if isinstance(numbers, dict) else []
    return listed[0] if listed and isinstance(listed[0], dict) else {}


def _code(told: Mapping[str, Any]) -> str:
    whole = str(told.get("status_code", ""))
    return str(_one(told).get("status_code", whole)) if whole == TAKEN else whole
