"""What an adapter is given and what it gives back: plain values, no sockets, no Django.

What is made once per message is not frozen, because freezing costs more than it guards; nobody
changes it all the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from channels.errors import Ambiguous, DeliveryError, UnknownReply
from channels.request import HttpRequest, HttpResponse
from channels.told import BadSignature, Callback, InboundEvent, Registration, Reply, Told


class ChannelKind(StrEnum):
    """The kinds of the wire contract; telegram, smsc... are providers of a kind."""

    IN_APP = "in_app"
    EMAIL = "email"
    SMS = "sms"
    CHAT = "chat"
    PUSH = "push"
    WEBHOOK = "webhook"
    DESK = "desk"  # carries no step: people work there, or another platform tells us something


@dataclass(frozen=True, slots=True)
class Button:
    """A labelled link, or a labelled action that comes back to us as `action` (1-64 bytes)."""

    text: str
    url: str = ""
    action: str = ""


@dataclass(slots=True)
class Content:
    """A rendered text, ready for any channel: body is plain text, html only where one was made."""

    body: str
    title: str = ""
    html: str = ""
    image_url: str = ""
    buttons: tuple[Button, ...] = ()


@dataclass(slots=True)
class Outbound:
    """One content for one address through one integration.

    message_id: our UUID; travels in every field that the provider echoes.
    kind: ChannelKind value. address: the recipient in the provider's own terms.
    category: "tx" or "mk". ttl_s: seconds after which the message is worthless, if known.
    """

    message_id: str
    kind: str
    address: str
    content: Content
    language: str
    category: str
    ttl_s: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Receipt:
    """The provider took the message.

    provider_id: the provider's id as it will come back in callbacks. state: "sent" or "delivered".
    raw: the answer, free of addresses and secrets, for the delivery log.
    """

    provider_id: str
    state: str = "sent"
    raw: str = ""


@dataclass(frozen=True, slots=True)
class TokenCall:
    """A step of an exchange that gives a short-lived token; kept in Redis for all workers.

    name: which of the integration's tokens. request: how to ask for one; None when it is only
    computed. read: the answer (None without a request) -> the token and the seconds it may be kept;
    raises the DeliveryError that the answer means.
    refused: a token that the provider no longer takes; give any other, kept or new.
    """

    name: str
    request: HttpRequest | None
    read: Callable[[HttpResponse | None], tuple[str, float]]
    refused: str = ""


#: Steps of one sending: yields calls and is sent their answers (an HttpResponse for an HttpRequest,
#: the token for a TokenCall); an error of a call is thrown in. Returns the receipt.
Exchange = Generator[HttpRequest | TokenCall, Any, "Receipt"]


class Place(StrEnum):
    """Whose law the provider's servers obey; a salon's policy may keep messages at home."""

    DOMESTIC = "domestic"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Rate:
    """A published limit: at most count sends per `per_s` seconds of a scope.

    scope: "account" or "address" (one chat, one device).
    """

    scope: str
    count: int
    per_s: float


class Adapter(ABC):
    """One provider: pure translation between our words and its HTTP calls.

    Must override: provider, kinds, fields, address_kinds, place, request, receipt.
    May override: optional, sends_secrets, hints, check, rates, is_idempotent, sender,
    probe, read_probe; has_steps with exchange; batch_size with batch_key, request_many, receipts;
    for callbacks read_callback, greet, taken, generated, for_callbacks, register,
    callback_path, callback_place, forgets_after_s, route_of and acknowledge.
    Must not override: __init__.
    credentials: decrypted values of `fields`; an adapter never stores them elsewhere.
    """

    provider: ClassVar[str]
    kinds: ClassVar[frozenset[str]]
    #: credential names -> True when secret (write-only everywhere)
    fields: ClassVar[Mapping[str, bool]]
    #: fields that may stay empty
    optional: ClassVar[frozenset[str]] = frozenset()
    #: its secrets travel to the provider; False: they only sign
    sends_secrets: ClassVar[bool] = True
    #: field -> where a salon finds its value at the provider, in Russian and in English
    hints: ClassVar[Mapping[str, tuple[str, str]]] = {}
    #: kinds of Address that it can write to, best first: "phone", "email", "telegram", "push"...
    address_kinds: ClassVar[tuple[str, ...]]
    #: "http" goes through transport; "smtp" through the SMTP sender; "store" needs no provider
    sender: ClassVar[str] = "http"
    place: ClassVar[Place] = Place.FOREIGN
    #: published limits, the narrowest first
    rates: ClassVar[tuple[Rate, ...]] = ()
    #: the provider itself drops a repeated call with the same message_id, so that a lost answer may
    #: be asked for again without a second message
    is_idempotent: ClassVar[bool] = False
    #: sending takes several calls: `exchange` is driven instead of request and receipt
    has_steps: ClassVar[bool] = False
    #: most messages of one call; above 1 request_many and receipts are used
    batch_size: ClassVar[int] = 1

    #: what the provider wants to hear when its callback was kept
    taken: ClassVar[Reply] = Reply()
    #: secrets that we choose ourselves: made up when they are left empty
    generated: ClassVar[frozenset[str]] = frozenset()
    #: fields that are about the callbacks alone: they are sent nowhere
    for_callbacks: ClassVar[frozenset[str]] = frozenset()
    #: where our addresses for its callbacks begin
    callback_path: ClassVar[str] = "/v1/callbacks"
    #: where at the provider our address is set by hand, in Russian and in English
    callback_place: ClassVar[tuple[str, str]] = ("", "")
    #: seconds of failure after which the provider stops calling, so that `register` is repeated
    forgets_after_s: ClassVar[float | None] = None

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self.credentials = credentials

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        """Say what is wrong with fields before they are stored: field -> a rule of channels.fields.

        Addresses need no rule here: `url`, `api_base` and what ends in `_url` are checked for all.
        """
        return {}

    @abstractmethod
    def request(self, outbound: Outbound) -> HttpRequest:
        """Write the call that sends this message; raise Unsupported or Permanent if it cannot."""

    @abstractmethod
    def receipt(self, response: HttpResponse) -> Receipt:
        """Read the provider's answer; raise the DeliveryError that it means."""

    def exchange(self, outbound: Outbound) -> Exchange:
        """Send in steps; see Exchange. Where one call is enough, request and receipt say it all."""
        response = yield self.request(outbound)
        return self.receipt(response)

    def batch_key(self, outbound: Outbound) -> Hashable:
        """Tell which messages may share a call; None: this one goes alone."""
        return None

    def request_many(self, outbounds: Sequence[Outbound]) -> HttpRequest:
        """Write one call for messages of equal batch_key, at most batch_size."""
        raise NotImplementedError(f"{self.provider} sends one message a call")

    def receipts(
        self, response: HttpResponse, outbounds: Sequence[Outbound]
    ) -> list[Receipt | DeliveryError]:
        """Read the answer to request_many: one entry per message, in order; may raise for all."""
        raise NotImplementedError(f"{self.provider} sends one message a call")

    def probe(self) -> HttpRequest | None:
        """Write a harmless call that proves the credentials, if the provider has one."""
        return None

    def read_probe(self, response: HttpResponse) -> None:
        """Read the answer to `probe`; raise the DeliveryError that it means.

        As it stands: a refusal is what `receipt` reads in it, any other 2xx answer is well.
        """
        try:
            self.receipt(response)
        except (UnknownReply, Ambiguous):
            if not 200 <= response.status < 300:
                raise

    @classmethod
    def route_of(cls, credentials: Mapping[str, str]) -> str:
        """Tell what names this account in callbacks that many accounts share, "" for nothing."""
        return ""

    def greet(self, callback: Callback) -> Reply | None:
        """Answer the provider's handshake; None: this is none. Raises BadSignature."""
        return None

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        """Verify a callback's signature on the raw bytes, then translate it.

        Raises BadSignature, and Needs for what must be asked first. Unknown event types give
        nothing.
        """
        raise BadSignature(f"{self.provider} sends no callbacks")

    def register(self, url: str) -> Registration | None:
        """Make the provider call this address, if it has a call for it; may be repeated."""
        return None

    def acknowledge(self, event: InboundEvent, text: str) -> Sequence[HttpRequest]:
        """Write the calls that show the client that the press arrived and take the buttons away."""
        return ()
