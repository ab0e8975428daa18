"""How requests are read and answers written on /v1 and /v2: parser, envelope, error bodies."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.core.exceptions import (
    BadRequest,
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError, transaction
from django.http import Http404, HttpRequest, JsonResponse
from django.http.request import UnreadablePostError
from rest_framework.exceptions import APIException, UnsupportedMediaType, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.answers import cursor, data, no_content, page
from tenants.bodies import error_body, iso, present
from tenants.errors import PlatformError
from tenants.queries import clamp, flag, integer, listed, word
from tenants.strict_json import parse

__all__ = [
    "JsonParser",
    "clamp",
    "cursor",
    "data",
    "error_body",
    "error_response",
    "flag",
    "handle_exception",
    "integer",
    "iso",
    "listed",
    "no_content",
    "page",
    "present",
    "word",
]

log = logging.getLogger(__name__)

#: The database went away or was too slow: worth another try soon.
_BUSY = (OperationalError, InterfaceError)


class JsonParser(BaseParser):
    """Reads a JSON object strictly; the size was checked when the body was read."""

    media_type = "application/json"

    def parse(
        self,
        stream: Any,  # the request itself or its body in memory: DRF's choice
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Give the object; raises tenants.errors.BadRequest."""
        raw = stream.body if isinstance(stream, HttpRequest) else stream.read()
        return parse(raw) if raw.strip() else {}


class QuickNegotiation(DefaultContentNegotiation):
    """Sees at a glance what nearly every caller says: this very type in, anything out."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Give the parser for the body; None when there is none."""
        first = next(iter(parsers), None)
        if first is not None and request.content_type == first.media_type:
            return first
        return super().select_parser(request, parsers)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Give the renderer and its media type."""
        first = next(iter(renderers))
        wanted = request.META.get("HTTP_ACCEPT", "*/*")
        if wanted in ("*/*", first.media_type) and not request.META.get("QUERY_STRING"):
            return first, str(first.media_type)
        found: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        return found


@dataclass(frozen=True, slots=True)
class _Problem:
    """What an exception says on the wire."""

    status: int
    message: str
    errors: dict[str, list[str]] = field(default_factory=dict)
    ctx: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    error_id: str = ""

    def body(self, path: str) -> dict[str, Any]:
        return error_body(
            self.status,
            path,
            self.message,
            errors=self.errors,
            ctx=self.ctx,
            error_id=self.error_id,
        )


def handle_exception(error: Exception, context: Mapping[str, Any]) -> Response:
    """Answer any exception of a DRF view, and undo what the view wrote."""
    request = context["request"]
    if transaction.get_connection().in_atomic_block:
        transaction.set_rollback(True)
    problem = _problem(error, request)
    return Response(problem.body(request.path), status=problem.status, headers=problem.headers)


def error_response(error: Exception, request: HttpRequest) -> JsonResponse:
    """Answer an exception that was raised outside a DRF view, in the same shape."""
    problem = _problem(error, request)
    return JsonResponse(problem.body(request.path), status=problem.status, headers=problem.headers)


def _problem(error: Exception, request: Any) -> _Problem:
    if isinstance(error, PlatformError):
        return _Problem(error.status, error.message, error.errors, error.ctx, error.headers)
    if isinstance(error, APIException):
        return _drf_problem(error)
    return _django_problem(error) or _fault(error, request)


def _drf_problem(error: APIException) -> _Problem:
    headers: dict[str, str] = {}
    if error.status_code == 401:
        headers["WWW-Authenticate"] = getattr(error, "auth_header", "ApiKey")
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait))  # type: ignore[attr-defined]  # Throttled's
    if isinstance(error, ValidationError):
        return _Problem(422, "Validation failed.", dict(_flat(error.detail)), headers=headers)
    if isinstance(error, UnsupportedMediaType):
        return _Problem(415, "The body must be application/json.")
    return _Problem(error.status_code, str(error.detail), headers=headers)


def _flat(detail: Any, path: str = "") -> list[tuple[str, list[str]]]:
    """Turn DRF's nested errors into path -> sentences."""
    if isinstance(detail, Mapping):
        return [
            row for key, item in detail.items() for row in _flat(item, f"{path}.{key}".strip("."))
        ]
    if isinstance(detail, list) and any(isinstance(item, Mapping | list) for item in detail):
        return [
            row
            for place, item in enumerate(detail)
            for row in _flat(item, f"{path}.{place}".strip("."))
        ]
    texts = detail if isinstance(detail, list) else [detail]
    return [(path or "body", [str(text) for text in texts])]


def _django_problem(error: Exception) -> _Problem | None:
    known: list[tuple[type[Exception] | tuple[type[Exception], ...], int, str]] = [
        ((Http404, ObjectDoesNotExist), 404, "Nothing is here."),
        (PermissionDenied, 403, "This is not allowed."),
        (RequestDataTooBig, 413, "The body is larger than 512 KB."),
        (UnreadablePostError, 400, "The body ended early."),
        ((BadRequest, SuspiciousOperation), 400, "The request is malformed."),
    ]
    for classes, status, message in known:
        if isinstance(error, classes):
            return _Problem(status, message)
    return None


def _fault(error: Exception, request: Any) -> _Problem:
    """Hide what went wrong behind an id that stands in the log beside the trace."""
    error_id = uuid4().hex
    is_busy = isinstance(error, _BUSY)
    log.error(
        "%s %s failed",
        request.method,
        request.path,
        exc_info=error,
        extra={"error_id": error_id, "request_id": getattr(request, "request_id", "")},
    )
    if is_busy:
        return _Problem(
            503, "The database is not there now.", headers={"Retry-After": "1"}, error_id=error_id
        )
    return _Problem(500, "Something went wrong here.", error_id=error_id)
