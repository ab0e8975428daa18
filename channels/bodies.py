"""What does a provider's body hold, whatever its shape? Reading it never raises.

What comes from outside may have any shape, signed or not: what is missing or strange is nothing.
"""

from __future__ import annotations

import json
from typing import Any

from channels.answers import objects


def parsed(body: bytes | str) -> dict[str, Any]:
    """Read a JSON object; an empty one for anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def part(value: object, *path: str) -> dict[str, Any]:
    """Give the object at the end of a path of names, an empty one where there is none."""
    found = _at(value, path)
    return found if isinstance(found, dict) else {}


def parts(value: object, *path: str) -> list[dict[str, Any]]:
    """Give the objects of the list at the end of a path of names."""
    return objects(_at(value, path))


def word(value: object, *path: str) -> str:
    """Give the text, or the whole number as text, at the end of a path of names; else ""."""
    found = _at(value, path)
    is_word = isinstance(found, str | int) and not isinstance(found, bool)
    return str(found) if is_word else ""


def _at(value: object, path: tuple[str, ...]) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
