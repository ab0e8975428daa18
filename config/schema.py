"""What every operation of the OpenAPI document has: the key, and the refusals."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

_REFUSALS = {
    "400": "Broken JSON, a wrong query, NUL, nesting deeper than 32.",
    "401": "No key, an unknown one, or one that is over.",
    "403": "The key may not do this: scope, mode, another or a suspended salon.",
    "404": "Nothing of this name in this salon and mode.",
    "413": "The body is larger than 512 KB.",
    "415": "The body is not application/json.",
    "422": "A field is missing or wrong; errors name each.",
}
_WITH_BODY = {"413", "415", "422"}

_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["statusCode", "timestamp", "path"],
    "properties": {
        "statusCode": {"type": "integer"},
        "timestamp": {"type": "string", "format": "date-time"},
        "path": {"type": "string"},
        "message": {"type": "string"},
        "ctx": {"type": "object", "additionalProperties": True},
        "errorId": {"type": "string"},
        "type": {"type": "string", "enum": ["PAYLOAD_VALIDATION_ERROR"]},
        "errors": {
            "description": "An object by field; a list of {field, message} for 400 of events."
        },
    },
}


class ApiSchema(AutoSchema):
    """Adds the refusals to whatever a view describes; a view's own description of one wins."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Describe one operation."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None or not self.path.startswith(("/v1/", "/v2/")):
            return operation
        # Old spellings share their view with the new ones; ids must differ.
        operation["operationId"] = (
            getattr(self.view, "schema_prefix", "") + operation["operationId"]
        )
        has_body = self.method in ("POST", "PUT", "PATCH", "DELETE")
        for status, text in _REFUSALS.items():
            if has_body or status not in _WITH_BODY:
                operation["responses"].setdefault(status, _refusal(text))
        return operation

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        """Give the method's own words only: a view's docstring names the address again."""
        handler = getattr(self.view, self.method.lower(), None)
        return (handler.__doc__ or "").strip() if handler else ""


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # theirs
    """How drf-spectacular shows tenants.api.authentication.ApiKeyAuthentication."""

    target_class = "tenants.api.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Describe the header."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`ApiKey <key>`; a live key sends, a test key goes to the Phone.",
        }


def _refusal(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": _ERROR}}}
