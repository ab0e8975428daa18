"""What may a salon's `limits` say, and what holds where they say nothing? One table.

Quiet hours are a pair of clock times in the client's zone; equal ends switch them off. What does
not stand here is refused, so that a slip of the pen leaves no limit unset in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import time
from typing import Any, Final

#: Field -> what holds without it.
USUAL: Final[Mapping[str, Any]] = {
    "tx_per_day": 3000,
    "mk_per_day": 1500,
    "per_hour": 10,
    "mk_per_window": 1,
    "mk_window_days": 3,
    "same_text_minutes": 60,
    "quiet": ("21:00", "09:00"),  # marketing at night annoys and, in Russia, is fined
    "quiet_tx": None,
}
MOST: Final = 1_000_000_000  # a counter of the database holds twice as many


def faults(given: object) -> dict[str, str]:
    """Say what is wrong with limits: field -> a rule, in English; "" for all of them."""
    if not isinstance(given, dict):
        return {"": "must be an object"}
    found = {name: RULES[name](value) for name, value in given.items() if name in RULES}
    known = f"is no limit; there are {', '.join(USUAL)}"
    unknown = {str(name): known for name in given if name not in RULES}
    return unknown | {name: rule for name, rule in found.items() if rule}


def _number(most: int) -> Callable[[object], str]:
    def rule(value: object) -> str:
        is_sound = type(value) is int and 0 <= value <= most
        return "" if is_sound else f"must be a whole number from 0 to {most}"

    return rule


def _hours(value: object) -> str:
    is_pair = isinstance(value, list) and len(value) == 2 and all(map(_is_clock, value))
    return "" if is_pair else 'must be two times of day such as ["21:00", "09:00"]'


def _is_clock(value: object) -> bool:
    if not (isinstance(value, str) and len(value) == len("09:00")):
        return False
    try:
        time.fromisoformat(value)
    except ValueError:
        return False
    return True


RULES: Final[Mapping[str, Callable[[object], str]]] = {
    **dict.fromkeys(("tx_per_day", "mk_per_day", "per_hour", "mk_per_window"), _number(MOST)),
    "mk_window_days": _number(366),
    "same_text_minutes": _number(7 * 24 * 60),
    "quiet": _hours,
    "quiet_tx": _hours,
}
