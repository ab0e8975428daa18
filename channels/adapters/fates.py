"""What may become of a message, in our words, whatever its provider calls it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channels.errors import BadAddress, DeliveryError, OptedOut, Outcome, Temporary
from channels.told import InboundEvent, StatusEvent


@dataclass(frozen=True, slots=True)
class Fate:
    """State, reason and effect as in StatusEvent."""

    state: str = ""
    reason: str = ""
    effect: str = ""


SENT = Fate("sent")
DELIVERED = Fate("delivered")
READ = Fate("read")
DEFERRED = Fate("", "deferred")

# refused, or given up, before it reached anybody
FAILED = Fate("failed", "unknown")
UNREACHED = Fate("failed", "unreachable")
CANCELED = Fate("failed", "canceled")
REFUSED = Fate("failed", "permanent_content")
PAUSED = Fate("failed", "provider_pause")
NOBODY = Fate("failed", "permanent_recipient", "dead")
#: The provider keeps this address from messages because of what happened before.
KEPT_OFF = Fate("failed", "opt_out")
KEPT_OFF_UNSUBSCRIBED = Fate("failed", "opt_out", "unsubscribed")
KEPT_OFF_COMPLAINED = Fate("failed", "opt_out", "complaint")

# a letter that came back
DEAD = Fate("bounced", "permanent_recipient", "dead")
FULL = Fate("bounced", "mailbox_full")
GIVEN_UP = Fate("bounced", "attempts_exhausted")
DISLIKED = Fate("bounced", "permanent_content")

# what she did
COMPLAINT = Fate("", "complaint", "complaint")
UNSUBSCRIBED = Fate("", "unsubscribed", "unsubscribed")
OPENED = Fate("read", "opened")
CLICKED = Fate("read", "clicked")
#: A mail program that loads all pictures by itself: the letter has arrived, no more is known.
MACHINE_OPENED = Fate("delivered", "machine_opened")
#: She allows messages again: told as an InboundEvent.
SUBSCRIBED = Fate("", "opt_in")

#: Words for fates, where a salon's own server or a form tells them.
BY_WORD: Mapping[str, Fate] = {
    "sent": SENT,
    "delivered": DELIVERED,
    "read": READ,
    "opened": OPENED,
    "clicked": CLICKED,
    "deferred": DEFERRED,
    "failed": FAILED,
    "unreachable": UNREACHED,
    "permanent_recipient": NOBODY,
    "permanent_content": REFUSED,
    "opt_out": KEPT_OFF_UNSUBSCRIBED,
    "complaint": COMPLAINT,
    "unsubscribed": UNSUBSCRIBED,
}


def meant_by(error: DeliveryError) -> Fate:
    """Tell what a failure means that comes after sending: the provider has tried already."""
    if isinstance(error, BadAddress):
        return NOBODY
    if isinstance(error, OptedOut):
        return KEPT_OFF_UNSUBSCRIBED
    if isinstance(error, Temporary) or error.outcome == Outcome.RETRY_AFTER:
        return UNREACHED
    return Fate("failed", error.outcome.value)


@dataclass(frozen=True, slots=True)
class Report:
    """Which message is reported on, and what tells this report from others; see StatusEvent."""

    key: str
    provider_id: str
    raw: str
    message_id: str = ""
    address: str = ""
    cost: str = ""
    currency: str = ""

    def told(self, fate: Fate) -> StatusEvent | InboundEvent:
        """Say what became of it."""
        return self._opt_in() if fate is SUBSCRIBED else self._status(fate)

    def _status(self, fate: Fate) -> StatusEvent:
        return StatusEvent(
            key=self.key,
            state=fate.state,
            message_id=self.message_id,
            provider_id=self.provider_id,
            reason=fate.reason,
            raw=self.raw,
            address=self.address,
            effect=fate.effect,
            cost=self.cost,
            currency=self.currency if self.cost else "",
        )

    def _opt_in(self) -> InboundEvent:
        return InboundEvent(
            key=self.key,
            kind="opt_in",
            address=self.address,
            message_id=self.message_id,
            provider_id=self.provider_id,
            raw=self.raw,
        )
