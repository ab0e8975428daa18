"""Decide whether and when to try again."""

from __future__ import annotations

from datetime import datetime, timedelta

# Seconds before attempts 2, 3...: three quick ones for a hiccup, three slow ones for an outage.
WAITS_S = (2.0, 4.0, 8.0, 30.0, 120.0, 300.0)
JITTER = 0.1


def next_attempt(
    attempt: int, *, now: datetime, luck: float, retry_after_s: float | None = None
) -> datetime | None:
    """Tell when to try again after `attempt` failed attempts, or None when it is enough.

    attempt: 1 after the first failure. luck: 0..1, spreads retries by up to 10 %.
    retry_after_s: the provider's own wish, which wins when it is longer.
    """
    if attempt > len(WAITS_S):
        return None
    wait_s = WAITS_S[attempt - 1] * (1 + JITTER * luck)
    return now + timedelta(seconds=max(wait_s, retry_after_s or 0.0))
