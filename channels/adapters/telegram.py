"""Telegram: messages of a salon's bot to private chats.

https://core.telegram.org/bots/api (Bot API 10.1, read 2026-11); error words from
https://github.com/tdlib/telegram-bot-api, telegram-bot-api/Client.cpp.
Limits: about 1 message per second and chat, 30 per second and bot; text 4096, caption 1024
characters, callback_data 1-64 bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from channels.adapters.telegram_updates import ALLOWED, read_update
from channels.bodies import parsed, part, word
from channels.contract import Adapter, Button, ChannelKind, Outbound, Rate, Receipt
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    DeliveryError,
    Moved,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    UnknownReply,
)
from channels.fields import faults, is_word
from channels.formatting import fit
from channels.formatting_rules import telegram_units
from channels.proofs import prove_secret
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, InboundEvent, Registration, Told

CAPTION_LIMIT = 1024
BUTTONS_PER_ROW = 2
DEFAULT_WAIT_S = 30.0  # a 429 without a number: longer than the flood waits seen in practice

#: 400: the recipient is gone. Prefixes of the description in lower case, after "bad request: ".
GONE = (
    "chat not found",
    "peer_id_invalid",
    "user not found",
    "group chat was deactivated",
    "chat_id is empty",
)
#: 400: about an older message or press; there is nothing to repeat and nobody to tell.
TOO_LATE = (
    "query is too old",
    "message is not modified",
    "message to edit not found",
)


_JSON = {"Content-Type": "application/json"}
_written = json.JSONEncoder(ensure_ascii=False).encode  # made once, not per message
#: What most messages are, words alone, with holes for chat and text: a third of the encoder's time.
_WORDS = (
    '{"chat_id": %s, "text": %s, "parse_mode": "HTML",'
    ' "link_preview_options": {"is_disabled": true}}'
)


class TelegramAdapter(Adapter):
    """One bot; api_base lets an operator's own Bot API server be used."""

    provider = "telegram"
    kinds = frozenset({ChannelKind.CHAT})
    fields: ClassVar[Mapping[str, bool]] = {
        "token": True,
        "webhook_secret": True,
        "api_base": False,
    }
    optional = frozenset({"api_base"})
    generated = frozenset({"webhook_secret"})
    #: 410 for 23 hours drops the webhook
    forgets_after_s = 23 * 3600.0
    address_kinds = ("telegram",)
    #: one message a second and chat, short bursts allowed
    rates = (Rate("address", 5, 5.0), Rate("account", 30, 1.0))

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        return faults(credentials, webhook_secret=is_word)

    def request(self, outbound: Outbound) -> HttpRequest:
        fitted, chat = fit(outbound.content, "telegram"), _chat_id(outbound.address)
        text, picture = fitted.text, fitted.image_url
        if not (picture or fitted.buttons):
            to = chat if type(chat) is int else _written(chat)
            return self._post("sendMessage", _WORDS % (to, _written(text)))
        body: dict[str, Any] = {"chat_id": chat}
        if picture and telegram_units(text) <= CAPTION_LIMIT:
            method = "sendPhoto"
            body |= {"photo": picture, "caption": text, "parse_mode": "HTML"}
        else:
            method = "sendMessage"
            body |= {"text": text, "parse_mode": "HTML", "link_preview_options": _preview(picture)}
        if fitted.buttons:
            body["reply_markup"] = {"inline_keyboard": _keyboard(fitted.buttons)}
        return self._call(method, body)

    def receipt(self, response: HttpResponse) -> Receipt:
        answer = _parse(response.body)
        if response.status >= 500:
            raise Temporary(f"{response.status} {_words(answer)}".strip())
        if answer is None:
            raise _unreadable(response)
        if answer.get("ok") is True:
            return _receipt(answer.get("result"))
        if any(_cause(answer).startswith(words) for words in TOO_LATE):
            return Receipt(provider_id="", raw=json.dumps({"ignored": _cause(answer)}))
        raise _refusal(response, answer)

    def probe(self) -> HttpRequest:
        return self._call("getMe", {})

    def read_callback(self, callback: Callback) -> list[Told]:
        given = callback.headers.get("x-telegram-bot-api-secret-token", "")
        prove_secret(given, self.credentials.get("webhook_secret", ""))
        event = read_update(parsed(callback.body))
        return [event] if event else []

    def register(self, url: str) -> Registration:
        """Set the bot's one webhook, unless it is set and works.

        What is set does not tell its secret: another one shows as an error of Telegram's calls.
        """
        known = self._result((yield self._call("getWebhookInfo", {})))
        is_set = word(known, "url") == url and set(known.get("allowed_updates") or ()) == set(
            ALLOWED
        )
        if not is_set or word(known, "last_error_message"):
            secret = self.credentials["webhook_secret"]
            body = {"url": url, "secret_token": secret, "allowed_updates": list(ALLOWED)}
            self._result((yield self._call("setWebhook", body)))
        return {}

    def acknowledge(self, event: InboundEvent, text: str) -> Sequence[HttpRequest]:
        if not event.reply_token:
            return ()
        shown = {"callback_query_id": event.reply_token, "text": text[:200]}
        calls = [self._call("answerCallbackQuery", shown)]
        chat, _, message = event.provider_id.rpartition(":")
        if chat and message.isdecimal():
            bare: dict[str, Any] = {"chat_id": _chat_id(chat), "message_id": int(message)}
            bare["reply_markup"] = {"inline_keyboard": []}
            calls.append(self._call("editMessageReplyMarkup", bare))
        return calls

    def _result(self, response: HttpResponse) -> dict[str, Any]:
        """Give what an answer that is no message holds; raises the DeliveryError that it means."""
        self.receipt(response)
        return part(parsed(response.body), "result")

    def _call(self, method: str, body: dict[str, Any]) -> HttpRequest:
        return self._post(method, _written(body))

    def _post(self, method: str, body: str) -> HttpRequest:
        return HttpRequest("POST", f"{self._bot}/{method}", _JSON, body.encode())

    @cached_property
    def _bot(self) -> str:
        base = self.credentials.get("api_base") or "https://api.telegram.org"
        return f"{base.rstrip('/')}/bot{self.credentials['token']}"


def _chat_id(address: str) -> int | str:
    return int(address) if address.removeprefix("-").isdecimal() else address


def _preview(picture: str) -> dict[str, Any]:
    """Switch previews off; a picture whose text is too long for a caption becomes the preview."""
    if not picture:
        return {"is_disabled": True}
    return {"url": picture, "prefer_large_media": True, "show_above_text": True}


def _keyboard(buttons: tuple[Button, ...]) -> list[list[dict[str, str]]]:
    keys = [_key(button) for button in buttons]
    return [keys[at : at + BUTTONS_PER_ROW] for at in range(0, len(keys), BUTTONS_PER_ROW)]


def _key(button: Button) -> dict[str, str]:
    if button.url:
        return {"text": button.text, "url": button.url}
    return {"text": button.text, "callback_data": button.action}


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        parsed = json.loads(str(body, "utf-8"))
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _receipt(result: Any) -> Receipt:
    try:
        chat, message = result["chat"]["id"], result["message_id"]
    except (TypeError, KeyError) as error:
        # "ok" is true: something was done, yet not what we asked for (getMe, answers to presses).
        if result is True or isinstance(result, dict):
            return Receipt(provider_id="")
        raise UnknownReply("200 ok without a message") from error
    return Receipt(provider_id=f"{chat}:{message}")  # all that the answer says of it


def _unreadable(response: HttpResponse) -> DeliveryError:
    if 200 <= response.status < 300:
        return Ambiguous(f"{response.status} with an unreadable answer")
    if response.status == 429:
        return RateLimited("429", retry_after_s=_wait_s(response, {}))
    return UnknownReply(f"{response.status} with an unreadable answer")


def _refusal(response: HttpResponse, answer: dict[str, Any]) -> DeliveryError:
    code = answer.get("error_code", response.status)
    words = _words(answer)
    if code == 400:
        return _bad_request(answer, words)
    if code == 403:
        # Blocked, deactivated, kicked, not a member, never started; new wordings mean the same.
        return BadAddress(words, scope="address")
    if code in {401, 404}:  # 404: the token is malformed, so the path does not exist
        return BadCredentials(words)
    if code == 409:
        return ProviderPaused(words)
    if code == 429:
        return RateLimited(words, retry_after_s=_wait_s(response, answer))
    if isinstance(code, int) and code >= 500:
        return Temporary(words)
    return UnknownReply(words)


def _bad_request(answer: dict[str, Any], words: str) -> DeliveryError:
    moved_to = _parameters(answer).get("migrate_to_chat_id")
    if moved_to is not None:
        return Moved(words, new_address=str(moved_to))
    if _cause(answer).startswith(GONE):
        return BadAddress(words, scope="address")
    return Permanent(words)


def _wait_s(response: HttpResponse, answer: dict[str, Any]) -> float:
    """Read the flood wait; it stands in the body and in the header."""
    told = _parameters(answer).get("retry_after", response.headers.get("retry-after", ""))
    try:
        return float(told)
    except (TypeError, ValueError):
        return DEFAULT_WAIT_S


def _parameters(answer: dict[str, Any]) -> dict[str, Any]:
    parameters = answer.get("parameters")
    return parameters if isinstance(parameters, dict) else {}


def _cause(answer: dict[str, Any]) -> str:
    return str(answer.get("description", "")).lower().removeprefix("bad request: ")


def _words(answer: dict[str, Any] | None) -> str:
    """Give the provider's words without what it quotes from the message (`"salon"`, numbers)."""
    if answer is None:
        return ""
    words = re.sub(r'"[^"]*"', '"..."', str(answer.get("description", "")))[:200]
    return re.sub(r"-?\d{6,}", "...", words)
