"""The address that providers call: /v1/callbacks/{account}/{token}, by POST; handshakes by GET."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError

from channels.told import Callback, Reply
from notifications.callbacks import MOST_BYTES, receive
from tenants.bodies import error_body
from tenants.client_address import client_address
from tenants.errors import BadRequest, PlatformError

log = logging.getLogger(__name__)


METHODS = ("GET", "POST")


def callback(request: HttpRequest, integration_id: UUID, token: str) -> HttpResponse:
    """Take in what the provider tells; config.front does so for most calls."""
    if request.method in METHODS:
        told = partial(read_callback, request)
        return _response(answer(integration_id, token, told, client_address(request)))
    reply = _refusal(integration_id, 405, "Providers call this address by POST or GET.")
    response = _response(reply)
    response["Allow"] = ", ".join(METHODS)
    return response


callback.door = "open"  # type: ignore[attr-defined]  # read by tenants.middleware.ApiScope


def answer(integration_id: UUID, token: str, read: Callable[[], Callback], caller: str) -> Reply:
    """Keep what the provider tells and answer as it wants; refusals have the API's shape."""
    try:
        return receive(integration_id, token, read(), caller=caller).reply
    except PlatformError as error:
        extra = {"integration": str(integration_id), "status": error.status}
        log.warning("a callback was refused", extra=extra)
        return _refusal(integration_id, error.status, error.message)


def read_callback(request: HttpRequest) -> Callback:
    """Take a request as it arrived; raises BadRequest."""
    return Callback(
        body=_body(request),
        headers={name.lower(): value for name, value in request.headers.items()},
        method=request.method or "",
        url=settings.PUBLIC_URL + request.get_full_path(),  # as the provider was told to call it
        query=request.GET.dict(),
    )


def _body(request: HttpRequest) -> bytes:
    """Read the raw bytes, more than other calls may have: a signature is made over exactly these.

    One byte too many is enough to be refused.
    """
    try:
        return request.read(MOST_BYTES + 1)
    except UnreadablePostError:
        raise BadRequest("The body ended early.") from None


def _refusal(integration_id: UUID, status: int, message: str) -> Reply:
    path = f"/v1/callbacks/{integration_id}/..."
    return Reply(json.dumps(error_body(status, path, message)).encode(), status=status)


def _response(reply: Reply) -> HttpResponse:
    return HttpResponse(reply.body, content_type=reply.content_type, status=reply.status)
