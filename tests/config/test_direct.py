"""The straight way of API calls answers as Django's handler would."""

from __future__ import annotations

import io
import json
import sys
import time

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import StreamingHttpResponse
from django.urls import include, path

from config.direct import Direct
from tests.factories import ApiKeyFactory, TenantFactory


def streamed(request):
    """Answer in pieces."""
    return StreamingHttpResponse([b"one ", b"two"])


urlpatterns = [path("v1/streamed", streamed), path("", include("config.urls"))]
streamed.door = "open"  # type: ignore[attr-defined]  # read by tenants.middleware.ApiScope

CALLS = [
    ("PUT", "/v2/topics/new", b"{}"),
    ("POST", "/v2/topics", b'{"key": 7}'),
    ("POST", "/v1/events/trigger", b"{"),
    ("POST", "/v1/events/trigger", b"x" * 600_000),
    ("PUT", "/v1/events/trigger", b"{}"),
    ("GET", "/v2/subscribers?limit=1", b""),
    ("HEAD", "/v2/subscribers?limit=1", b""),
    ("OPTIONS", "/v2/subscribers", b""),
    ("DELETE", "/v2/topics/new", b""),
    ("GET", "/v2/subscribers?limit=x", b""),
    ("GET", "/v1/nothing", b""),
    ("GET", "/v1/\xff", b""),
    ("GET", "/v1/streamed", b""),
    ("GET", "/admin/", b""),
]


class Caller:
    """A key, by the straight way or by Django's handler alone."""

    def __init__(self) -> None:
        self.key = ApiKeyFactory.create(tenant=TenantFactory()).text
        self.django = WSGIHandler()
        self.direct = Direct(self.django)

    def call(self, application, method, address, body, **environ):
        """Give status, headers and body, without what is another each time."""
        heard = []
        place, _, query = address.partition("?")
        given = {
            "REQUEST_METHOD": method,
            "PATH_INFO": place,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_AUTHORIZATION": f"ApiKey {self.key}",
            "HTTP_X_REQUEST_ID": "mine",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
            **environ,
        }
        answer = application(given, lambda status, headers: heard.extend([status, dict(headers)]))
        content = b"".join(answer)
        getattr(answer, "close", lambda: None)()
        heard[1].pop("Expires", None)
        return *heard, _steady(content)


def _steady(content: bytes) -> object:
    try:
        told = json.loads(content)
    except ValueError:
        return content
    return {name: value for name, value in told.items() if name != "timestamp"}


@pytest.fixture(scope="module")
def caller():
    return Caller()


@pytest.fixture(autouse=True)
def _routes(settings):
    settings.ROOT_URLCONF = __name__


@pytest.mark.parametrize(("method", "address", "body"), CALLS)
def test_both_ways_answer_the_same(caller, method, address, body):
    expected, given = (
        caller.call(way, method, address, body) for way in (caller.django, caller.direct)
    )

    assert given == expected


def test_a_refusal_is_logged_as_django_does(caller, caplog):
    for way in (caller.django, caller.direct):
        caller.call(way, "GET", "/v1/nothing", b"")

    expected, given = (r for r in caplog.records if r.name == "django.request")
    assert (given.getMessage(), given.levelname) == (expected.getMessage(), expected.levelname)
    assert given.getMessage() == "Not Found: /v1/nothing"


def test_a_connection_that_is_too_old_is_let_go(caller):
    caller.call(caller.direct, "GET", "/v2/subscribers?limit=1", b"")
    assert connection.connection is not None
    connection.close_at = time.monotonic() - 1

    caller.call(caller.direct, "GET", "/v2/subscribers?limit=1", b"")

    assert connection.connection is None
