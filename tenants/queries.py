"""Read what a call brings: the body, and `limit=2.0`, `k=a&k=b`, `k[]=a` of the query."""

from __future__ import annotations

from typing import Any, cast

from django.http import QueryDict
from rest_framework.request import Request

from tenants.errors import BadRequest

_TRUE = {"true", "1", "yes"}
_FALSE = {"false", "0", "no", ""}


def body(request: Request) -> dict[str, Any]:
    """Give the body; the parser has made sure that it is an object."""
    return cast("dict[str, Any]", request.data)


def integer(query: QueryDict, name: str, default: int, *, low: int = 0, high: int = 100) -> int:
    """Read a whole number, also written as 2.0, and bring it between low and high."""
    text = query.get(name)
    if text is None or text == "":
        return default
    try:
        number = float(text)
        if number != int(number):
            raise ValueError(text)
    except (ValueError, OverflowError):
        raise _wrong(name, "must be a whole number") from None
    return clamp(int(number), low, high)


def clamp(number: int, low: int, high: int) -> int:
    """Bring a number into its bounds."""
    return max(low, min(high, number))


def listed(query: QueryDict, name: str) -> list[str]:
    """Read a repeated key in either spelling; empty values do not count."""
    return [text for key in (name, f"{name}[]") for text in query.getlist(key) if text]


def flag(query: QueryDict, name: str) -> bool:
    """Read a yes or no; absent is no."""
    text = query.get(name, "").lower()
    if text not in _TRUE | _FALSE:
        raise _wrong(name, "must be true or false")
    return text in _TRUE


def word(query: QueryDict, name: str, allowed: tuple[str, ...], default: str) -> str:
    """Read one of a few words."""
    text = query.get(name) or default
    if text not in allowed:
        raise _wrong(name, f"must be one of {', '.join(allowed)}")
    return text


def _wrong(name: str, rule: str) -> BadRequest:
    return BadRequest(f"{name} {rule}.", errors={name: [f"{name} {rule}"]})
