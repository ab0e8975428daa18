"""Twilio: SMS abroad, from a number, a name or a messaging service.

https://www.twilio.com/docs/messaging/api/message-resource and .../docs/api/errors, read 2026-11.
Limits: 1600 characters, ValidityPeriod 1-36000 s, about 1 SMS per second and long number; Twilio
queues up to 10 hours. Creating has no key against repeats. Foreign traffic to Russia is restricted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from channels.adapters.callback_reading import report_url
from channels.adapters.fates import FAILED, meant_by
from channels.adapters.sms_api import (
    FORM,
    SMS_FIELDS,
    SMS_OPTIONAL,
    SmsAdapter,
    digits_of,
    filled,
    text_of,
)
from channels.adapters.table_adapter import basic, parsed
from channels.adapters.twilio_reports import STATES, form, heard, is_client, reported
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
from channels.provider_words import Meaning, Refusal, error_for
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, Reply, Told

VALIDITY_S = 36_000
REQUIRED = "is required"


class TwilioAdapter(SmsAdapter):
    """One account. login_sid: an API key's sid, when one sends instead of the account itself."""

    provider = "twilio"
    fields = {
        "account_sid": False,
        "login_sid": False,
        "auth_token": True,
        "messaging_service_sid": False,
        "signing_token": True,
        **SMS_FIELDS,
    }
    optional = SMS_OPTIONAL | {"messaging_service_sid", "login_sid", "signing_token"}
    for_callbacks = frozenset({"signing_token"})
    taken = Reply(b"<Response/>", "text/xml")
    place = Place.FOREIGN
    hints = {
        "account_sid": ("Twilio Console: Account Info, AC…", "Twilio Console: Account Info, AC…"),
        "auth_token": (
            "Twilio Console: Account Info, Auth Token; или секрет ключа API",
            "Twilio Console: Account Info, Auth Token; or an API key's secret",
        ),
        "signing_token": (
            "Auth Token аккаунта, если выше указан ключ API: им Twilio подписывает отчёты",
            "The account's Auth Token, if an API key is above: Twilio signs reports with it",
        ),
        "sender": (
            "Номер Twilio (+1…) или имя; либо укажите Messaging Service",
            "A Twilio number (+1…) or a name; or name a Messaging Service",
        ),
    }
    meanings = (
        *(Meaning(BadAddress, code=code) for code in ("21211", "21614", "30005", "30006")),
        *(Meaning(OptedOut, code=code) for code in ("21610", "30004")),
        # 21612, 21408: no way to this client's country, which is no reason to stop the account.
        *(Meaning(Permanent, code=code) for code in ("21612", "21408", "21617", "21602", "30007")),
        *(Meaning(Temporary, code=code) for code in ("30001", "30003", "30008", "20500", "20503")),
        *(Meaning(RateLimited, code=code) for code in ("20429", "21611", "30022")),
        *(Meaning(BadCredentials, code=code) for code in ("20003", "20404")),
        *(
            Meaning(ProviderPaused, code=code)
            # no sender, a sender of another account, trial, suspended, US registration
            for code in ("21603", "21606", "21212", "21608", "30002", "30034")
        ),
    )

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        has_sender = credentials.get("sender") or credentials.get("messaging_service_sid")
        return super().check(credentials) | ({} if has_sender else {"sender": REQUIRED})

    def request(self, outbound: Outbound) -> HttpRequest:
        sender = self.sender_of(outbound)
        service = "" if outbound.extra.get("sender") else self._service()
        validity_s = min(max(outbound.ttl_s or 0, 1), VALIDITY_S) if outbound.ttl_s else ""
        form = {
            "To": f"+{digits_of(outbound)}",
            "Body": text_of(outbound),
            "MessagingServiceSid": service,
            "From": "" if service else sender,
            "StatusCallback": report_url(self.credentials, outbound.message_id),
            "ValidityPeriod": str(validity_s),
        }
        return HttpRequest(
            method="POST",
            url=self._url("/Messages.json"),
            headers={**FORM, "Authorization": self._login()},
            body=urlencode(filled(form)).encode(),
        )

    def receipt(self, response: HttpResponse) -> Receipt:
        told = parsed(response.body)
        sid = told.get("sid")
        if response.status not in {200, 201} or not sid or told.get("error_code"):
            raise self.error_for(response)
        known = ("sid", "status", "num_segments", "price")
        return Receipt(str(sid), raw=json.dumps({name: told.get(name) for name in known}))

    def probe(self) -> HttpRequest:
        return HttpRequest("GET", self._url(".json"), headers={"Authorization": self._login()})

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        own = self.credentials
        fields = form(callback, own.get("signing_token") or own["auth_token"])
        if is_client(fields):
            return heard(fields)
        fate, code = STATES.get(fields.get("MessageStatus", "")), fields.get("ErrorCode", "")
        if fate is FAILED and code:
            fate = meant_by(error_for(Refusal(0, code), self.meanings, now=callback.at))
        return [reported(fields, callback.query, fate)] if fate else []

    def refusal_of(self, response: HttpResponse) -> Refusal:
        told = parsed(response.body)
        code = str(told.get("code") or told.get("error_code") or "")
        words = str(told.get("message") or told.get("error_message") or "")
        return Refusal(response.status, code, words, response.headers)

    def _service(self) -> str:
        return self.credentials.get("messaging_service_sid", "")

    def _login(self) -> str:
        login = self.credentials.get("login_sid") or self.credentials["account_sid"]
        return basic(login, self.credentials["auth_token"])

    def _url(self, path: str) -> str:
        sid = quote(self.credentials["account_sid"], safe="")
        return self.api_url(f"/2010-04-01/Accounts/{sid}{path}", "https://api.twilio.com")
