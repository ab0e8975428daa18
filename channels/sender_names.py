"""Under which name does an SMS go: the one registered for the longest beginning of the number."""

from __future__ import annotations

Names = tuple[tuple[str, str], ...]  # (beginning of a number, name), the longest beginning first


def sender_for(names: Names, number: str) -> str:
    """Give the name for a number in E.164; "" leaves it to the account's own sender."""
    return next((sender for prefix, sender in names if number.startswith(prefix)), "")
