"""SMSC.ru: SMS through Russian operators.

https://smsc.ru/api/http/send/sms/ and .../status_messages/statuses/, read 2026-11. Limits: 1000
characters; a second identical request within a minute is error 9. Refusals come with HTTP 200.
Our `id` is made of the message's id, so a lost answer is looked up in status.php before anything
else is decided: what is found there was sent, what is not stays ambiguous (it may be on its way).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode
from uuid import UUID

from channels.adapters.sms_api import (
    FORM,
    SMS_FIELDS,
    SMS_OPTIONAL,
    SmsAdapter,
    digits_of,
    filled,
    text_of,
)
from channels.adapters.smsc_reports import events
from channels.adapters.table_adapter import parsed
from channels.contract import Exchange, Outbound, Place, Receipt
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    DeliveryError,
    Permanent,
    ProviderPaused,
    RateLimited,
)
from channels.provider_words import Meaning, Refusal
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, Told

REPEAT_S = 60.0  # for so long an identical request is error 9
#: status.php: waiting, with the operator, and all that comes after; -3 is "not found", -2 stopped
FOUND_FROM = -1
REQUIRED = "is required"


class SmscAdapter(SmsAdapter):
    """One account: an API key, or login and password."""

    provider = "smsc"
    fields = {
        "api_key": True,
        "login": False,
        "password": True,
        "callback_word": True,
        **SMS_FIELDS,
    }
    optional = SMS_OPTIONAL | {"api_key", "login", "password", "callback_word"}
    for_callbacks = frozenset({"callback_word"})
    callback_place = (
        "SMSC: Настройки → Обработчик статусов; допишите к адресу ?charset=utf-8&fmt=3&md5",
        "SMSC: Settings → Status handler; add ?charset=utf-8&fmt=3&md5 to the address",
    )
    place = Place.DOMESTIC
    has_steps = True
    hints = {
        "api_key": ("SMSC: Настройки → Безопасность → API-ключ", "SMSC: Settings → Security"),
        "login": ("Если нет API-ключа", "Without an API key"),
        "callback_word": (
            "Секретное слово обработчика статусов; без него отчётам не верим",
            "The secret word of the status handler; without it reports are not believed",
        ),
    }
    meanings = (
        Meaning(Permanent, code="1"),  # parameters
        Meaning(BadCredentials, code="2"),
        Meaning(ProviderPaused, code="3"),  # no money
        Meaning(RateLimited, code="4", wait_s=REPEAT_S),  # our address is blocked for errors
        Meaning(Permanent, code="5"),  # date
        Meaning(Permanent, code="6"),  # text or sender is forbidden
        Meaning(BadAddress, code="7"),
        Meaning(Permanent, code="8", scope="address"),  # cannot be delivered now
        Meaning(RateLimited, code="9", wait_s=REPEAT_S),  # the same again, or too many at once
    )

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        has_login = credentials.get("login") and credentials.get("password")
        is_known = has_login or credentials.get("api_key")
        return super().check(credentials) | ({} if is_known else {"api_key": REQUIRED})

    def request(self, outbound: Outbound) -> HttpRequest:
        form = {
            "phones": digits_of(outbound),
            "mes": text_of(outbound),
            "sender": self.sender_of(outbound),
            "id": str(number_of(outbound.message_id)),
            "cost": "3",  # tell what it cost and what is left
            "valid": _hours(outbound.ttl_s),
        }
        return self._call("/sys/send.php", form)

    def receipt(self, response: HttpResponse) -> Receipt:
        told = parsed(response.body)
        if response.status != 200 or "error_code" in told or not told.get("id"):
            raise self.error_for(response)
        known = {name: told.get(name) for name in ("id", "cnt", "cost", "balance")}
        return Receipt(str(told["id"]), raw=json.dumps(known))

    def exchange(self, outbound: Outbound) -> Exchange:
        try:
            response = yield self.request(outbound)
            return self.receipt(response)
        except Ambiguous as error:
            lost = error
        number = number_of(outbound.message_id)
        asked = {"phone": digits_of(outbound), "id": str(number)}
        try:
            response = yield self._call("/sys/status.php", asked, sends=False)
        except DeliveryError as error:
            raise lost from error
        if not _is_found(response):
            raise lost
        return Receipt(str(number), raw=json.dumps({"id": number, "found": True}))

    def probe(self) -> HttpRequest:
        return self._call("/sys/balance.php", {}, sends=False)

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        return events(callback, self.credentials.get("callback_word", ""))

    def refusal_of(self, response: HttpResponse) -> Refusal:
        told = parsed(response.body)
        code = str(told.get("error_code", ""))
        words = str(told.get("error", ""))
        return Refusal(response.status, code, words, response.headers, is_plain=bool(code))

    def _call(self, path: str, form: Mapping[str, str], *, sends: bool = True) -> HttpRequest:
        own = self.credentials
        login = {"apikey": own.get("api_key", "")}
        if not login["apikey"]:
            login = {"login": own.get("login", ""), "psw": own.get("password", "")}
        # Without fmt and charset it answers in words and reads windows-1251.
        fields = {**login, **form, "fmt": "3", "charset": "utf-8"}
        return HttpRequest(
            method="POST",
            url=self.api_url(path, "https://smsc.ru"),
            headers=FORM,
            body=urlencode(filled(fields)).encode(),
            sends=sends,
        )


def number_of(message_id: str) -> int:
    """Make SMSC's id, 31 bits, of our message's; with the phone number it is unique enough."""
    return UUID(message_id).int % (2**31 - 1) + 1


def _hours(ttl_s: int | None) -> str:
    """Write a lifetime as hh:mm, from a minute to a day."""
    if ttl_s is None:
        return ""
    minutes = min(max(ttl_s // 60, 1), 24 * 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _is_found(response: HttpResponse) -> bool:
    status = parsed(response.body).get("status")
    is_number = isinstance(status, int | str) and str(status).removeprefix("-").isdecimal()
    return is_number and int(str(status)) >= FOUND_FROM
