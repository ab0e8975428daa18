"""Any provider with an HTTP API, described by a form: what to call, what its answer means.

The form's rules: {{ name }} stands for a value (generic_http_template.NAMES) in url, headers and
body; success_status ("200-299, 409") and, if given, success_path and success_value say what is a
success; id_path finds the provider's id; error_path finds its word for a failure, and status_map
({"blocked": "permanent_recipient", "503": "retry"}) what such a word or status means, in the words
of channels.errors.Outcome. What the map does not name means what HTTP says of the status.
Reports (generic_http_reports) are read where callback_states says what their words mean.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from channels.adapters.callback_reading import report_url
from channels.adapters.fates import BY_WORD
from channels.adapters.generic_http_form import (
    JSON,
    SUCCESS,
    form_faults,
    headers_of,
    is_among,
    json_of,
    texts_of,
)
from channels.adapters.generic_http_reports import events
from channels.adapters.generic_http_template import (
    at_path,
    escape_for,
    filled,
    in_address,
    values_of,
    word_of,
)
from channels.contract import Adapter, ChannelKind, Outbound, Receipt
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    Deferred,
    DeliveryError,
    OptedOut,
    Outcome,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    UnknownReply,
    Unsupported,
    WindowClosed,
)
from channels.provider_words import Meaning, Refusal, error_for
from channels.request import HttpRequest, HttpResponse
from channels.told import Callback, Told

MEANINGS: Mapping[str, type[DeliveryError]] = {
    error.outcome.value: error
    for error in (
        Temporary,
        RateLimited,
        Deferred,
        BadAddress,
        WindowClosed,
        Permanent,
        OptedOut,
        BadCredentials,
        ProviderPaused,
        Unsupported,
        Ambiguous,
        UnknownReply,
    )
}


#: RFC 9110, 15.5: what is wrong is the call, and it would be wrong again.
OF_HTTP = tuple(
    Meaning(Permanent, status=status) for status in (400, 404, 405, 406, 410, 411, 414, 415, 422)
)


class GenericHttpAdapter(Adapter):
    """One form. clock: unix time, for waits that are told as a date."""

    provider = "generic_http"
    kinds = frozenset(ChannelKind) - {ChannelKind.DESK}
    fields = {
        "url": False,
        "method": False,
        "secret": True,
        "headers": True,
        "body": False,
        "success_status": False,
        "success_path": False,
        "success_value": False,
        "id_path": False,
        "error_path": False,
        "status_map": False,
        "callback_password": True,
        "callback_id_path": False,
        "callback_state_path": False,
        "callback_states": False,
    }
    optional = frozenset(fields) - {"url"}
    for_callbacks = frozenset(
        {"callback_password", "callback_id_path", "callback_state_path", "callback_states"}
    )
    hints = {
        "url": (
            "Можно вставить {{address}} и другие имена после адреса сервера.",
            "May hold {{address}} and other names behind the host.",
        ),
        "method": ("Пусто: POST.", "Empty: POST."),
        "secret": (
            "Ключ провайдера: в адресе, заголовках и теле пишите {{secret}}.",
            "The provider's key: write {{secret}} in the address, the headers or the body.",
        ),
        "headers": (
            'JSON, например {"Authorization": "Bearer {{secret}}"}.',
            'JSON, such as {"Authorization": "Bearer {{secret}}"}.',
        ),
        "body": (
            'Например {"to": "{{address}}", "text": "{{text}}", "id": "{{message_id}}"}.',
            'Such as {"to": "{{address}}", "text": "{{text}}", "id": "{{message_id}}"}.',
        ),
        "success_status": ("Пусто: 200-299.", "Empty: 200-299."),
        "success_path": ("Где в ответе успех: result.ok.", "Where success is told: result.ok."),
        "success_value": (
            "Чему равно поле при успехе; пусто: непустому.",
            "What it equals then; empty: anything but nothing.",
        ),
        "id_path": ("Где номер сообщения: messages[0].id.", "Where the id is: messages[0].id."),
        "error_path": (
            "Где слово об ошибке: error.code.",
            "Where the error's word is: error.code.",
        ),
        "status_map": (
            'Что значит слово или код: {"blocked": "permanent_recipient"}.',
            'What a word or status means: {"blocked": "permanent_recipient"}.',
        ),
        "callback_password": (
            "Пароль (Basic или Bearer), с которым провайдер присылает отчёты, если он есть.",
            "The password (Basic or Bearer) that reports come with, if there is one.",
        ),
        "callback_id_path": (
            "Где в отчёте номер сообщения: data.id.",
            "Where in a report the message's id is: data.id.",
        ),
        "callback_state_path": (
            "Где в отчёте слово о доставке: data.status.",
            "Where in a report the word about delivery is: data.status.",
        ),
        "callback_states": (
            'Что оно значит: {"DELIVRD": "delivered", "UNDELIV": "failed"}. Пусто: отчётов нет.',
            'What it means: {"DELIVRD": "delivered", "UNDELIV": "failed"}. Empty: no reports.',
        ),
    }
    address_kinds = (
        "url",
        "phone",
        "email",
        "telegram",
        "whatsapp",
        "vk",
        "max",
        "instagram",
        "fcm",
        "apns",
        "web_push",
        "push",
        "slack",
        "discord",
        "teams",
        "mattermost",
        "ntfy",
    )
    clock: ClassVar[Callable[[], float]] = time.time

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        return form_faults(credentials, (Outcome.SENT.value, *MEANINGS), tuple(BY_WORD))

    def request(self, outbound: Outbound) -> HttpRequest:
        reports_to = report_url(self.credentials, outbound.message_id)
        values = values_of(outbound, self._field("secret"), reports_to)
        method = self.credentials.get("method") or "POST"
        headers = headers_of(self.credentials, values)
        body = b""
        if method != "GET":
            escape = escape_for(headers.setdefault("Content-Type", JSON))
            body = filled(self.credentials.get("body", ""), values, escape).encode()
        url = filled(self.credentials["url"], values, in_address)
        return HttpRequest(method, url, headers, body)

    def receipt(self, response: HttpResponse) -> Receipt:
        answer = json_of(response.body)
        word = self._word(answer)
        meaning = self._meaning(word, response.status)
        if meaning is None and is_among(response.status, self._field("success_status", SUCCESS)):
            if self._is_success(answer):
                return self._receipt(answer, response.status)
            if answer is None:  # taken, yet the answer cannot be read
                raise Ambiguous(f"{response.status} with an unreadable answer")
        if meaning == Outcome.SENT:
            return self._receipt(answer, response.status)
        raise self._refusal(response, word, meaning)

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        return events(callback, self.credentials)

    def _receipt(self, answer: object, status: int) -> Receipt:
        path = self._field("id_path")
        found = word_of(at_path(answer, path)) if path else ""
        return Receipt(provider_id=found[:200], raw=json.dumps({"status": status}))

    def _refusal(self, response: HttpResponse, word: str, meaning: str | None) -> DeliveryError:
        refusal = Refusal(response.status, word, headers=response.headers, is_plain=True)
        table = (Meaning(MEANINGS[meaning]),) if meaning else OF_HTTP
        return error_for(refusal, table, now=type(self).clock())

    def _is_success(self, answer: object) -> bool:
        path = self._field("success_path")
        if not path:
            return True
        told, value = at_path(answer, path), self._field("success_value")
        return word_of(told) == value if value else bool(told)

    def _word(self, answer: object) -> str:
        path = self._field("error_path")
        return word_of(at_path(answer, path)) if path else ""

    def _meaning(self, word: str, status: int) -> str | None:
        """Ask the map for the word, then for the status; the word counts with any status."""
        meanings = texts_of(self._field("status_map", "{}")) or {}
        found = meanings.get(word) if word else None
        return found or meanings.get(str(status))

    def _field(self, name: str, default: str = "") -> str:
        return self.credentials.get(name) or default
