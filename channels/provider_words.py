"""What does a provider's refusal mean: its own table first, then what HTTP says of the status."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    Deferred,
    DeliveryError,
    OptedOut,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    UnknownReply,
)
from channels.retry_after import retry_after_s

DEFAULT_WAIT_S = 30.0  # a throttle without a number: longer than the waits seen in practice

#: RFC 9110, 15.5 and 15.6, where a provider's body says nothing more. 502 and 504 come from a
#: gateway whose server behind it may have done the work.
BY_STATUS: Mapping[int, type[DeliveryError]] = {
    401: BadCredentials,
    402: ProviderPaused,
    403: BadCredentials,
    413: Permanent,
    429: RateLimited,
    502: Ambiguous,
    504: Ambiguous,
}

MOST_WORDS = 2_000  # characters of an answer that are cleaned; 200 of them are kept
RESET_HEADERS = ("x-ratelimit-reset", "ratelimit-reset", "x-sib-ratelimit-reset")
UNIX_TIME_FROM = 1e8  # no counter is full for three years: it is a moment
MILLISECONDS_FROM = 1e11  # Mailgun's moments


@dataclass(frozen=True, slots=True)
class Refusal:
    """A provider's refusal as told: code is its own, words are its message.

    is_plain: the body says no, even where the status is 200.
    """

    status: int
    code: str = ""
    words: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_plain: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """A line of a provider's table: code, status and words that are given must match.

    words: a part of the provider's, in lower case. wait_s, scope: of a throttle, where the code
    alone tells them; scope "" is the one that goes with the error.
    """

    error: type[DeliveryError]
    code: str = ""
    status: int = 0
    words: str = ""
    wait_s: float = DEFAULT_WAIT_S
    scope: str = ""

    def fits(self, refusal: Refusal) -> bool:
        """Say whether this line is about this refusal."""
        return (
            self.code in {"", refusal.code}
            and self.status in {0, refusal.status}
            and self.words in refusal.words.lower()
        )


def error_for(
    refusal: Refusal, table: Sequence[Meaning], *, now: float, wait_s: float | None = None
) -> DeliveryError:
    """Make the error of the first line that fits, else of the status; never guess beyond.

    now: unix time. wait_s: what the provider said beside Retry-After, if it has words of its own.
    """
    line = next((line for line in table if line.fits(refusal)), Meaning(_by_status(refusal)))
    told_s = (retry_after_s(refusal.headers, now=now), wait_s, line.wait_s)
    if issubclass(line.error, RateLimited):
        asked_s = next(s for s in told_s if s is not None)
        return line.error(told(refusal), retry_after_s=asked_s, scope=line.scope or "integration")
    is_personal = issubclass(line.error, BadAddress | OptedOut | Deferred)
    return line.error(
        told(refusal),
        retry_after_s=told_s[0] if issubclass(line.error, Temporary) else None,
        scope=line.scope or ("address" if is_personal else "integration"),
    )


def reset_wait_s(headers: Mapping[str, str], *, now: float) -> float | None:
    """Read how long a counter of calls stays full: seconds, or a unix time in s or ms."""
    told = next((headers[name] for name in RESET_HEADERS if name in headers), "")
    if not re.fullmatch(r"\d+(\.\d+)?", told):
        return None
    moment = float(told)
    if moment > MILLISECONDS_FROM:
        moment /= 1000
    return moment if moment < UNIX_TIME_FROM else max(0.0, moment - now)


def told(refusal: Refusal) -> str:
    """Write status, code and cleaned words: what a log and a person may read."""
    code = refusal.code if refusal.code != str(refusal.status) else ""
    return " ".join(filter(None, (str(refusal.status), clean(code), clean(refusal.words))))


def clean(words: str) -> str:
    """Take out what a provider quotes from the message: addresses, numbers, texts, keys."""
    words = re.sub(r"\S*@\S*", "...", words[:MOST_WORDS])
    words = re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`|«[^»]*»|\{[^}]*\}", "...", words)
    words = re.sub(r"\+\d[\d()-]*(?: ?[\d()-]+)*|\d[\d ()-]{4,}\d|\S{24,}", "...", words)
    return " ".join(words.split())[:200]


def _by_status(refusal: Refusal) -> type[DeliveryError]:
    status = refusal.status
    if 200 <= status < 300:  # taken, yet the answer cannot be read
        return UnknownReply if refusal.is_plain else Ambiguous
    if status == 503 and "retry-after" in refusal.headers:
        return RateLimited
    if status in BY_STATUS:
        return BY_STATUS[status]
    return Temporary if status >= 500 else UnknownReply
