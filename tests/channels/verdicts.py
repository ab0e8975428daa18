"""What do the words of the payloads' indexes mean in ours?"""

from __future__ import annotations

import json
from pathlib import Path

from channels.errors import DeliveryError
from channels.request import HttpResponse

PAYLOADS = Path(__file__).parents[1] / "payloads"
#: The index's word, where it begins so -> our outcomes.
OUTCOMES = {
    "accepted": {"sent"},
    "permanent_message": {"permanent_content"},
    "prune_address": {"permanent_recipient"},
    "pause_address": {"permanent_recipient"},
    "pause_provider": {"auth_pause", "provider_pause"},
    "refresh_token": {"auth_pause", "retry"},
    "vapid_key_mismatch": {"auth_pause"},
    "throttle": {"retry_after"},
    "retry_later_same_device": {"retry_after"},
    "retry": {"retry"},
    "unknown_outcome": {"ambiguous"},
}


def cases(path: str, *keys: str) -> list[dict]:
    """Read the cases of a file under tests/payloads."""
    found = json.loads((PAYLOADS / path).read_text())
    for key in keys:
        found = found[key]
    return list(found["cases"])


def name_of(case: dict) -> str:
    """Name a case in the test's id."""
    return f"{case['http']}-{case['expect']}"


def response_of(case: dict) -> HttpResponse:
    """Write a case's answer as the transport would."""
    headers = {name.lower(): value for name, value in case.get("headers", {}).items()}
    body = case["text"].encode() if "text" in case else b""
    if case.get("body") is not None:
        body = json.dumps(case["body"]).encode()
    return HttpResponse(case["http"], headers, body)


def outcome_of(adapter, response: HttpResponse) -> str:
    """Say what an adapter makes of an answer, in the words of Outcome."""
    try:
        return adapter.receipt(response).state
    except DeliveryError as error:
        return error.outcome.value


def wanted(case: dict) -> set[str]:
    """Read which outcomes a case allows."""
    return next(meant for word, meant in OUTCOMES.items() if case["expect"].startswith(word))
