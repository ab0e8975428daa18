"""VK: messages of a salon's community to people who have allowed them.

https://dev.vk.com/method/messages.send (API 5.199), VKCOM/vk-api-schema errors.json, read 2026-11.
Limits: 20 calls per second and community; text 9000 by the schema, 4096 to be safe; 10 inline
buttons of 40 characters, payload 255. HTTP is always 200: the body says what happened.
VK drops a repeated random_id, so that a lost answer may be asked for again. That is why messages go
one by one: peer_ids takes 100 people, but one random_id for all of them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from channels.answers import json_object
from channels.contract import Adapter, Button, ChannelKind, Exchange, Outbound, Place, Rate, Receipt
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    Deferred,
    DeliveryError,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    UnknownReply,
    WindowClosed,
)
from channels.formatting import fit
from channels.provider_words import clean
from channels.request import HttpRequest, HttpResponse
from channels.told import InboundEvent

VERSION = "5.199"
BUTTONS_PER_ROW = 2
SNACKBAR_LIMIT = 90
RATE_WAIT_S = 1.0
HTTP_WAIT_S = 30.0  # 429 of a proxy or gateway, which VK's API itself does not use

#: https://dev.vk.com/reference/errors and messages.send's own. 9: flood control, about this client.
#: 29: the method's limit of the day. 912: "bot abilities" are off in the community's settings.
CODES: dict[int, type[DeliveryError]] = {
    6: RateLimited,
    **dict.fromkeys((1, 10), Temporary),
    **dict.fromkeys((9, 29), Deferred),
    **dict.fromkeys((14, 17), ProviderPaused),
    **dict.fromkeys((7, 18, 104, 113, 900, 901, 902, 917, 936), BadAddress),
    **dict.fromkeys((943, 944, 950), WindowClosed),
    **dict.fromkeys((100, 910, 911, 912, 914, 921, 940), Permanent),
    **dict.fromkeys((2, 5, 15, 20, 23, 27, 28, 203, 985), BadCredentials),
}
OF_ONE_RECIPIENT = (BadAddress, WindowClosed)


class VkAdapter(Adapter):
    """One community, by its own key."""

    provider = "vk"
    kinds = frozenset({ChannelKind.CHAT})
    fields: ClassVar[Mapping[str, bool]] = {"token": True, "api_base": False}
    optional = frozenset({"api_base"})
    hints: ClassVar[Mapping[str, tuple[str, str]]] = {
        "token": (
            "Сообщество → Управление → Работа с API → Создать ключ, с правом «Сообщения»",
            "Community → Manage → API usage → Create token, with the right to messages",
        ),
    }
    address_kinds = ("vk",)
    place = Place.DOMESTIC
    rates = (Rate("account", 18, 1.0),)
    is_idempotent = True
    has_steps = True

    def request(self, outbound: Outbound) -> HttpRequest:
        fitted = fit(outbound.content, "vk")
        form = {
            "peer_id": _peer(outbound.address),
            "random_id": str(random_id(outbound.message_id)),
            "message": fitted.text,
        }
        if fitted.buttons:
            form["keyboard"] = _keyboard(fitted.buttons)
        if not outbound.content.image_url:  # a picture is a link here, and shows by its preview
            form["dont_parse_links"] = "1"
        return self._call("messages.send", form)

    def receipt(self, response: HttpResponse) -> Receipt:
        return self._receipt(response, "")

    def exchange(self, outbound: Outbound) -> Exchange:
        """Send; the answer names the message, unique only together with the client."""
        return self._receipt((yield self.request(outbound)), _peer(outbound.address))

    def probe(self) -> HttpRequest:
        return self._call("groups.getById", {})

    def read_probe(self, response: HttpResponse) -> None:
        _read(response)

    def acknowledge(self, event: InboundEvent, text: str) -> Sequence[HttpRequest]:
        if not event.reply_token:
            return ()
        shown = {"type": "show_snackbar", "text": text[:SNACKBAR_LIMIT]}
        form = {
            "event_id": event.reply_token,
            "user_id": event.address,
            "peer_id": event.address,
            "event_data": json.dumps(shown, ensure_ascii=False),
        }
        return [self._call("messages.sendMessageEventAnswer", form)]

    def _receipt(self, response: HttpResponse, peer: str) -> Receipt:
        result = _read(response)
        if isinstance(result, list) and result and isinstance(result[0], dict):
            peer, result = _of_peer(result[0])
        if not isinstance(result, int):
            raise UnknownReply(f"{response.status} without a message")
        return Receipt(
            provider_id=f"{peer}:{result}" if peer else str(result),
            raw=json.dumps({"message_id": result}),
        )

    def _call(self, method: str, form: Mapping[str, str]) -> HttpRequest:
        base = (self.credentials.get("api_base") or "https://api.vk.ru").rstrip("/")
        return HttpRequest(
            method="POST",
            url=f"{base}/method/{method}",
            headers={
                "Authorization": f"Bearer {self.credentials['token']}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=urlencode({**form, "v": VERSION}).encode(),
        )


def random_id(message_id: str) -> int:
    """Give the same 31 bits for every attempt of a message; 0 would switch the protection off."""
    number = int.from_bytes(hashlib.sha256(message_id.encode()).digest()[:4]) & 0x7FFFFFFF
    return number or 1


def _peer(address: str) -> str:
    if not re.fullmatch(r"-?[0-9]{1,18}", address):
        raise BadAddress("not an id of VK", scope="address")
    return address


def _keyboard(buttons: tuple[Button, ...]) -> str:
    keys = [_key(button, is_first=at == 0) for at, button in enumerate(buttons)]
    rows = [keys[at : at + BUTTONS_PER_ROW] for at in range(0, len(keys), BUTTONS_PER_ROW)]
    return json.dumps({"inline": True, "buttons": rows}, ensure_ascii=False)


def _key(button: Button, *, is_first: bool) -> dict[str, Any]:
    if button.url:
        return {"action": {"type": "open_link", "link": button.url, "label": button.text}}
    payload = json.dumps({"d": button.action}, ensure_ascii=False)
    return {
        "action": {"type": "callback", "label": button.text, "payload": payload},
        "color": "positive" if is_first else "secondary",
    }


def _read(response: HttpResponse) -> object:
    """Give the answer's `response`; raises what an `error` or a foreign answer means."""
    answer = json_object(response)
    if response.status >= 500:  # safe to repeat, whatever became of the first one
        raise Temporary(f"{response.status} of VK or of a gateway before it")
    if answer is None:
        raise _unreadable(response)
    error = answer.get("error")
    if isinstance(error, dict):
        raise _refusal(error.get("error_code"), str(error.get("error_msg", "")))
    return answer.get("response")


def _of_peer(entry: dict[str, Any]) -> tuple[str, object]:
    """Read one entry of an answer to peer_ids, which has errors of its own."""
    error = entry.get("error")
    if isinstance(error, dict):
        raise _refusal(error.get("code"), str(error.get("description", "")))
    return str(entry.get("peer_id", "")), entry.get("message_id")


def _refusal(code: object, words: str) -> DeliveryError:
    detail = f"{code} {clean(words)}"
    kind = CODES.get(code) if isinstance(code, int) else None
    if kind is None:
        return UnknownReply(detail)
    is_personal = issubclass(kind, OF_ONE_RECIPIENT) or code == 9
    return kind(
        detail,
        retry_after_s=RATE_WAIT_S if kind is RateLimited else None,
        scope="address" if is_personal else "integration",
    )


def _unreadable(response: HttpResponse) -> DeliveryError:
    words = f"{response.status} with an unreadable answer"
    if response.status == 429:
        return RateLimited(words, retry_after_s=HTTP_WAIT_S)
    return Ambiguous(words) if 200 <= response.status < 300 else UnknownReply(words)
