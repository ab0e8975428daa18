"""The API's front: /v1, /v2 and what Novu calls are answered by a short chain of their own.

1. ApiMiddleware gives the request an id and finds the view; an unknown address is a JSON 404.
2. tenants.middleware.ApiScope reads the key, opens the transaction and the salon's scope.
3. tenants.idempotency.Idempotency replays a known Idempotency-Key.
4. The view runs; its answer is rendered inside the scope.

Sessions, CSRF, languages and messages belong to pages and would cost two queries per trigger.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import lru_cache
from typing import cast

from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import ResolverMatch, URLResolver, get_resolver
from django.utils.http import http_date

from config.counting import count
from config.wire import error_response
from tenants.bodies import keyless
from tenants.errors import BadRequest, NotFound
from tenants.idempotency import Idempotency
from tenants.ids import uuid7
from tenants.middleware import ApiScope

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_NEVER = "max-age=0, no-cache, no-store, must-revalidate, private"
_REQUEST_ID = re.compile(r"[\w.:/+=-]{1,128}")


class ApiMiddleware:
    """Answers what begins with /v1/, /v2/, /internal/ or /webhook/ by itself."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.chain: GetResponse = ApiScope(Idempotency(_call_view))

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, always with a request id."""
        if not is_api(request.path_info):
            return self.get_response(request)
        started = time.perf_counter()
        own_id = request_id(request.META.get("HTTP_X_REQUEST_ID", ""))
        request.request_id = own_id  # type: ignore[attr-defined]  # ours
        response = self._answer(request)
        for name, value in headers(own_id).items():
            response.headers.setdefault(name, value)
        found = getattr(request, "resolver_match", None)
        view = found.view_name if found else ""
        count(view, request.method, response.status_code, time.perf_counter() - started)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        try:
            _refuse_nul(request)
            routes = get_resolver(getattr(request, "urlconf", None))
            request.resolver_match = _resolve(routes, request.path_info)
            return self.chain(request)
        except Http404:
            return error_response(NotFound(f"No route {keyless(request.path)}."), request)
        # Django's own net (response_for_exception) would answer a bug with an HTML page. Which
        # exceptions a bug raises cannot be listed; each gets an id, its traceback goes to the log.
        except Exception as error:  # noqa: BLE001  the client's border: nothing but JSON leaves
            return error_response(error, request)


def is_api(path: str) -> bool:
    """Ask whether a path is answered by this chain."""
    return path.startswith(("/v1/", "/v2/", "/internal/", "/webhook/"))


def request_id(given: str) -> str:
    """Take the caller's own id of a request, or make one where it is none."""
    return given if _REQUEST_ID.fullmatch(given) else uuid7().hex


def headers(request_id: str) -> dict[str, str]:
    """Name what every answer has."""
    return {
        "X-Request-Id": request_id,
        "X-Content-Type-Options": "nosniff",
        "Expires": _date(int(time.time())),
        "Cache-Control": _NEVER,
    }


@lru_cache(maxsize=5_000)
def _resolve(routes: URLResolver, path: str) -> ResolverMatch:
    """Find the view; most calls go to the same few addresses."""
    return routes.resolve(path)


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return http_date(second)


def _call_view(request: HttpRequest) -> HttpResponseBase:
    """Call the view that was found and render its answer, inside ApiScope's transaction."""
    found = cast("ResolverMatch", request.resolver_match)
    response = found.func(request, *found.args, **found.kwargs)
    return response.render() if isinstance(response, SimpleTemplateResponse) else response


def _refuse_nul(request: HttpRequest) -> None:
    if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        raise BadRequest("The address must not contain the NUL character (%00).")
