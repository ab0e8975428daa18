"""What the words of tests/payloads mean in ours, and how a captured answer is read."""

from __future__ import annotations

import json
from pathlib import Path

from channels.errors import DeliveryError
from channels.request import HttpResponse

PAYLOADS = Path(__file__).parents[1] / "payloads"
#: The provider fixtures' own words; a pause is for the credentials or for the account.
OUTCOMES = {
    "accepted": {"sent"},
    "retry": {"retry"},
    "throttle": {"retry_after"},
    "permanent_message": {"permanent_content"},
    "permanent": {"permanent_content"},
    "split": {"permanent_content"},
    "bug": {"permanent_content"},
    "prune_address": {"permanent_recipient"},
    "suppress": {"opt_out"},
    "pause_provider": {"auth_pause", "provider_pause"},
    "unknown_outcome": {"ambiguous"},
    "soft_fail": {"retry"},
    "unknown": {"unknown"},
}


def captured(path):
    """Read a payload file."""
    return json.loads((PAYLOADS / path).read_text())


def answer(status, body=b"", headers=None):
    """Make a response: body as bytes, text or anything that becomes JSON."""
    raw = body if isinstance(body, bytes) else body if isinstance(body, str) else json.dumps(body)
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    return HttpResponse(status, lower, raw if isinstance(raw, bytes) else raw.encode())


def told(row):
    """Make the response of a row of send_responses.json."""
    body = row.get("body")
    return answer(row["http"], b"" if body is None else body, row.get("headers"))


def error_of(adapter, response):
    """Give the error that an answer means; fails when the message was taken."""
    try:
        receipt = adapter.receipt(response)
    except DeliveryError as error:
        return error
    raise AssertionError(f"taken: {receipt}")


def outcome_of(adapter, response):
    """Name what an answer means."""
    try:
        return adapter.receipt(response).state
    except DeliveryError as error:
        return error.outcome.value


def allowed(expect):
    """Give our words for the beginning of a fixture's."""
    return OUTCOMES[expect.split()[0].rstrip(",;")]
