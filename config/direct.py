"""How does an API call reach its chain? Straight: Django's handler is for pages.

The handler's signals, thread-locals and pieces of an answer cost a sixth of a trigger. Of what it
does an API call needs the request, a log line for a refusal, and that connections to the database
are let go when they are old or broken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse

from django.core.handlers.wsgi import WSGIRequest
from django.db import close_old_connections
from django.http.response import HttpResponse, HttpResponseBase
from django.utils.log import log_response

from config.api import ApiMiddleware, is_api

Environ = dict[str, Any]
Django = Callable[[Environ, StartResponse], Iterable[bytes]]


class Direct:
    """A WSGI application that answers the API and leaves pages to Django."""

    def __init__(self, django: Django) -> None:
        self._django = django
        self._chain = ApiMiddleware(_no_page)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer."""
        if not is_api(environ["PATH_INFO"]):
            return self._django(environ, start_response)
        request = WSGIRequest(environ)
        response = self._chain(request)
        if response.status_code >= 400:
            log_response(
                "%s: %s",
                response.reason_phrase,
                request.path,
                response=response,  # type: ignore[arg-type]  # the stubs forget streamed ones
                request=request,
            )
        start_response(f"{response.status_code} {response.reason_phrase}", [*response.items()])
        if not isinstance(response, HttpResponse):
            return response  # a stream: its end tells Django's signals
        request.close()
        close_old_connections()
        return [response.content]


def _no_page(request: Any) -> HttpResponseBase:
    raise AssertionError(f"{request.path} is no page")
