"""What does an endpoint's answer mean for the delivery, and when is it tried again? Rules only.

2xx is success. 410 ends the endpoint. All else, also a redirect, is a failure: tried again after
5 s, 5 min, 30 min, 2, 5, 10 and 14 h, then given up. An endpoint that asks for time gets it.
Source: https://www.standardwebhooks.com (specification 1.0.0, read 2026-11)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from channels.errors import DeliveryError, NotStarted
from channels.request import HttpResponse
from channels.retry_after import retry_after_s

#: After the first attempt, the second...
WAITS = tuple(timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18_000, 36_000, 50_400))
MOST_ATTEMPTS = len(WAITS) + 1
JITTER = 0.1  # so that an endpoint that comes back is not met by everything at once
ASKS_FOR_TIME = frozenset({429, 502, 503, 504})
LONGEST_ASKED = timedelta(hours=24)
SOON = timedelta(seconds=5)  # for a call that did not leave this machine
LONGEST_ANSWER = 200
GONE = 410


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is written down after an attempt.

    is_fine: of the endpoint's health; None tells nothing. until: the endpoint hears nothing before.
    unused: 1 for an attempt that did not leave this machine.
    """

    state: str
    due_at: datetime
    status: int | None = None
    answer: str = ""
    is_fine: bool | None = False
    is_gone: bool = False
    until: datetime | None = None
    unused: int = 0


def judge(
    result: HttpResponse | DeliveryError, attempts: int, now: datetime, jitter: float
) -> Verdict:
    """Decide about one attempt. attempts: with this one. jitter: 0 to 1, chosen by the caller."""
    if isinstance(result, NotStarted):
        return Verdict("pending", now + SOON, None, result.detail, None, unused=1)
    if isinstance(result, DeliveryError):
        return _failed(attempts, now, jitter, status=None, answer=result.detail)
    answer = _text(result.body)
    if 200 <= result.status < 300:
        return Verdict("delivered", now, result.status, answer, is_fine=True)
    if result.status == GONE:
        return Verdict("failed", now, GONE, answer, is_gone=True)
    if 300 <= result.status < 400:
        answer = "redirects are not followed"
    asked = _asked(result, now)
    return _failed(attempts, now, jitter, status=result.status, answer=answer, asked=asked)


def _failed(
    attempts: int,
    now: datetime,
    jitter: float,
    *,
    status: int | None,
    answer: str,
    asked: timedelta | None = None,
) -> Verdict:
    until = now + asked if asked else None
    if attempts >= MOST_ATTEMPTS:
        return Verdict("failed", now, status, answer, until=until)
    wait = WAITS[attempts - 1] * (1 + JITTER * jitter)
    due_at = now + max(wait, asked or timedelta())
    return Verdict("pending", due_at, status, answer, until=until)


def _asked(response: HttpResponse, now: datetime) -> timedelta | None:
    if response.status not in ASKS_FOR_TIME:
        return None
    wait_s = retry_after_s(response.headers, now=now.timestamp())
    if not wait_s:
        return None
    return timedelta(seconds=min(wait_s, LONGEST_ASKED.total_seconds()))


def _text(body: bytes) -> str:
    """Keep the beginning of an answer, on one line."""
    text = body[: LONGEST_ANSWER * 4].decode("utf-8", "replace")
    return " ".join(text.replace("\0", "").split())[:LONGEST_ANSWER]
