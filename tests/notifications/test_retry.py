"""How long between attempts: the rule as a table of numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifications.retry import JITTER, WAITS_S, next_attempt
from tests.for_each import for_each

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@for_each("attempt, wait_s", [(1, 2), (2, 4), (3, 8), (4, 30), (5, 120), (6, 300)])
def test_each_attempt_has_its_wait(attempt, wait_s):
    assert next_attempt(attempt, now=NOW, luck=0.0) == NOW + timedelta(seconds=wait_s)


def test_after_six_waits_it_is_enough():
    assert next_attempt(7, now=NOW, luck=0.0) is None
    assert next_attempt(7, now=NOW, luck=0.0, retry_after_s=60) is None


def test_a_providers_longer_wish_wins_and_a_shorter_one_does_not():
    assert next_attempt(1, now=NOW, luck=0.0, retry_after_s=60) == NOW + timedelta(seconds=60)
    assert next_attempt(4, now=NOW, luck=0.0, retry_after_s=1) == NOW + timedelta(seconds=30)


@given(attempt=st.integers(1, 6), luck=st.floats(0, 1))
def test_luck_adds_at_most_a_tenth_and_takes_nothing_away(attempt, luck):
    wait = (next_attempt(attempt, now=NOW, luck=luck) - NOW).total_seconds()

    assert WAITS_S[attempt - 1] <= wait <= WAITS_S[attempt - 1] * (1 + JITTER) + 1e-6
