"""What an API client may be told: one class per kind of refusal, one shape on the wire."""

from __future__ import annotations

from typing import Any


class PlatformError(Exception):
    """The client's call cannot be done; config.wire turns it into the documented body.

    Children set status (HTTP) and code (a stable word). errors: {field: [sentences]}.
    """

    status = 400
    code = "bad_request"

    def __init__(
        self,
        message: str,
        *,
        errors: dict[str, list[str]] | None = None,
        headers: dict[str, str] | None = None,
        ctx: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.errors = errors or {}
        self.headers = headers or {}
        self.ctx = ctx or {}


class BadRequest(PlatformError):
    """The body or the query is not what the route takes."""


class InvalidPayload(PlatformError):
    """The payload does not fit the workflow's schema; errors name the fields."""

    code = "PAYLOAD_VALIDATION_ERROR"


class InvalidFields(PlatformError):
    """A field is missing or wrong; errors name each."""

    status = 422
    code = "validation_error"


class Unauthorized(PlatformError):
    """No key, an unknown one, or one that is over."""

    status = 401
    code = "unauthorized"


class Forbidden(PlatformError):
    """The key is good but may not do this: scope, mode, suspended salon."""

    status = 403
    code = "forbidden"


class NotFound(PlatformError):
    """Nothing of this name in this salon and mode."""

    status = 404
    code = "not_found"


class Conflict(PlatformError):
    """Somebody is doing the same thing now, or it exists already."""

    status = 409
    code = "conflict"


class Longer(Conflict):
    """What was assumed of a known key does not hold: ApiScope answers anew, and nobody hears it."""

    def __init__(self) -> None:
        super().__init__("This call needs the longer way.")


class TooLarge(PlatformError):
    """The body is above the documented size."""

    status = 413
    code = "too_large"


class Unavailable(PlatformError):
    """Somebody else's server is needed for this and cannot be reached; later it may go through."""

    status = 503
    code = "unavailable"
