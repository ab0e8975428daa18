"""Why a provider did not take a message: the closed set of reasons."""

from __future__ import annotations

import math
from enum import StrEnum

LONGEST_WAIT_S = 24 * 3600.0  # who asks for more is asked again after a day


class Outcome(StrEnum):
    """What an answer of a provider means for the delivery; the words of code, log and metrics."""

    SENT = "sent"
    RETRY = "retry"
    RETRY_AFTER = "retry_after"
    DEFER = "defer"
    PERMANENT_RECIPIENT = "permanent_recipient"
    WINDOW_CLOSED = "window_closed"
    PERMANENT_CONTENT = "permanent_content"
    OPT_OUT = "opt_out"
    AUTH_PAUSE = "auth_pause"
    PROVIDER_PAUSE = "provider_pause"
    UNSUPPORTED = "unsupported"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"


class DeliveryError(Exception):
    """A provider did not take a message.

    detail: the provider's own code and words, free of secrets, addresses and message text.
    retry_after_s: seconds the provider asked to wait, when it said so; at most LONGEST_WAIT_S.
    scope: what that wait freezes: "integration" or "address".
    """

    outcome = Outcome.UNKNOWN

    def __init__(
        self, detail: str, *, retry_after_s: float | None = None, scope: str = "integration"
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = _bounded(retry_after_s)
        self.scope = scope


def _bounded(asked_s: float | None) -> float | None:
    """Take a wait that a clock can count: a server of one's own may ask for any number."""
    if asked_s is None:
        return None
    return LONGEST_WAIT_S if math.isnan(asked_s) else min(max(asked_s, 0.0), LONGEST_WAIT_S)


class Temporary(DeliveryError):
    """The provider or the way to it failed; the same call may go through later."""

    outcome = Outcome.RETRY


class RateLimited(DeliveryError):
    """Too many calls; retry_after_s says how long the scope is frozen. Costs no attempt."""

    outcome = Outcome.RETRY_AFTER


class Deferred(DeliveryError):
    """Not before a day or so: the provider protects this recipient from more messages."""

    outcome = Outcome.DEFER


class BadAddress(DeliveryError):
    """This recipient cannot be reached here; the address is switched off with this reason.

    dead_since: unix time of the provider's knowledge; an address that was named anew later stays.
    """

    outcome = Outcome.PERMANENT_RECIPIENT
    dead_since: float | None = None


class Moved(BadAddress):
    """The recipient has another address now: write it into the Address and send again.

    new_address: as in Outbound; not part of `detail`, which reaches the log.
    """

    def __init__(self, detail: str, *, new_address: str) -> None:
        super().__init__(detail, scope="address")
        self.new_address = new_address


class OptedOut(DeliveryError):
    """The recipient told the provider to stop marketing."""

    outcome = Outcome.OPT_OUT


class WindowClosed(DeliveryError):
    """Free text is not allowed now; a template or another channel may be."""

    outcome = Outcome.WINDOW_CLOSED


class Permanent(DeliveryError):
    """The content is refused and would be refused again; the address stays as it is."""

    outcome = Outcome.PERMANENT_CONTENT


class BadCredentials(DeliveryError):
    """The integration's credentials are refused: it pauses until a probe succeeds."""

    outcome = Outcome.AUTH_PAUSE


class ProviderPaused(DeliveryError):
    """The account cannot send now (billing, policy, lock): it pauses until a probe succeeds."""

    outcome = Outcome.PROVIDER_PAUSE


class Unsupported(DeliveryError):
    """The provider's API cannot express the wish."""

    outcome = Outcome.UNSUPPORTED


class Ambiguous(DeliveryError):
    """The request was written and its answer lost: the message may have been sent."""

    outcome = Outcome.AMBIGUOUS


class UnknownReply(DeliveryError):
    """The provider answered something that we do not know; it is logged and never guessed."""

    outcome = Outcome.UNKNOWN


class NotStarted(Temporary):
    """Nothing left this machine: costs no attempt. why: our word for it in the story."""

    def __init__(
        self, detail: str, *, retry_after_s: float | None = None, why: str = "not_started"
    ) -> None:
        super().__init__(detail, retry_after_s=retry_after_s)
        self.why = why
