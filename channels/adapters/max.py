"""MAX: messages of a salon's bot to people who have started it.

https://dev.max.ru/docs-api and max-messenger-bot/max-bot-api-schemas 0.0.32, read 2026-11: the host
of 2026-07, the raw token in a header, the recipient in the query.
Limits: 2 messages per second and dialogue, 30 calls per second and bot; text 4000 characters,
button 128, its payload 1024.
Its certificate comes from the Russian Trusted CA, which certifi lacks: `ca_file` names the bundle
(setting MAX_CA_BUNDLE), for this provider only.
A bot that is not moderated yet is answered like one that the client has stopped (403).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from channels.adapters.max_updates import READERS, read_update
from channels.answers import json_object
from channels.bodies import parsed, parts, word
from channels.contract import Adapter, Button, ChannelKind, Outbound, Place, Rate, Receipt
from channels.errors import (
    BadAddress,
    BadCredentials,
    DeliveryError,
    Permanent,
    RateLimited,
    Temporary,
    UnknownReply,
)
from channels.fields import faults, is_word
from channels.formatting import Fitted, fit
from channels.proofs import prove_secret
from channels.provider_words import Meaning, Refusal, clean, error_for, told
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, InboundEvent, Registration, Told

BUTTONS_PER_ROW = 2
THROTTLE_WAIT_S = 2.0  # no Retry-After is documented; the limits are per second
NOT_READY_WAIT_S = 1.0

#: The schema's error codes, and what its libraries have seen; the first line that fits.
MEANINGS = (
    Meaning(Temporary, code="attachment.not.ready"),
    Meaning(BadAddress, words="error.dialog.suspended"),
    Meaning(BadAddress, words="error.dialog.notfound"),
    Meaning(BadCredentials, status=401),
    Meaning(BadAddress, code="chat.denied"),
    Meaning(BadAddress, code="chat.not.found"),
    Meaning(BadAddress, code="not.found"),
    Meaning(Permanent, status=400),
    Meaning(Permanent, status=405),
    Meaning(Permanent, status=415),
    Meaning(RateLimited, status=429),
    Meaning(Temporary, status=502),
    Meaning(Temporary, status=504),
    # Without MAX's own code a 403 or 404 is somebody else's: a filter, a wrong address of the API.
    Meaning(UnknownReply, status=403),
    Meaning(UnknownReply, status=404),
)


class MaxAdapter(Adapter):
    """One bot."""

    provider = "max"
    kinds = frozenset({ChannelKind.CHAT})
    fields: ClassVar[Mapping[str, bool]] = {
        "token": True,
        "webhook_secret": True,
        "api_base": False,
    }
    optional = frozenset({"api_base"})
    generated = frozenset({"webhook_secret"})
    #: unsubscribes us after so long
    forgets_after_s = 8 * 3600.0
    hints: ClassVar[Mapping[str, tuple[str, str]]] = {
        "token": (
            "business.max.ru → Чат-боты → бот → Интеграция → токен; бот должен пройти модерацию",
            "business.max.ru → Chat bots → the bot → Integration → token; after moderation",
        ),
    }
    callback_place = (
        "вручную не настраивается: нажмите «Подключить обратные вызовы»",
        "cannot be set by hand: press Connect callbacks",
    )
    address_kinds = ("max",)
    place = Place.DOMESTIC
    rates = (Rate("address", 2, 1.0), Rate("account", 25, 1.0))
    ca_file: ClassVar[str] = ""
    clock: ClassVar[Callable[[], float]] = time.time

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        return faults(credentials, webhook_secret=is_word)

    def request(self, outbound: Outbound) -> HttpRequest:
        fitted = fit(outbound.content, "max")
        body: dict[str, Any] = {"text": fitted.text}
        if fitted.markup != "plain":
            body["format"] = fitted.markup
        body["notify"] = True
        if attachments := _attachments(fitted):
            body["attachments"] = attachments
        path = f"/messages?{_recipient(outbound.address)}&disable_link_preview=true"
        return self._call("POST", path, json.dumps(body, ensure_ascii=False).encode())

    def receipt(self, response: HttpResponse) -> Receipt:
        answer = json_object(response)
        if answer is None or not 200 <= response.status < 300:
            raise self._refusal(response, answer or {})
        try:
            mid = answer["message"]["body"]["mid"]
        except (KeyError, TypeError) as error:
            raise UnknownReply(f"{response.status} without a message") from error
        return Receipt(provider_id=str(mid), raw=json.dumps({"mid": mid}))

    def probe(self) -> HttpRequest:
        return self._call("GET", "/me")

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        given = callback.headers.get("x-max-bot-api-secret", "")
        prove_secret(given, self.credentials.get("webhook_secret", ""))
        event = read_update(parsed(callback.body), self.credentials.get("token", ""))
        return [event] if event else []

    def register(self, url: str) -> Registration:
        """Subscribe, which replaces what this address had, and see that it stands on the list."""
        wanted = {
            "url": url,
            "update_types": sorted(READERS),
            "secret": self.credentials["webhook_secret"],
        }
        self._well((yield self._call("POST", "/subscriptions", json.dumps(wanted).encode())))
        listed = self._well((yield self._call("GET", "/subscriptions")))
        if url not in [word(one, "url") for one in parts(listed, "subscriptions")]:
            raise UnknownReply("200 without the subscription on the list")
        return {}

    def acknowledge(self, event: InboundEvent, text: str) -> Sequence[HttpRequest]:
        """Answer; the message keeps its text and loses all that is attached, its buttons too."""
        if not event.reply_token:
            return ()
        body = json.dumps({"notification": text}, ensure_ascii=False).encode()
        calls = [self._call("POST", f"/answers?callback_id={quote(event.reply_token)}", body)]
        if event.provider_id:
            path = f"/messages?message_id={quote(event.provider_id)}"
            calls.append(self._call("PUT", path, b'{"attachments":[]}'))
        return calls

    def _well(self, response: HttpResponse) -> dict[str, Any]:
        """Give what a good answer holds; raises the DeliveryError that a bad one means."""
        answer = parsed(response.body)
        if not 200 <= response.status < 300:
            raise self._refusal(response, answer)
        if answer.get("success") is False:
            raise Permanent(f"{response.status} {clean(word(answer, 'message'))}")
        return answer

    def _refusal(self, response: HttpResponse, answer: Mapping[str, Any]) -> DeliveryError:
        refusal = Refusal(
            status=response.status,
            code=str(answer.get("code", "")),
            words=str(answer.get("message", "")),
            headers=response.headers,
        )
        if refusal.code == "attachment.not.ready":  # about this picture, not about the bot
            return Temporary(told(refusal), retry_after_s=NOT_READY_WAIT_S, scope="address")
        return error_for(refusal, MEANINGS, now=type(self).clock(), wait_s=THROTTLE_WAIT_S)

    def _call(self, method: str, path: str, body: bytes = b"") -> HttpRequest:
        base = (self.credentials.get("api_base") or "https://platform-api2.max.ru").rstrip("/")
        headers = {"Authorization": self.credentials["token"]}
        if body:
            headers["Content-Type"] = "application/json"
        return HttpRequest(method, f"{base}{path}", headers, body, ca_file=type(self).ca_file)


def _recipient(address: str) -> str:
    """Name a person, or by a negative number a group."""
    if not re.fullmatch(r"-?[0-9]{1,20}", address):
        raise BadAddress("not an id of MAX", scope="address")
    return f"chat_id={address}" if address.startswith("-") else f"user_id={address}"


def _attachments(fitted: Fitted) -> list[dict[str, Any]]:
    attachments: list[dict[str, Any]] = []
    if fitted.image_url:
        attachments.append({"type": "image", "payload": {"url": fitted.image_url}})
    if fitted.buttons:
        keys = [_key(button) for button in fitted.buttons]
        rows = [keys[at : at + BUTTONS_PER_ROW] for at in range(0, len(keys), BUTTONS_PER_ROW)]
        attachments.append({"type": "inline_keyboard", "payload": {"buttons": rows}})
    return attachments


def _key(button: Button) -> dict[str, str]:
    if button.url:
        return {"type": "link", "text": button.text, "url": button.url}
    return {"type": "callback", "text": button.text, "payload": button.action}
