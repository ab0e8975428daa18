"""Is a form for any HTTP API filled in well, and what do its fields say?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from channels.adapters.generic_http_template import (
    HEADER_NAMES,
    NAMES,
    escape_for,
    filled,
    unknown_names,
)
from channels.calls import may_carry
from channels.fields import ONE_OF

METHODS = ("POST", "PUT", "PATCH", "GET")
JSON = "application/json"
SUCCESS = "200-299"

NEEDS_BODY = "is required, unless the method is GET"
NOT_NAMES = "names what is not known: "
NOT_HEADERS = 'must be a JSON object of names and texts, such as {"X-Api-Key":"{{secret}}"}'
NOT_JSON_BODY = "must become JSON when its names are filled in, so put texts in quotes"
NOT_STATUSES = "must be statuses such as 200-299 or 200, 202"
NOT_MAP = 'must be a JSON object of words, such as {"blocked":"permanent_recipient"}'
NO_NAMES_IN_HOST = "may have names behind the host only"

_RANGE = re.compile(r"\s*([1-5]\d\d)\s*(?:-\s*([1-5]\d\d)\s*)?")


def form_faults(
    credentials: Mapping[str, str], words: tuple[str, ...], states: tuple[str, ...]
) -> dict[str, str]:
    """Say what is wrong with a form: field -> rule.

    words, states: what status_map and callback_states may say.
    """
    wrong = {
        "url": _url_fault(credentials.get("url", "")),
        "method": _one_of(METHODS, credentials.get("method", "POST")),
        "headers": _headers_fault(credentials.get("headers", "{}")),
        "body": _body_fault(credentials),
        "success_status": _statuses_fault(credentials.get("success_status", SUCCESS)),
        "status_map": _map_fault(credentials.get("status_map", "{}"), words),
        "callback_states": _map_fault(credentials.get("callback_states", "{}"), states),
    }
    return {name: fault for name, fault in wrong.items() if fault}


def headers_of(credentials: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Write the form's headers; Content-Type under this very name."""
    known = {name: values[name] for name in HEADER_NAMES}
    given = texts_of(credentials.get("headers") or "{}") or {}
    headers = {name: filled(text, known) for name, text in given.items()}
    kind = next((name for name in headers if name.lower() == "content-type"), "")
    if kind:
        headers["Content-Type"] = headers.pop(kind)
    return headers


def json_of(body: bytes) -> object:
    """Read JSON; None when it is something else."""
    try:
        parsed: object = json.loads(body)
    except ValueError:
        return None
    return parsed


def texts_of(source: str) -> dict[str, str] | None:
    """Read a JSON object of texts; None when it is something else."""
    parsed = json_of(source.encode())
    if not isinstance(parsed, dict) or not all(isinstance(text, str) for text in parsed.values()):
        return None
    return parsed


def is_among(status: int, ranges: str) -> bool:
    """Ask whether a status is in "200-299, 409"."""
    for part in ranges.split(","):
        found = _RANGE.fullmatch(part)
        if found and int(found[1]) <= status <= int(found[2] or found[1]):
            return True
    return False


def _one_of(words: tuple[str, ...], value: str) -> str:
    return "" if value in words else ONE_OF + ", ".join(words)


def _names_fault(template: str, known: frozenset[str] = NAMES) -> str:
    unknown = unknown_names(template, known)
    return NOT_NAMES + ", ".join(unknown) if unknown else ""


def _url_fault(url: str) -> str:
    try:
        host = urlsplit(url).netloc
    except ValueError:
        return ""  # the rule of all addresses says it
    return NO_NAMES_IN_HOST if "{{" in host else _names_fault(url)


def _headers_fault(source: str) -> str:
    headers = texts_of(source)
    line_ends = re.compile(r"[\r\n]")
    if headers is None or any(line_ends.search(name + text) for name, text in headers.items()):
        return NOT_HEADERS
    if not may_carry(headers):
        return NOT_HEADERS
    return _names_fault(source, HEADER_NAMES)


def _body_fault(credentials: Mapping[str, str]) -> str:
    body = credentials.get("body", "")
    if not body:
        return "" if credentials.get("method") == "GET" else NEEDS_BODY
    if fault := _names_fault(body):
        return fault
    headers = headers_of(credentials, dict.fromkeys(NAMES, ""))
    kind = headers.get("Content-Type", JSON)
    sample: dict[str, Any] = dict.fromkeys(NAMES, 'a"b\\\n')
    is_json = escape_for(kind) is escape_for(JSON)
    if is_json and json_of(filled(body, sample, escape_for(kind)).encode()) is None:
        return NOT_JSON_BODY
    return ""


def _statuses_fault(ranges: str) -> str:
    return "" if all(_RANGE.fullmatch(part) for part in ranges.split(",")) else NOT_STATUSES


def _map_fault(source: str, known: tuple[str, ...]) -> str:
    meanings = texts_of(source)
    if meanings is None:
        return NOT_MAP
    return next((fault for word in meanings.values() if (fault := _one_of(known, word))), "")
