"""Chatwoot: a salon's desk, and messages through its inboxes.

https://developers.chatwoot.com/api-reference, read 2026-11; the calls stand in chatwoot_api, their
order in chatwoot_steps, mirroring and escalation in chatwoot_desk, what it tells us in
chatwoot_callbacks. An account of the kind desk sends nothing to clients.
Sending needs an inbox that may begin a conversation: WhatsApp or SMS (Telegram's, Instagram's and
others' may not), or one of the kind API that the salon's own software delivers.
A conversation is opened as resolved, so that it stands in no agent's list until the client answers.
Limits: 3000 calls per minute and address, 100 searches per minute and account; text 4096.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from channels.adapters import chatwoot_callbacks
from channels.adapters.chatwoot_api import ChatwootApi, Contact, number_of
from channels.adapters.chatwoot_desk import Escalation, escalate, mirror, resolve
from channels.adapters.chatwoot_looking import Look, Numbers, look, numbers
from channels.adapters.chatwoot_steps import Client, Thread
from channels.contract import Adapter, ChannelKind, Content, Exchange, Outbound, Rate, Receipt
from channels.errors import BadCredentials, Unsupported, WindowClosed
from channels.fields import faults, is_number
from channels.formatting import fit
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, Registration, Told
from channels.window import is_open

#: Meta's categories of templates, by ours.
CATEGORIES = {"tx": "UTILITY", "mk": "MARKETING"}
#: What Chatwoot is to tell us.
SUBSCRIPTIONS = ("message_created", "message_updated", "conversation_status_changed")
NOT_ON, NOT_ALLOWED = "must be on, off or empty", "must be allowed or empty"
NO_INBOX = "is needed, or the inbox where messages are mirrored"


class ChatwootAdapter(Adapter):
    """One account of a Chatwoot server, the salon's own or in the cloud."""

    provider = "chatwoot"
    kinds = frozenset({ChannelKind.CHAT, ChannelKind.SMS, ChannelKind.DESK})
    fields: ClassVar[Mapping[str, bool]] = {
        "token": True,
        "account_id": False,
        "inbox_id": False,
        "mirror_inbox_id": False,
        "mirror": False,
        "team_id": False,
        "signing_secret": True,
        "unsigned": False,
        "api_base": False,
    }
    optional = frozenset(fields) - {"token", "account_id"}
    proving = frozenset({"signing_secret"})
    callback_place = (
        "Chatwoot: Настройки → Интеграции → Вебхуки",
        "Chatwoot: Settings → Integrations → Webhooks",
    )
    hints: ClassVar[Mapping[str, tuple[str, str]]] = {
        "token": (
            "Chatwoot → Настройки профиля → Токен доступа; сообщения идут от имени этого агента",
            "Chatwoot → Profile settings → Access token; messages go in this agent's name",
        ),
        "account_id": (
            "Число в адресе Chatwoot после /app/accounts/",
            "The number in Chatwoot's address after /app/accounts/",
        ),
        "inbox_id": (
            "Настройки → Источники → источник: число в конце адреса страницы",
            "Settings → Inboxes → the inbox: the number at the end of the page's address",
        ),
        "mirror_inbox_id": (
            "Источник вида API, где сотрудники видят сообщения других каналов; не обязателен",
            "An inbox of the kind API where staff see what other channels sent; optional",
        ),
        "mirror": (
            "off: не показывать в Chatwoot то, что ушло клиенту другими каналами",
            "off: do not show in Chatwoot what went to the client through other channels",
        ),
        "team_id": (
            "Число команды, которой передавать обращения; не обязательно",
            "The number of the team that gets the cases; optional",
        ),
        "signing_secret": (
            "Настройки → Интеграции → Вебхуки: секрет вебхука (Chatwoot 4.11 и новее)",
            "Settings → Integrations → Webhooks: the webhook's secret (Chatwoot 4.11 and later)",
        ),
        "unsigned": (
            "allowed: принимать вебхуки без подписи — только для старых версий Chatwoot",
            "allowed: take webhooks without a signature, for old versions of Chatwoot only",
        ),
    }
    address_kinds = ("whatsapp", "phone")
    rates = (Rate("account", 40, 1.0),)
    has_steps = True
    clock: ClassVar[Callable[[], float]] = time.time

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        numbers = ("account_id", "inbox_id", "mirror_inbox_id", "team_id")
        found = faults(credentials, **dict.fromkeys(numbers, is_number))
        if not (credentials.get("inbox_id") or credentials.get("mirror_inbox_id")):
            found["inbox_id"] = NO_INBOX
        if credentials.get("mirror", "") not in ("", "on", "off"):
            found["mirror"] = NOT_ON
        if credentials.get("unsigned", "") not in ("", "allowed"):
            found["unsigned"] = NOT_ALLOWED
        return found

    def request(self, outbound: Outbound) -> HttpRequest:
        raise Unsupported("Chatwoot is written to in several calls")

    def receipt(self, response: HttpResponse) -> Receipt:
        return Receipt(provider_id=number_of(self._api.read(response)))

    def exchange(self, outbound: Outbound) -> Exchange:
        """Send, or do at the desk what extra["desk"] says."""
        desk: Mapping[str, Any] = outbound.extra.get("desk") or {}
        conversation = str(desk.get("conversation", ""))
        match desk.get("do"):
            case "mirror":
                is_hers = bool(desk.get("is_from_client"))
                steps = mirror(self._api, outbound, conversation, is_from_client=is_hers)
            case "resolve":
                steps = resolve(self._api, conversation)
            case "escalate":
                handed = Escalation.of(desk)
                steps = escalate(self._api, outbound, int(self.desk_inbox), handed)
            case _:
                steps = self._send(outbound)
        return (yield from steps)

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        chatwoot_callbacks.verify(callback, self.credentials)
        return chatwoot_callbacks.read(callback, self.credentials)

    def register(self, url: str) -> Registration:
        """Make Chatwoot call us; newer servers give the secret that they sign with."""
        known = self._api.read((yield self._api.webhooks()))
        if any(one.get("url") == url for one in chatwoot_callbacks.listed(known, "webhooks")):
            return {}
        made = self._api.read((yield self._api.add_webhook(url, SUBSCRIPTIONS)))
        secret = chatwoot_callbacks.secret_of(made)
        return {"signing_secret": secret} if secret else {}

    @property
    def desk_inbox(self) -> str:
        """Number the inbox where cases stand."""
        return str(self._inbox("mirror_inbox_id", "inbox_id"))

    @property
    def mirrors(self) -> bool:
        """Say whether agents are to see what other channels carried."""
        off = self.credentials.get("mirror") == "off"
        return bool(self.credentials.get("mirror_inbox_id")) and not off

    def look(self, since: float) -> Look:
        """Read what happened since a moment (unix time); for what no webhook told."""
        return look(self._api, chatwoot_callbacks.Inboxes.of(self.credentials), since)

    def numbers(self, conversation: str) -> Numbers:
        """Read which of our messages stand in a conversation."""
        return numbers(self._api, conversation)

    def probe(self) -> HttpRequest:
        return self._api.profile()

    def _send(self, outbound: Outbound) -> Exchange:
        api, client, inbox_id = self._api, Client.of(outbound), self._inbox("inbox_id")

        def opening(contact: Contact) -> HttpRequest:
            return api.open(contact, inbox_id, status="resolved")

        message = self._message(outbound)
        name = f"conversation:{inbox_id}:{client.key}:{client.phone}"
        thread = Thread(api, client, inbox_id, name, opening, client.phone)
        return thread.write(message, sends=True)

    def _message(self, outbound: Outbound) -> dict[str, Any]:
        channel = "sms" if outbound.kind == ChannelKind.SMS else "chatwoot"
        message = {
            "message_type": "outgoing",
            "private": False,
            "echo_id": outbound.message_id,
            "content_attributes": {"kolokol_message_id": outbound.message_id},
        }
        if template := self._template(outbound):
            return message | {"content": outbound.content.body, "template_params": template}
        return _with_buttons(message, outbound.content, channel)

    def _template(self, outbound: Outbound) -> dict[str, Any] | None:
        """Write the approved template where WhatsApp wants one; raises WindowClosed."""
        template = outbound.extra.get("whatsapp_template")
        window = is_open(outbound.extra, type(self).clock())
        is_free = window or outbound.kind == ChannelKind.SMS or (window is None and not template)
        if is_free:
            return None
        if not template:
            raise WindowClosed("24 hours have passed since the client wrote, and no template")
        return template_params(template, outbound.category)

    @property
    def _api(self) -> ChatwootApi:
        return ChatwootApi(self.credentials)

    def _inbox(self, *names: str) -> int:
        found = next((self.credentials[name] for name in names if self.credentials.get(name)), "")
        if not found.isdecimal():
            raise BadCredentials(f"the account names no {names[0]}")
        return int(found)


def template_params(template: Mapping[str, Any], category: str) -> dict[str, Any]:
    """Write an approved template of WhatsApp as Chatwoot takes it."""
    values = template.get("parameters") or ()
    if not isinstance(values, Mapping):
        values = {str(place): text for place, text in enumerate(values, start=1)}
    return {
        "name": template["name"],
        "category": template.get("category") or CATEGORIES[category],
        "language": template["language"],
        "processed_params": {"body": {str(name): str(text) for name, text in values.items()}},
    }


def _with_buttons(message: dict[str, Any], content: Content, channel: str) -> dict[str, Any]:
    fitted = fit(content, channel)
    message = message | {"content": fitted.text}
    if not fitted.buttons:
        return message
    items = [{"title": button.text, "value": button.action} for button in fitted.buttons]
    attributes = {**message["content_attributes"], "items": items}
    return message | {"content_type": "input_select", "content_attributes": attributes}
