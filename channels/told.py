"""What does a provider tell us, and what does it want to hear? Plain values, no sockets, no Django.

A provider's request is a `Callback`; an adapter verifies it and reads it as events:

- `StatusEvent`: what became of a message, or of the address it went to;
- `InboundEvent`: what a client did on her side;
- `AccountEvent`: what changed at the provider itself (a template was approved).

All values of events are strings, so that an event can be kept as JSON and read back.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.request import HttpRequest


class BadSignature(Exception):
    """A callback that the provider did not sign; answered with 401 and forgotten."""


class Needs(Exception):
    """A callback that cannot be judged, or answered, before this call of ours is answered.

    The callback is read again with the body of the answer in `Callback.answers`.
    is_lasting: the answer stays the same for everybody, such as a certificate.
    """

    def __init__(self, request: HttpRequest, *, is_lasting: bool = False) -> None:
        super().__init__(request.method)
        self.request = request
        self.is_lasting = is_lasting


@dataclass(frozen=True, slots=True)
class Callback:
    """A provider's request to us: raw bytes first, header names in lower case.

    url: as the provider called it, with its query. at: unix time of its arrival.
    answers: to calls that were needed, by their address; see Needs.
    """

    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"
    url: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    at: float = field(default_factory=time.time)
    answers: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer in the exact form that the provider wants."""

    body: bytes = b'{"ok":true}'
    content_type: str = "application/json"
    status: int = 200


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """A provider says what became of a message: found by our message id or by the provider's.

    state: "sent", "delivered", "read", "failed", "bounced", or "" when only something else is told.
    key: unique per provider event, "" where
    the provider has none. reason: one of our words; raw: the provider's own, masked.
    address: in the provider's terms. effect: what else it means for the address:
    "dead" (nobody lives there), "complaint", "unsubscribed" (marketing only), "" for nothing.
    reach: "up_to" when all messages to this address up to this one are meant.
    cost: decimal, with currency, where it is told. route: see Adapter.route_of.
    """

    key: str = ""
    state: str = ""
    message_id: str = ""
    provider_id: str = ""
    reason: str = ""
    raw: str = ""
    address: str = ""
    effect: str = ""
    reach: str = ""
    cost: str = ""
    currency: str = ""
    route: str = ""


@dataclass(frozen=True, slots=True)
class InboundEvent:
    """The client did something. address: as in Outbound. value: by kind:

    "button": the button's action; "text": what she wrote; "start": the link's parameter;
    "contact": her own phone number, vouched for by the provider; "moved": her new address;
    "alias": another address of the same person (WhatsApp's user id beside a number);
    "opt_out", "opt_in": her choice about marketing in the provider's own settings;
    "blocked", "unblocked": nothing more; "agent": what staff wrote to her at the desk;
    "conversation": the state of her conversation at the desk.
    reply_token: what `acknowledge` needs to answer this very event.
    name, language: as the provider knows her, where it tells.
    """

    key: str = ""
    kind: str = ""
    address: str = ""
    value: str = ""
    message_id: str = ""
    provider_id: str = ""
    reply_token: str = ""
    raw: str = ""
    name: str = ""
    language: str = ""
    route: str = ""


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """Something changed at the provider. kind: "template_state", "template_category", "warning".

    name, language: of the template. value: its new state or category in the provider's words.
    """

    key: str = ""
    kind: str = ""
    name: str = ""
    language: str = ""
    value: str = ""
    reason: str = ""
    raw: str = ""
    route: str = ""


Told = StatusEvent | InboundEvent | AccountEvent

#: Steps that make the provider call our address: yields calls and is sent their answers, an error
#: of a call is thrown in. Returns credentials that came up and must be kept, often none.
Registration = Generator[HttpRequest, Any, Mapping[str, str]]
