"""How is a callback proven and taken apart, whichever provider sent it?

What providers send is read with care: any of it may be missing, of another type or a megabyte deep.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from channels.provider_words import clean
from channels.told import BadSignature, Callback

#: Our message's id in the query of an address for reports.
MESSAGE = "m"
# A clock that is wrong, a queue at the provider; repetitions within it are known by their keys.
RECENT_S = 600.0
#: A provider's name for something, or a code of it: neither an address nor a text.
_is_name = re.compile(r"[A-Za-z_.]{1,40}|[0-9]{1,4}").fullmatch
_NUMBERS = frozenset({int, float})
_encode = json.JSONEncoder(ensure_ascii=False).encode  # made once: what providers say is short
_MOMENT = re.compile(r"[0-9]{1,12}")


def report_url(credentials: Mapping[str, str], message_id: str) -> str:
    """Write the address for reports of one message, "" where there is none for the account."""
    address = credentials.get("callback_url", "")
    return f"{address}?{MESSAGE}={message_id}" if address else ""


def prove(holds: bool) -> None:
    """Refuse the callback unless this holds."""
    if not holds:
        raise BadSignature("the signature is missing or wrong")


def same(given: str, expected: str) -> bool:
    """Compare in constant time; nothing is the same as an empty secret."""
    return bool(expected) and hmac.compare_digest(_bytes(given), _bytes(expected))


def prove_password(callback: Callback, password: str) -> None:
    """Refuse a call without the password, where one was agreed on: Basic, any login, or Bearer."""
    if password:
        prove(same(_password(callback.headers.get("authorization", "")), password))


def password_for(secret: str, url: str) -> str:
    """Make a password that providers are to call this address with: always the same one."""
    return hmac.new(_bytes(secret), _bytes(url), hashlib.sha256).hexdigest()


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
    if isinstance(value, str):
        return value
    return str(value) if type(value) in _NUMBERS else ""


def amount(told: str) -> str:
    """Give what an SMS cost as a decimal without its sign, "" for what is no number."""
    digits = told.strip().replace(",", ".").removeprefix("-")
    whole, _, rest = digits.partition(".")
    is_number = whole.isascii() and whole.isdecimal() and (not rest or rest.isdecimal())
    return digits if is_number and len(digits) <= 20 else ""


def digest(*parts: object) -> str:
    """Make a key of what tells an event from others, where the provider gives none."""
    return hashlib.sha256(_bytes("\0".join(map(text, parts)))).hexdigest()


def raw_of(**words: object) -> str:
    """Write the provider's own words for the log, without what it quotes of people and texts."""
    told = {}
    for name, value in words.items():
        if word := text(value):
            told[name] = word if _is_name(word) else clean(word)
    return _encode(told)


def _password(authorization: str) -> str:
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "basic":
        return given
    try:
        return b64decode(given, validate=True).decode("utf-8", "replace").partition(":")[2]
    except ValueError:
        return ""


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "replace")
