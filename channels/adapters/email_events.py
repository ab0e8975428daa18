"""What may become of a letter, in our words, whatever its provider calls it?

A bounce is hard only where the provider's own event says that nobody lives there: most providers
call a full mailbox or a spam filter a bounce too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from channels.adapters.callback_reading import as_object, object_of, text
from channels.adapters.email_letter import METADATA_KEY
from channels.told import InboundEvent, StatusEvent

_FULL = re.compile(r"\b[45]\.2\.2\b|quota|mailbox.{0,8}full", re.IGNORECASE)
_POLICY = re.compile(r"\b5\.7\.\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fate:
    """State, reason and effect as in StatusEvent."""

    state: str = ""
    reason: str = ""
    effect: str = ""


SENT = Fate("sent")
DELIVERED = Fate("delivered")
DEFERRED = Fate("", "deferred")
DEAD = Fate("bounced", "permanent_recipient", "dead")
FULL = Fate("bounced", "mailbox_full")
GIVEN_UP = Fate("bounced", "attempts_exhausted")
DISLIKED = Fate("bounced", "permanent_content")
REFUSED = Fate("failed", "permanent_content")
FAILED = Fate("failed", "unknown")
OUT_OF_MONEY = Fate("failed", "provider_pause")
#: The provider keeps this address from letters because of what happened before.
NEVER_SENT = Fate("failed", "permanent_recipient", "dead")
NEVER_SENT_UNSUBSCRIBED = Fate("failed", "opt_out", "unsubscribed")
NEVER_SENT_COMPLAINED = Fate("failed", "opt_out", "complaint")
NEVER_SENT_LISTED = Fate("failed", "opt_out")
COMPLAINT = Fate("", "complaint", "complaint")
UNSUBSCRIBED = Fate("", "unsubscribed", "unsubscribed")
OPENED = Fate("read", "opened")
CLICKED = Fate("read", "clicked")
#: A mail program that loads all pictures by itself: the letter has arrived, no more is known.
MACHINE_OPENED = Fate("delivered", "machine_opened")
#: She allows letters again: told as an InboundEvent.
SUBSCRIBED = Fate("opt_in")


def bounce(is_hard: bool, words: str) -> Fate:
    """Tell what a bounce means. words: of the receiving server."""
    if _FULL.search(words):
        return FULL
    if _POLICY.search(words):
        return DISLIKED
    return DEAD if is_hard else GIVEN_UP


@dataclass(frozen=True, slots=True)
class Mailed:
    """Which letter an event is about, and what tells it from other events."""

    key: str
    message_id: str
    provider_id: str
    address: str
    raw: str

    def told(self, fate: Fate) -> StatusEvent | InboundEvent:
        """Say what became of it."""
        if fate is SUBSCRIBED:
            return InboundEvent(
                key=self.key,
                kind="opt_in",
                address=self.address,
                message_id=self.message_id,
                provider_id=self.provider_id,
                raw=self.raw,
            )
        return StatusEvent(
            key=self.key,
            state=fate.state,
            message_id=self.message_id,
            provider_id=self.provider_id,
            reason=fate.reason,
            raw=self.raw,
            address=self.address,
            effect=fate.effect,
        )


def our_id(metadata: object) -> str:
    """Find our message's id in what the provider gives back; JSON is read first."""
    told = object_of(metadata) if isinstance(metadata, str) else as_object(metadata)
    return text(told.get(METADATA_KEY))


def our_id_in_headers(headers: object) -> str:
    """Find our message's id in a letter's headers, given as a list of names and values."""
    for one in headers if isinstance(headers, list) else []:
        if isinstance(one, Mapping) and text(one.get("name")).lower() == "x-metadata":
            return our_id(text(one.get("value")))
    return ""
