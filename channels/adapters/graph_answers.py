"""What does an answer of Meta's Graph API say? The code decides, not the status (Meta says so).

https://developers.facebook.com/docs/graph-api/guides/error-handling, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.answers import json_object
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    Deferred,
    DeliveryError,
    RateLimited,
    Temporary,
    UnknownReply,
)
from channels.provider_words import clean
from channels.request import HttpResponse

DEFAULT_WAIT_S = 30.0  # Meta names no wait


@dataclass(frozen=True, slots=True)
class Codes:
    """One product's table. by_subcode: (code, subcode), asked first. waits: code -> seconds."""

    by_code: Mapping[int, type[DeliveryError]]
    by_subcode: Mapping[tuple[int, int], type[DeliveryError]] = field(default_factory=dict)
    waits: Mapping[int, float] = field(default_factory=dict)
    of_one_recipient: frozenset[int] = frozenset()


def read_answer(response: HttpResponse, codes: Codes) -> dict[str, Any]:
    """Give what a good answer holds; raises the DeliveryError that a bad one means."""
    answer = json_object(response)
    error = answer.get("error") if answer else None
    if isinstance(error, dict):
        raise _refusal(response, error, codes)
    if answer is None or not 200 <= response.status < 300:
        raise _unreadable(response)
    return answer


def _refusal(response: HttpResponse, error: dict[str, Any], codes: Codes) -> DeliveryError:
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    detail = _detail(response.status, code, error)
    kind = codes.by_subcode.get((code, subcode)) or codes.by_code.get(code)
    if kind is None and 200 <= code <= 299:
        kind = BadCredentials
    if kind is None and (error.get("is_transient") is True or response.status >= 500):
        kind = Temporary
    if kind is None:
        return UnknownReply(detail)
    is_personal = code in codes.of_one_recipient or issubclass(kind, BadAddress | Deferred)
    wait_s = codes.waits.get(code, DEFAULT_WAIT_S) if kind is RateLimited else None
    return kind(detail, retry_after_s=wait_s, scope="address" if is_personal else "integration")


def _unreadable(response: HttpResponse) -> DeliveryError:
    words = f"{response.status} with an unreadable answer"
    if response.status == 429:
        return RateLimited(words, retry_after_s=DEFAULT_WAIT_S)
    if 200 <= response.status < 300:
        return Ambiguous(words)
    return Temporary(words) if response.status >= 500 else UnknownReply(words)


def _detail(status: int, code: int, error: dict[str, Any]) -> str:
    words = re.sub(r"^\(#\d+\)\s*", "", str(error.get("message", "")))
    return f"{status} {code}: {clean(words)}"


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1
