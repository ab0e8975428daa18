"""The address that providers call: POST /v1/callbacks/{integration}/{token}."""

from __future__ import annotations

import logging
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from channels.told import Callback
from notifications.callbacks import receive
from tenants.answers import error_body
from tenants.errors import BadRequest, PlatformError, TooLarge

log = logging.getLogger(__name__)


@csrf_exempt
@transaction.non_atomic_requests
def callback(request: HttpRequest, integration_id: UUID, token: str) -> HttpResponse:
    """Keep what the provider tells and say so; refusals have the API's shape, without the token."""
    if request.method != "POST":
        response = _refusal(integration_id, 405, "Providers call this address by POST.")
        response["Allow"] = "POST"
        return response
    try:
        receive(integration_id, token, Callback(_body(request), _headers(request)))
    except PlatformError as error:
        log.warning(
            "a callback was refused",
            extra={"integration": str(integration_id), "status": error.status},
        )
        return _refusal(integration_id, error.status, error.message)
    return JsonResponse({"ok": True})


def _body(request: HttpRequest) -> bytes:
    """Read the raw bytes: a signature is made over exactly these."""
    try:
        return request.body
    except RequestDataTooBig:
        raise TooLarge("The body is larger than 512 KB.") from None
    except UnreadablePostError:
        raise BadRequest("The body ended early.") from None


def _headers(request: HttpRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _refusal(integration_id: UUID, status: int, message: str) -> JsonResponse:
    path = f"/v1/callbacks/{integration_id}/..."
    return JsonResponse(error_body(status, path, message), status=status)
