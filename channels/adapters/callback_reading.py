"""How is a callback proven and taken apart, whichever provider sent it?

What providers send is read with care: any of it may be missing, of another type or a megabyte deep.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import Any
from urllib.parse import parse_qsl

from channels.provider_words import clean
from channels.told import BadSignature, Callback

# A clock that is wrong, a queue at the provider; repetitions within it are known by their keys.
RECENT_S = 600.0
_MOMENT = re.compile(r"[0-9]{1,12}")


def prove(holds: bool) -> None:
    """Refuse the callback unless this holds."""
    if not holds:
        raise BadSignature("the signature is missing or wrong")


def same(given: str, expected: str) -> bool:
    """Compare in constant time; nothing is the same as an empty secret."""
    return bool(expected) and hmac.compare_digest(_bytes(given), _bytes(expected))


def is_recent(moment: str, now: float, within_s: float = RECENT_S) -> bool:
    """Ask whether a signed unix time is about now."""
    return bool(_MOMENT.fullmatch(moment)) and abs(now - int(moment)) <= within_s


def json_of(body: bytes | str) -> Any:
    """Read JSON; None when it is something else."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def object_of(body: bytes | str) -> dict[str, Any]:
    """Read a JSON object; anything else is an empty one."""
    return as_object(json_of(body))


def as_object(value: object) -> dict[str, Any]:
    """Take an object for what it is, anything else for an empty one."""
    return value if isinstance(value, dict) else {}


def objects_of(value: object) -> list[dict[str, Any]]:
    """Give the objects of a list, or a single one."""
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, dict)]


def fields_of(callback: Callback) -> dict[str, str]:
    """Give the fields of a query and of a form or a JSON object in the body; the body's win."""
    told = dict(callback.query)
    if callback.headers.get("content-type", "").startswith("application/json"):
        return told | {name: text(value) for name, value in object_of(callback.body).items()}
    return told | form_of(callback.body)


def form_of(body: bytes) -> dict[str, str]:
    """Read a form of single fields."""
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def text(value: object) -> str:
    """Give a text or a number as text, "" for anything else."""
    is_plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value) if is_plain else ""


def digest(*parts: object) -> str:
    """Make a key of what tells an event from others, where the provider gives none."""
    return hashlib.sha256(_bytes(json.dumps([text(part) for part in parts]))).hexdigest()


def raw_of(**words: object) -> str:
    """Write the provider's own words for the log, without what it quotes of people and texts."""
    told = {name: clean(text(word)) for name, word in words.items() if text(word)}
    return json.dumps(told, ensure_ascii=False)


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "replace")
