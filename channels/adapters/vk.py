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
from collections.abc import Generator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from channels.adapters.vk_answers import read_answer, refusal
from channels.adapters.vk_updates import read_update
from channels.bodies import parsed, parts, word
from channels.contract import Adapter, Button, ChannelKind, Exchange, Outbound, Place, Rate, Receipt
from channels.errors import BadAddress, UnknownReply
from channels.fields import faults, is_number, is_word
from channels.formatting import fit
from channels.proofs import prove_secret
from channels.request import HttpRequest, HttpResponse
from channels.told import BadSignature, Callback, InboundEvent, Needs, Registration, Reply, Told

VERSION = "5.199"
SERVER = "Kolokol"  # what a community's staff sees among its callback servers, up to 14 letters
EVENTS = ("message_new", "message_event", "message_allow", "message_deny", "message_read")
PLAIN = "text/plain"
BUTTONS_PER_ROW = 2
SNACKBAR_LIMIT = 90
#: One call on VK's side, because an edit must say the whole text again, which we no longer have.
BARE = """
var found = API.messages.getByConversationMessageId(
  {"peer_id": %(peer)s, "conversation_message_ids": %(number)s});
return API.messages.edit({"peer_id": %(peer)s, "conversation_message_id": %(number)s,
  "message": found.items[0].text, "keyboard": "{\\"inline\\":true,\\"buttons\\":[]}"});
"""


class VkAdapter(Adapter):
    """One community, by its own key."""

    provider = "vk"
    kinds = frozenset({ChannelKind.CHAT})
    fields: ClassVar[Mapping[str, bool]] = {
        "token": True,
        "callback_secret": True,
        "group_id": False,
        "confirmation": False,
        "api_base": False,
    }
    optional = frozenset({"group_id", "confirmation", "api_base"})
    generated = frozenset({"callback_secret"})
    taken = Reply(b"ok", PLAIN)
    #: long failure switches the server off; VK does not say how long
    forgets_after_s = 24 * 3600.0
    hints: ClassVar[Mapping[str, tuple[str, str]]] = {
        "token": (
            "Сообщество → Управление → Работа с API → Создать ключ, с правами «Сообщения» и "
            "«Управление сообществом»",
            "Community → Manage → API usage → Create token, with the rights to messages and to "
            "manage the community",
        ),
        "group_id": (
            "Число в адресе сообщества vk.com/club…; заполнится само",
            "The number in the community's address vk.com/club…; filled in by itself",
        ),
        "confirmation": (
            "Сообщество → Управление → Работа с API → Callback API: «Строка, которую должен "
            "вернуть сервер»; нужна, если у ключа нет права «Управление сообществом»",
            "Community → Manage → API usage → Callback API: the string to be returned; needed "
            "where the token may not manage the community",
        ),
    }
    callback_place = (
        "Сообщество → Управление → Работа с API → Callback API → Настройка сервера",
        "Community → Manage → API usage → Callback API → Server settings",
    )
    address_kinds = ("vk",)
    place = Place.DOMESTIC
    rates = (Rate("account", 18, 1.0),)
    is_idempotent = True
    has_steps = True

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        rules = {"callback_secret": is_word, "group_id": is_number, "confirmation": is_word}
        return faults(credentials, **rules)

    def request(self, outbound: Outbound) -> HttpRequest:
        fitted = fit(outbound.content, "vk")
        form = {
            "peer_id": _peer(outbound.address),
            "random_id": str(random_id(outbound.message_id)),
            "message": fitted.text,
        }
        if fitted.buttons:
            form["keyboard"] = _keyboard(fitted.buttons, outbound.message_id)
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
        read_answer(response)

    def greet(self, callback: Callback) -> Reply | None:
        """Give the community's confirmation string; it may change, hence VK is asked for it."""
        body = parsed(callback.body)
        if word(body, "type") != "confirmation":
            return None
        self._prove(body, is_greeting=True)
        if known := self.credentials.get("confirmation", ""):
            return Reply(known.encode(), PLAIN)
        group = {"group_id": word(body, "group_id")}
        asked = self._call("groups.getCallbackConfirmationCode", group)
        if asked.url not in callback.answers:
            raise Needs(asked)
        code = word(parsed(callback.answers[asked.url]), "response", "code")
        return Reply(code.encode(), PLAIN, 200 if code else 503)

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        body = parsed(callback.body)
        self._prove(body)
        return read_update(body)

    def register(self, url: str) -> Registration:
        """Put us among the community's callback servers, under the name that is ours."""
        group = self.credentials.get("group_id") or (yield from self._own_group())
        of_group = {"group_id": group}
        known = parts((yield from self._ask("groups.getCallbackServers", of_group)), "items")
        number = next((word(one, "id") for one in known if _is_ours(one, url)), "")
        server = {"url": url, "title": SERVER, "secret_key": self.credentials["callback_secret"]}
        if not number:
            made = yield from self._ask("groups.addCallbackServer", of_group | server)
            number = word(made, "server_id")
        elif not any(_is_running(one, server) for one in known):
            changed = of_group | server | {"server_id": number}
            yield from self._ask("groups.editCallbackServer", changed)
        wanted = {"server_id": number, "api_version": VERSION, **dict.fromkeys(EVENTS, "1")}
        yield from self._ask("groups.setCallbackSettings", of_group | wanted)
        return of_group

    def acknowledge(self, event: InboundEvent, text: str) -> Sequence[HttpRequest]:
        """Answer within a minute; the message then loses its keyboard and keeps its text."""
        if not event.reply_token:
            return ()
        token, _, number = event.reply_token.partition(":")
        shown = {"type": "show_snackbar", "text": text[:SNACKBAR_LIMIT]}
        form = {
            "event_id": token,
            "user_id": event.address,
            "peer_id": event.address,
            "event_data": json.dumps(shown, ensure_ascii=False),
        }
        calls = [self._call("messages.sendMessageEventAnswer", form)]
        if number.isdecimal() and event.address.isdecimal():
            code = BARE % {"peer": event.address, "number": number}
            calls.append(self._call("execute", {"code": code}))
        return calls

    def _prove(self, body: Mapping[str, Any], *, is_greeting: bool = False) -> None:
        """Compare the secret, which VK leaves out where none was set, and the community."""
        group = self.credentials.get("group_id", "")
        if group and word(body, "group_id") != group:
            raise BadSignature("of another community")
        if not (is_greeting and group and "secret" not in body):
            prove_secret(word(body, "secret"), self.credentials.get("callback_secret", ""))

    def _own_group(self) -> Generator[HttpRequest, Any, str]:
        """Ask whose key it is."""
        groups = parts((yield from self._ask("groups.getById", {})), "groups")
        if not groups:
            raise UnknownReply("200 without a community: the key is not a community's")
        return word(groups[0], "id")

    def _ask(self, method: str, form: Mapping[str, str]) -> Generator[HttpRequest, Any, object]:
        return read_answer((yield self._call(method, form)))

    def _receipt(self, response: HttpResponse, peer: str) -> Receipt:
        result = read_answer(response)
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


def _is_ours(server: Mapping[str, Any], url: str) -> bool:
    return word(server, "url") == url or word(server, "title") == SERVER


def _is_running(known: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    is_same = all(word(known, name) == value for name, value in wanted.items())
    return is_same and word(known, "status") == "ok"


def _keyboard(buttons: tuple[Button, ...], message_id: str) -> str:
    keys = [_key(button, message_id, is_first=at == 0) for at, button in enumerate(buttons)]
    rows = [keys[at : at + BUTTONS_PER_ROW] for at in range(0, len(keys), BUTTONS_PER_ROW)]
    return json.dumps({"inline": True, "buttons": rows}, ensure_ascii=False)


def _key(button: Button, message_id: str, *, is_first: bool) -> dict[str, Any]:
    """Write a button; what it says to us names the message, which VK's own event does not."""
    if button.url:
        return {"action": {"type": "open_link", "link": button.url, "label": button.text}}
    payload = json.dumps({"d": button.action, "m": message_id}, ensure_ascii=False)
    return {
        "action": {"type": "callback", "label": button.text, "payload": payload},
        "color": "positive" if is_first else "secondary",
    }


def _of_peer(entry: dict[str, Any]) -> tuple[str, object]:
    """Read one entry of an answer to peer_ids, which has errors of its own."""
    error = entry.get("error")
    if isinstance(error, dict):
        raise refusal(error.get("code"), str(error.get("description", "")))
    return str(entry.get("peer_id", "")), entry.get("message_id")
