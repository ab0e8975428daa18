"""Novu beside Kolokol: what it tells of its own messages. Nothing is sent through it.

https://docs.novu.co/platform/developer/webhooks, read 2026-11: Svix, that is Standard Webhooks:
{"id": "evt_...", "type": "message.sent", "data": {"object": {...}, "error"?, "subscriberId"?},
"timestamp", "environmentId"}. Its community edition sends none of these: there salons' own adapters
post {"type": "notification.failed", "data": {...}}, in which the same words are looked for.
An adapter for channels that Novu lacks posts {"subscriberId", "payload", "channel"}.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, ClassVar

from channels.adapters.callback_reading import as_object, digest, object_of, text
from channels.adapters.standard_webhook import verify
from channels.contract import Adapter, ChannelKind, Outbound, Receipt
from channels.errors import Unsupported
from channels.provider_words import clean
from channels.request import HttpRequest, HttpResponse
from channels.told import BadSignature, Callback, Told

#: Field of an event -> what it is called, the most exact word first.
WORDS: Mapping[str, tuple[str, ...]] = {
    "external_id": ("_id", "id", "messageId", "notificationId", "_notificationId"),
    "transaction_id": ("transactionId", "transaction_id"),
    "workflow": ("templateIdentifier", "workflowId", "workflow_id", "workflow", "templateId"),
    "step": ("stepId", "step_id", "step", "_stepId", "_jobId"),
    "channel": ("channel",),
    "status": ("status",),
    "subscriber": ("subscriberId", "subscriber_id"),
    "provider": ("providerId", "provider_id", "provider"),
    "error": ("errorText", "errorMessage", "error", "reason", "errorId"),
    "moment": ("timestamp", "updatedAt", "createdAt"),
}
#: What belongs to a client, or is said to her.
PRIVATE = re.compile(
    r"email|phone|name|avatar|content|subject|title|body|payload|overrides|address|token|data", re.I
)
KEPT = frozenset({"data", "object"})  # which hold the event itself
FAILURES = frozenset({"failed", "error"})
DEEPEST, WIDEST, LONGEST = 6, 60, 300  # of what is kept as received


@dataclass(frozen=True, slots=True)
class ExternalEvent:
    """What became of a message of Novu's. key: the same however often it is told.

    raw: as received, without what belongs to a client. error: free of addresses.
    """

    key: str
    event: str
    external_id: str = ""
    transaction_id: str = ""
    workflow: str = ""
    step: str = ""
    channel: str = ""
    status: str = ""
    subscriber: str = ""
    provider: str = ""
    error: str = ""
    moment: str = ""
    is_critical: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_failure(self) -> bool:
        return self.event.rpartition(".")[2] in FAILURES or self.status in FAILURES


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A message that Novu cannot carry and asks us to. channel: "" for any."""

    key: str
    subscriber: str
    channel: str
    text: str


class NovuAdapter(Adapter):
    """A salon's Novu: only its secret is kept here."""

    provider = "novu"
    kinds = frozenset({ChannelKind.DESK})
    fields: ClassVar[Mapping[str, bool]] = {
        "signing_secret": True,
        "critical_workflows": False,
        "unsigned": False,
    }
    optional = frozenset(fields)
    for_callbacks = frozenset({"signing_secret"})
    sends_secrets = False
    callback_path = "/internal/webhooks/novu"
    callback_place = ("Novu → Developers → Webhooks", "Novu → Developers → Webhooks")
    address_kinds = ()
    hints: ClassVar[Mapping[str, tuple[str, str]]] = {
        "signing_secret": (
            "Novu → Developers → Webhooks → Signing secret, начинается с whsec_",
            "Novu → Developers → Webhooks → Signing secret, begins with whsec_",
        ),
        "critical_workflows": (
            "Сценарии Novu, чей сбой открывает обращение, через запятую",
            "Workflows of Novu whose failure opens a case, with commas between",
        ),
        "unsigned": (
            "allowed: принимать вызовы без подписи, от собственного адаптера внутри сети",
            "allowed: take calls without a signature, from an adapter of your own inside",
        ),
    }

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        secret, unsigned = credentials.get("signing_secret", ""), credentials.get("unsigned", "")
        if secret and not secret.startswith("whsec_"):
            return {"signing_secret": "must begin with whsec_"}
        if unsigned not in ("", "allowed"):
            return {"unsigned": "must be allowed or empty"}
        if not (secret or unsigned or credentials.get("callback_networks")):
            return {"signing_secret": "is needed, unless calls without a signature are allowed"}
        return {}

    def request(self, outbound: Outbound) -> HttpRequest:
        raise Unsupported("nothing is sent through Novu")

    def receipt(self, response: HttpResponse) -> Receipt:
        raise Unsupported("nothing is sent through Novu")

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        """Say nothing of our own messages: what it tells of its own goes to `event`."""
        self._verify(callback)
        return ()

    def event(self, callback: Callback) -> ExternalEvent | None:
        """Verify and read what it tells; None where it says nothing. Raises BadSignature."""
        call = self._verify(callback)
        body = object_of(callback.body)
        name = _said(body.get("type")) or _said(body.get("event"))
        if not name:
            return None
        told = list(_places(body))
        read = {field: _first(told, words) for field, words in WORDS.items()}
        own = read | {"error": clean(read["error"]), "status": read["status"] or _last(name)}
        return ExternalEvent(
            key=text(body.get("id")) or call or digest(name, callback.body.decode("latin-1")),
            event=name[:64],
            is_critical=_is_critical(told) or own["workflow"] in self._critical,
            raw=_masked(body, 0),
            metadata={
                word: _said(body[word]) for word in ("environmentId", "object") if word in body
            },
            **own,
        )

    def handed_over(self, callback: Callback) -> HandedOver | None:
        """Verify and read a message that we are to carry. Raises BadSignature."""
        call = self._verify(callback)
        body = object_of(callback.body)
        payload = as_object(body.get("payload"))
        words = _said(body.get("payload")) or _text(payload) or _text(body)
        subscriber = _first([body, as_object(body.get("subscriber"))], WORDS["subscriber"])
        if not (subscriber and words):
            return None
        own = _first([payload, body], ("id", "messageId", "_id"))
        key = own or call or digest(callback.body.decode("latin-1"))
        return HandedOver(key, subscriber, _said(body.get("channel")).lower(), words)

    @property
    def _critical(self) -> frozenset[str]:
        listed = self.credentials.get("critical_workflows", "").split(",")
        return frozenset(filter(None, map(str.strip, listed)))

    def _verify(self, callback: Callback) -> str:
        secret = self.credentials.get("signing_secret", "")
        if secret:
            prefix = "svix" if "svix-signature" in callback.headers else "webhook"
            return verify(callback, secret, prefix)
        own = self.credentials
        if own.get("unsigned") == "allowed" or own.get("callback_networks"):
            return callback.headers.get("webhook-id") or callback.headers.get("svix-id", "")
        raise BadSignature("the account has no secret of Novu's")


def _said(value: object) -> str:
    """Read a word without what databases refuse: NUL and halves of surrogate pairs."""
    return text(value).replace("\0", "").encode("utf-8", "replace").decode()


def _text(place: Mapping[str, Any]) -> str:
    found = [_said(place.get(word)) for word in ("content", "text", "body", "message")]
    return next((one for one in found if one), "")


def _places(body: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Give the objects in which a word may stand, the nearest to the message first."""
    data = as_object(body.get("data")) or as_object(body.get("payload"))
    inner = as_object(data.get("object"))
    yield from (inner, data, as_object(inner.get("subscriber")), as_object(data.get("error")))
    yield {name: value for name, value in body.items() if name not in ("id", "_id", "object")}


def _first(places: Iterable[Mapping[str, Any]], words: Iterable[str]) -> str:
    wanted = tuple(words)
    for place in places:
        for word in wanted:
            if found := _said(place.get(word)) or _said(as_object(place.get(word)).get("message")):
                return found[:255]
    return ""


def _is_critical(places: Iterable[Mapping[str, Any]]) -> bool:
    return any(one.get("critical") is True or one.get("severity") == "high" for one in places)


def _last(name: str) -> str:
    return name.rpartition(".")[2][:32]


def _masked(value: Any, depth: int) -> Any:
    """Keep the shape of what was told, without a client's own data."""
    if isinstance(value, Mapping):
        rows = list(value.items())[:WIDEST]
        return {_plain(name): _field(name, one, depth + 1) for name, one in rows}
    if isinstance(value, list):
        return [_masked(one, depth + 1) for one in value[:WIDEST]] if depth < DEEPEST else []
    if isinstance(value, float):
        return value if isfinite(value) else None  # Python reads NaN, databases do not
    return _plain(value) if isinstance(value, str) else value


def _plain(words: str) -> str:
    """Take out, where it is more than a name, what it quotes."""
    words = _said(words)[:LONGEST]
    return clean(words) if " " in words or "@" in words or words[:1] == "+" else words


def _field(name: str, value: Any, depth: int) -> Any:
    if depth > DEEPEST or (PRIVATE.search(name) and name not in KEPT):
        return "***"
    return _masked(value, depth)
