"""WhatsApp: messages of a salon's own number through Meta's Cloud API.

https://developers.facebook.com/docs/whatsapp/cloud-api (Graph API v25.0; service messages,
templates, error codes of 2026-05; read 2026-11).
Limits: 80 messages per second and number, about 1 per 6 s to one client in the long run; text 4096,
text beside buttons and under a picture 1024 characters, 3 reply buttons of 20.
Free text only for 24 hours after the client wrote; before and after that an approved template.
A 200 is acceptance only: the refusal may come later, as a status with the same codes.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from channels.adapters.graph_answers import read_answer
from channels.adapters.graph_callbacks import OF_APP, challenged, changes, must_verify
from channels.adapters.whatsapp_codes import CODES, TemplateRefused
from channels.adapters.whatsapp_updates import read_change
from channels.contract import Adapter, Button, ChannelKind, Exchange, Outbound, Rate, Receipt
from channels.errors import BadAddress, UnknownReply, WindowClosed
from channels.fields import faults, is_number, is_word
from channels.formatting import Fitted, fit
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, InboundEvent, Registration, Reply, Told
from channels.window import is_open

VERSION = "v25.0"
FOOTER_LIMIT = 60
#: A client without a phone number: an id of the business portfolio, "RU.1349..." (since 2026-04).
BSUID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]+")


class WhatsAppCloudAdapter(Adapter):
    """One number of a WhatsApp Business account."""

    provider = "whatsapp_cloud"
    kinds = frozenset({ChannelKind.CHAT})
    fields: ClassVar[Mapping[str, bool]] = {
        "token": True,
        "phone_number_id": False,
        "business_account_id": False,
        "app_secret": True,
        "verify_token": False,
        "api_base": False,
    }
    optional = frozenset({"business_account_id", "app_secret", "api_base"})
    generated = frozenset({"verify_token"})
    for_callbacks = frozenset({"app_secret"})
    hints: ClassVar[Mapping[str, tuple[str, str]]] = {
        "token": (
            "Meta Business → Настройки компании → Системные пользователи → Создать токен "
            "(whatsapp_business_messaging)",
            "Meta Business → Business settings → System users → Generate token "
            "(whatsapp_business_messaging)",
        ),
        "phone_number_id": (
            "WhatsApp Manager → Инструменты → Номера телефонов: ID номера, не сам номер",
            "WhatsApp Manager → Tools → Phone numbers: the number's ID, not the number itself",
        ),
        "business_account_id": (
            "WhatsApp Manager → Настройки: ID аккаунта WhatsApp Business; нужен для шаблонов",
            "WhatsApp Manager → Settings: WhatsApp Business account ID; templates need it",
        ),
        **OF_APP,
    }
    callback_place = (
        "Приложение в Meta for Developers → WhatsApp → Конфигурация → Webhook: URL обратного "
        "вызова и маркер подтверждения, поля messages, user_preferences, "
        "message_template_status_update",
        "App at Meta for Developers → WhatsApp → Configuration → Webhook: callback URL and verify "
        "token, fields messages, user_preferences, message_template_status_update",
    )
    address_kinds = ("whatsapp",)
    # The pair limit is 1 per 6 s with a burst of about 45; the number's own starts at 80.
    rates = (Rate("address", 10, 60.0), Rate("account", 60, 1.0))
    has_steps = True
    clock: ClassVar[Callable[[], float]] = time.time

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        rules = {"phone_number_id": is_number, "business_account_id": is_number}
        return faults(credentials, verify_token=is_word, **rules)

    @classmethod
    def route_of(cls, credentials: Mapping[str, str]) -> str:
        return credentials.get("phone_number_id", "")

    def request(self, outbound: Outbound) -> HttpRequest:
        """Write free text while it is allowed, else the template; raises WindowClosed."""
        template = outbound.extra.get("whatsapp_template")
        window = is_open(outbound.extra, type(self).clock())
        if template and not window:
            return self._send(outbound, _template(template))
        if window is False:
            raise WindowClosed("24 hours have passed since the client wrote, and no template")
        return self._send(outbound, _free(fit(outbound.content, "whatsapp"), outbound))

    def receipt(self, response: HttpResponse) -> Receipt:
        answer = read_answer(response, CODES)
        try:
            message = answer["messages"][0]
            provider_id = str(message["id"])
        except (KeyError, IndexError, TypeError) as error:
            raise UnknownReply(f"{response.status} without a message") from error
        # The id itself holds the client's number in base64: it is no part of the log.
        state = str(message.get("message_status", "accepted"))
        return Receipt(provider_id=provider_id, raw=json.dumps({"message_status": state}))

    def exchange(self, outbound: Outbound) -> Exchange:
        """Send; where Meta finds the window closed, the template follows.

        A refused template leaves the window closed, so that the next channel takes over.
        """
        try:
            return (yield from self._sending(outbound))
        except TemplateRefused as refused:
            words = f"the template is refused: {refused.detail}"
            raise WindowClosed(words, scope="address") from refused

    def probe(self) -> HttpRequest:
        return self._call("GET", "?fields=id")

    def greet(self, callback: Callback) -> Reply | None:
        return challenged(callback, self.credentials.get("verify_token", ""))

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        secret = self.credentials.get("app_secret", "")
        told = [read_change(one) for one in changes(callback, secret, "whatsapp_business_account")]
        return [event for of_change in told for event in of_change]

    def register(self, url: str) -> Registration:
        """Subscribe the business account and give this number an address of its own.

        News of templates and of the account go to the app's one address all the same.
        Source: Webhook overrides, 2026-06
        """
        must_verify(self.credentials)
        if account := self.credentials.get("business_account_id"):
            read_answer((yield self._graph("POST", f"{account}/subscribed_apps", b"{}")), CODES)
        own = {"override_callback_uri": url, "verify_token": self.credentials["verify_token"]}
        body = json.dumps({"webhook_configuration": own}).encode()
        read_answer((yield self._call("POST", "", body)), CODES)
        return {}

    def acknowledge(self, event: InboundEvent, text: str) -> Sequence[HttpRequest]:
        """Mark her message as read; buttons of WhatsApp can neither be answered nor taken away."""
        if not event.reply_token:
            return ()
        seen = {"messaging_product": "whatsapp", "status": "read", "message_id": event.reply_token}
        return [self._call("POST", "/messages", json.dumps(seen).encode())]

    def _sending(self, outbound: Outbound) -> Exchange:
        template = outbound.extra.get("whatsapp_template")
        try:
            return self.receipt((yield self.request(outbound)))
        except WindowClosed:
            if not template or not is_open(outbound.extra, type(self).clock()):
                raise  # without a template, or of the template itself
        return self.receipt((yield self._send(outbound, _template(template))))

    def _send(self, outbound: Outbound, message: Mapping[str, Any]) -> HttpRequest:
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **_recipient(outbound.address),
            **message,
            "biz_opaque_callback_data": outbound.message_id,
        }
        return self._call("POST", "/messages", json.dumps(body, ensure_ascii=False).encode())

    def _call(self, method: str, path: str, body: bytes = b"") -> HttpRequest:
        return self._graph(method, self.credentials["phone_number_id"] + path, body)

    def _graph(self, method: str, path: str, body: bytes = b"") -> HttpRequest:
        base = (self.credentials.get("api_base") or "https://graph.facebook.com").rstrip("/")
        headers = {"Authorization": f"Bearer {self.credentials['token']}"}
        if body:
            headers["Content-Type"] = "application/json"
        return HttpRequest(method, f"{base}/{VERSION}/{path}", headers, body)


def _recipient(address: str) -> dict[str, str]:
    if BSUID.fullmatch(address):
        return {"recipient": address}
    digits = re.sub(r"[\s()+-]", "", address)
    if not digits.isascii() or not digits.isdecimal():
        raise BadAddress("neither a phone number nor a user id of WhatsApp", scope="address")
    return {"to": digits}


def _free(fitted: Fitted, outbound: Outbound) -> dict[str, Any]:
    if fitted.buttons:
        return {"type": "interactive", "interactive": _interactive(fitted, outbound)}
    if fitted.image_url:
        return {"type": "image", "image": {"link": fitted.image_url, "caption": fitted.text}}
    # A picture whose text is too long for a caption stands in the text, as its preview.
    shows_link = bool(outbound.content.image_url)
    return {"type": "text", "text": {"body": fitted.text, "preview_url": shows_link}}


def _interactive(fitted: Fitted, outbound: Outbound) -> dict[str, Any]:
    interactive: dict[str, Any] = {"type": "button", "body": {"text": fitted.text}}
    if fitted.image_url:
        interactive["header"] = {"type": "image", "image": {"link": fitted.image_url}}
    if footer := str(outbound.extra.get("footer", ""))[:FOOTER_LIMIT]:
        interactive["footer"] = {"text": footer}
    interactive["action"] = {"buttons": [_reply(button) for button in fitted.buttons]}
    return interactive


def _reply(button: Button) -> dict[str, Any]:
    return {"type": "reply", "reply": {"id": button.action, "title": button.text}}


def _template(template: Mapping[str, Any]) -> dict[str, Any]:
    """Write an approved template: {name, language, parameters, buttons}, values already rendered.

    parameters: a list for {{1}}, {{2}}..., or a mapping for named ones. buttons: {index, sub_type,
    payload or text} of those whose template has a variable or an answer.
    """
    parameters = [_parameter(name, text) for name, text in _named(template.get("parameters") or ())]
    components: list[dict[str, Any]] = []
    if parameters:
        components.append({"type": "body", "parameters": parameters})
    components += [_template_button(button) for button in template.get("buttons") or ()]
    written: dict[str, Any] = {
        "name": template["name"],
        "language": {"code": template["language"]},
    }
    if components:
        written["components"] = components
    return {"type": "template", "template": written}


def _named(parameters: Any) -> list[tuple[str, str]]:
    if isinstance(parameters, Mapping):
        return [(str(name), str(text)) for name, text in parameters.items()]
    return [("", str(text)) for text in parameters]


def _parameter(name: str, text: str) -> dict[str, str]:
    # Meta refuses line breaks, tabs and more than four spaces in a parameter (132018 and kin).
    text = " ".join(text.split())
    named = {"parameter_name": name} if name else {}
    return {"type": "text", **named, "text": text}


def _template_button(button: Mapping[str, Any]) -> dict[str, Any]:
    kind = "payload" if "payload" in button else "text"
    return {
        "type": "button",
        "sub_type": button["sub_type"],
        "index": str(button["index"]),
        "parameters": [{"type": kind, kind: str(button[kind])}],
    }
