"""What stands in the body of an answer: moments, what is absent, errors in Novu's shape.

Source: the wire contract in docs/reference/api.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

_KEY = re.compile(r"(/(?:callbacks|novu)/[^/]*/|/calcom/).*", re.DOTALL)

Json = dict[str, Any]


def iso(moment: datetime) -> str:
    """Write a moment as every client reads it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def present(values: Mapping[str, object]) -> Json:
    """Leave out what is None or empty text: clients take absent, not null."""
    return {name: value for name, value in values.items() if value is not None and value != ""}


def error_body(
    status: int,
    path: str,
    message: str,
    *,
    errors: Mapping[str, Sequence[str]] | None = None,
    ctx: Mapping[str, Any] | None = None,
    error_id: str = "",
) -> Json:
    """Make an error body; its extra keys follow status and path as the official SDKs demand.

    errors: field -> sentences. 422 always has them (as an object), 400 of events too (as a list).
    A path that opens a door is told without its key: bodies of errors are logged by whoever calls.
    """
    body: Json = {
        "statusCode": status,
        "timestamp": iso(datetime.now(UTC)),
        "path": keyless(path),
        "message": message,
    }
    body |= {"ctx": dict(ctx)} if ctx else {}
    body |= {"errorId": error_id} if error_id else {}
    return body | _field_errors(status, path, errors or {})


def keyless(path: str) -> str:
    """Cut out the key of an address that opens without any other: callbacks, bookings."""
    return _KEY.sub(r"\1...", path)


def _field_errors(status: int, path: str, errors: Mapping[str, Sequence[str]]) -> Json:
    if status == 400 and path.startswith("/v1/events/"):
        rows = [
            {"field": field, "message": text} for field, texts in errors.items() for text in texts
        ]
        return {"type": "PAYLOAD_VALIDATION_ERROR", "errors": rows}
    if status == 422 or errors:
        return {"errors": {field: {"messages": list(texts)} for field, texts in errors.items()}}
    return {}
