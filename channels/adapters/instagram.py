"""Instagram: answers of a salon's professional account to people who have written to it.

https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
(Graph API v25.0, read 2026-11).
Limits: 100 messages per second and account; text 1000 bytes (about 500 Cyrillic letters: a longer
one goes in parts), 13 quick replies of 20 characters; a picture is a message of its own.
Only for 24 hours after the client wrote. The tag HUMAN_AGENT stretches that to 7 days for what a
person has typed (extra["is_human"]), never for automated texts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from channels.adapters.graph_answers import Codes, read_answer
from channels.adapters.graph_callbacks import OF_APP, challenged, entries, must_verify
from channels.adapters.instagram_updates import read_entry
from channels.bodies import word
from channels.contract import Adapter, ChannelKind, Exchange, Outbound, Rate, Receipt
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    DeliveryError,
    Permanent,
    RateLimited,
    Temporary,
    UnknownReply,
    WindowClosed,
)
from channels.fields import faults, is_number, is_word
from channels.formatting import Fitted, fit
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, Registration, Reply, Told
from channels.window import is_open

VERSION = "v25.0"
SUBSCRIBED = "messages,messaging_postbacks,messaging_seen,messaging_referral"
HUMAN_LONGER = timedelta(days=6)  # 7 days in all

#: Errors of the Send API; 2534022: outside of the window, 2018001: no such person.
CODES = Codes(
    by_code={
        551: BadAddress,
        100: Permanent,
        10: BadCredentials,
        190: BadCredentials,
        **dict.fromkeys((4, 17, 32, 613, 80006), RateLimited),
        **dict.fromkeys((1, 2), Temporary),
    },
    by_subcode={(10, 2534022): WindowClosed, (100, 2018001): BadAddress},
)


class InstagramAdapter(Adapter):
    """One professional account, by Instagram Login."""

    provider = "instagram"
    kinds = frozenset({ChannelKind.CHAT})
    fields: ClassVar[Mapping[str, bool]] = {
        "token": True,
        "instagram_id": False,
        "app_secret": True,
        "verify_token": False,
        "api_base": False,
    }
    optional = frozenset({"instagram_id", "app_secret", "api_base"})
    generated = frozenset({"verify_token"})
    for_callbacks = frozenset({"app_secret"})
    hints: ClassVar[Mapping[str, tuple[str, str]]] = {
        "token": (
            "Приложение в Meta for Developers → Instagram → Настройка API: «Создать токен» для "
            "аккаунта салона; живёт 60 дней",
            "App at Meta for Developers → Instagram → API setup: Generate token for the salon's "
            "account; it lives 60 days",
        ),
        "instagram_id": (
            "Там же, под именем аккаунта; заполнится само",
            "There too, under the account's name; filled in by itself",
        ),
        **OF_APP,
    }
    callback_place = (
        "Приложение в Meta for Developers → Instagram → Настройка API → Webhooks: URL обратного "
        "вызова и маркер подтверждения",
        "App at Meta for Developers → Instagram → API setup → Webhooks: callback URL and verify "
        "token",
    )
    address_kinds = ("instagram",)
    rates = (Rate("account", 100, 1.0),)
    has_steps = True
    clock: ClassVar[Callable[[], float]] = time.time

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        return faults(credentials, instagram_id=is_number, verify_token=is_word)

    @classmethod
    def route_of(cls, credentials: Mapping[str, str]) -> str:
        return credentials.get("instagram_id", "")

    def request(self, outbound: Outbound) -> HttpRequest:
        """Write the first call; raises WindowClosed before any when the window is known closed."""
        return self._calls(outbound)[0]

    def receipt(self, response: HttpResponse) -> Receipt:
        answer = read_answer(response, CODES)
        if not isinstance(answer.get("message_id"), str):
            raise UnknownReply(f"{response.status} without a message")
        return Receipt(provider_id=answer["message_id"])

    def exchange(self, outbound: Outbound) -> Exchange:
        """Send the picture, then the text in its parts; the last one is the message."""
        receipt: Receipt | None = None
        for call in self._calls(outbound):
            try:
                receipt = self.receipt((yield call))
            except DeliveryError as error:
                if receipt is None:
                    raise
                raise Ambiguous(f"a part was sent, then: {error.detail}") from error
        if receipt is None:
            raise Permanent("the message is empty")
        return receipt

    def probe(self) -> HttpRequest:
        return self._call("GET", "me?fields=user_id,username")

    def greet(self, callback: Callback) -> Reply | None:
        return challenged(callback, self.credentials.get("verify_token", ""))

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        secret = self.credentials.get("app_secret", "")
        told = [read_entry(entry) for entry in entries(callback, secret, "instagram")]
        return [event for of_entry in told for event in of_entry]

    def register(self, url: str) -> Registration:
        """Subscribe the account to the app, whose one address is set at Meta by hand."""
        must_verify(self.credentials)
        known = read_answer((yield self.probe()), CODES)
        path = f"me/subscribed_apps?subscribed_fields={SUBSCRIBED}"
        read_answer((yield self._call("POST", path, b"{}")), CODES)
        return {"instagram_id": word(known, "user_id")}

    def _calls(self, outbound: Outbound) -> list[HttpRequest]:
        envelope = {"recipient": {"id": outbound.address}, **self._tag(outbound)}
        messages = _messages(fit(outbound.content, "instagram"))
        return [self._post({**envelope, "message": message}) for message in messages]

    def _tag(self, outbound: Outbound) -> dict[str, str]:
        now = type(self).clock()
        if is_open(outbound.extra, now) is not False:
            return {}
        if outbound.extra.get("is_human") and is_open(outbound.extra, now, longer=HUMAN_LONGER):
            return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
        raise WindowClosed("24 hours have passed since the client wrote")

    def _post(self, body: Mapping[str, Any]) -> HttpRequest:
        return self._call("POST", "me/messages", json.dumps(body, ensure_ascii=False).encode())

    def _call(self, method: str, path: str, body: bytes = b"") -> HttpRequest:
        base = (self.credentials.get("api_base") or "https://graph.instagram.com").rstrip("/")
        headers = {"Authorization": f"Bearer {self.credentials['token']}"}
        if body:
            headers["Content-Type"] = "application/json"
        return HttpRequest(method, f"{base}/{VERSION}/{path}", headers, body)


def _messages(fitted: Fitted) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if fitted.image_url:
        attachment = {"type": "image", "payload": {"url": fitted.image_url}}
        messages.append({"attachment": attachment})
    messages += [{"text": part} for part in fitted.parts]
    if fitted.buttons:
        messages[-1]["quick_replies"] = [
            {"content_type": "text", "title": button.text, "payload": button.action}
            for button in fitted.buttons
        ]
    return messages
