"""What is answered before Django? What providers report by the thousand: POST /v1/callbacks/...

Django's request, response, chain and signals cost a third of such a call. So the plain ones are
read and answered here, as the route itself does (`notifications.api.callbacks`). Whatever is not
plain goes on to Django: other methods and addresses, a query, a body without a length or too large.
So does what fails here by a fault; a callback is kept once, so that taking it in twice changes
nothing.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from io import BytesIO
from typing import Any
from uuid import UUID
from wsgiref.types import StartResponse

from django.conf import settings

from channels.told import Callback, Reply
from config.api import headers, request_id
from config.counting import count
from notifications.api.callbacks import answer
from notifications.callbacks import MOST_BYTES
from tenants.client_address import address_in

log = logging.getLogger(__name__)

Environ = dict[str, Any]
Django = Callable[[Environ, StartResponse], Iterable[bytes]]

VIEW = "notifications.api.callbacks.callback"  # in the metrics: the route that it stands for
PLAIN = re.compile(r"/v1/callbacks/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([A-Za-z0-9_-]+)")


class Front:
    """A WSGI application that takes in plain callbacks and leaves all else to Django."""

    def __init__(self, django: Django) -> None:
        self.django = django

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer."""
        named, length = PLAIN.fullmatch(environ["PATH_INFO"]), environ.get("CONTENT_LENGTH", "")
        if named is None or not _is_plain(environ, length):
            return self.django(environ, start_response)
        started, body = time.perf_counter(), b""
        try:
            body = environ["wsgi.input"].read(int(length))
            told = partial(_callback, environ, body)
            reply = answer(UUID(named[1]), named[2], told, address_in(environ))
        except Exception as error:  # noqa: BLE001  the API's own border (config.api) answers it
            name = type(error).__name__  # the second try may succeed: then nobody else would tell
            log.warning("a callback goes the longer way: %s", name)
            return self.django({**environ, "wsgi.input": BytesIO(body)}, start_response)
        start_response(_status(reply), _headers(environ, reply))
        count(VIEW, "POST", reply.status, time.perf_counter() - started)
        return [reply.body]


def _is_plain(environ: Environ, length: str) -> bool:
    is_known = length.isascii() and length.isdecimal() and int(length) <= MOST_BYTES
    return is_known and environ["REQUEST_METHOD"] == "POST" and not environ.get("QUERY_STRING")


def _callback(environ: Environ, body: bytes) -> Callback:
    told = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    url = settings.PUBLIC_URL + environ["PATH_INFO"]  # as the provider was told to call it
    return Callback(body=body, headers=told, method="POST", url=url)


def _headers(environ: Environ, reply: Reply) -> list[tuple[str, str]]:
    own_id = request_id(environ.get("HTTP_X_REQUEST_ID", ""))
    return [("Content-Type", reply.content_type), *headers(own_id).items()]


def _status(reply: Reply) -> str:
    return f"{reply.status} {HTTPStatus(reply.status).phrase}"
