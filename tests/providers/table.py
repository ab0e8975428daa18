"""What must become of a message: provider x fault -> outcome, and how each provider is reached.

The words of the faults are those of the fakes; the outcomes are those of the facts about the
providers (messages: what it says, sections 3 to 9; e-mail, SMS, push, staff: sections 1 to 5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.errors import Outcome
from tests.providers import chat, own
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
    "wrong_credentials": AUTH,
}
#: Faults after which the provider has the message.
TAKEN = {"fine", "slow", "lost", "reset", "garbage"}


@dataclass(frozen=True)
class Row:
    """One provider.

    credentials: of an adapter whose API lies at `base`. wrong: those that the provider refuses.
    address: a valid recipient by number. recipient: how the provider's side names it.
    outcomes: fault -> outcome. waits: fault -> seconds that the provider asked for.
    """

    fake: type[Fake]
    credentials: Callable[[str], dict[str, str]]
    wrong: Mapping[str, str]
    address: Callable[[int], str]
    outcomes: Mapping[str, Outcome]
    waits: Mapping[str, float] = field(default_factory=dict)
    recipient: Callable[[str], str] = str
    kind: str = "chat"
    extra: Mapping[str, Any] = field(default_factory=dict)


def _telegram(base: str) -> dict[str, str]:
    return {"token": chat.Telegram.token, "webhook_secret": "hook", "api_base": base}


def _webhook(base: str) -> dict[str, str]:
    return {"url": base, "secret": own.Webhook.secret}


ROWS: dict[str, Row] = {
    "telegram": Row(
        chat.Telegram,
        _telegram,
        {"token": "42:WRONG"},
        lambda number: f"55123456{number:02}",
        NETWORK
        | {
            "gateway": RETRY,
            "throttle": RETRY_AFTER,
            "blocked": NOBODY,
            "gone": NOBODY,
            "moved": NOBODY,
            "content": CONTENT,
            "paused": PAUSE,
        },
        waits={"throttle": 17},
    ),
    "webhook": Row(
        own.Webhook,
        _webhook,
        {"secret": "whsec_d3JvbmcgYnV0IGxvbmcgZW5vdWdoIHRvIHNpZ24="},
        lambda number: f"+791612345{number:02}",
        NETWORK
        | {
            "garbage": SENT,  # a receiver owes no body
            "gateway": RETRY,  # the receiver drops repeats by webhook-id
            "novel": CONTENT,
            "wrong_credentials": CONTENT,
            "throttle": RETRY_AFTER,
            "throttle_503": RETRY_AFTER,
            "content": CONTENT,
            "moved": CONTENT,
            "gone": PAUSE,
        },
        waits={"throttle": 30, "throttle_503": 40},
        kind="sms",
    ),
    "sandbox": Row(
        own.Phone,
        lambda base: {"url": base, "secret": own.Phone.secret},
        {"secret": "wrong"},
        lambda number: f"+791612345{number:02}",
        NETWORK
        | {
            "garbage": SENT,  # the Phone's 200 alone says it
            "gateway": RETRY,
            "no_network": RETRY,
            "gone": NOBODY,
            "blocked": NOBODY,
            "window": CLOSED,
            "content": CONTENT,
        },
        kind="sms",
    ),
}
