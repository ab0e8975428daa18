"""What must become of a message: provider x fault -> outcome, and how each provider is reached.

The words of the faults are those of the fakes; the outcomes are those of the facts about the
providers (messages: what it says, sections 3 to 9; e-mail, SMS, push, staff: sections 1 to 5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.errors import Outcome
from tests.providers.fake import Fake

SENT = Outcome.SENT
RETRY, RETRY_AFTER, DEFER = Outcome.RETRY, Outcome.RETRY_AFTER, Outcome.DEFER
NOBODY, CLOSED = Outcome.PERMANENT_RECIPIENT, Outcome.WINDOW_CLOSED
CONTENT, OPT_OUT = Outcome.PERMANENT_CONTENT, Outcome.OPT_OUT
AUTH, PAUSE = Outcome.AUTH_PAUSE, Outcome.PROVIDER_PAUSE
AMBIGUOUS, UNKNOWN, UNSUPPORTED = Outcome.AMBIGUOUS, Outcome.UNKNOWN, Outcome.UNSUPPORTED

#: Faults of the network and of machines: the same for all unless a provider's row says otherwise.
NETWORK = {
    "fine": SENT,
    "slow": SENT,
    "refused": RETRY,  # nothing listens: nothing was written
    "deaf": AMBIGUOUS,  # written, never read: we cannot know
    "lost": AMBIGUOUS,  # taken, and no answer within the time-out
    "reset": AMBIGUOUS,
    "garbage": AMBIGUOUS,  # a 2xx that nobody can read
    "failing": RETRY,
    "unavailable": RETRY,
    "gateway": AMBIGUOUS,
    "novel": UNKNOWN,
    "redirect": UNKNOWN,  # never followed
    "wrong_credentials": AUTH,
}
#: Faults after which the provider has the message.
TAKEN = {"fine", "slow", "lost", "reset", "garbage"}


#: The same for providers that are reached by a secret address of each recipient's own.
HOOKS = NETWORK | {"wrong_credentials": PAUSE}

Credentials = Callable[[str], dict[str, str]]


def but(credentials: Credentials, **changes: str) -> Credentials:
    """Change some fields."""
    return lambda base: credentials(base) | changes


@dataclass(frozen=True)
class Row:
    """One provider.

    credentials: of an adapter whose API lies at `base`. wrong: those that the provider refuses.
    others: fault -> credentials that play it; what names no recipient can only be played so.
    address: a valid recipient by number. recipient: how the provider's side names it.
    outcomes: fault -> outcome. waits: fault -> seconds that the provider asked for.
    """

    fake: type[Fake]
    credentials: Credentials
    wrong: Credentials
    address: Callable[[int], str]
    outcomes: Mapping[str, Outcome]
    waits: Mapping[str, float] = field(default_factory=dict)
    per_address: frozenset[str] = frozenset()  # waits that freeze the recipient only
    recipient: Callable[[str], str] = str
    kind: str = "chat"
    extra: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[str, Credentials] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)  # of single faults
    provider: str = ""  # where it is not the row's own name
