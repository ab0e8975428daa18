"""The way before Django answers callbacks as the route itself would."""

from __future__ import annotations

import io
import json
import sys
import threading
from uuid import uuid4

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from prometheus_client import REGISTRY

from channels import callback_doors
from channels.adapters.sandbox import SIGNATURE
from channels.integrations import add_integration
from channels.told import Callback
from config.front import VIEW, Front
from notifications.callbacks import MOST_BYTES
from tenants.ids import uuid7
from tenants.owner import as_owner
from tests.factories import TenantFactory
from tests.notifications.phone_line import PhoneLine, status

ANEW = ("timestamp", "errorId")  # in each answer another


class Door:
    """A salon's callback address, called as a server calls: by the front, or by Django alone."""

    def __init__(self) -> None:
        self.line = PhoneLine(TenantFactory(is_sandbox=True))
        self.path = f"/v1/callbacks/{self.line.row.pk}/{self.line.row.callback_token}"
        self.handler = WSGIHandler()
        self.left = 0  # how many calls the front left to Django

    def django(self, environ, start_response):
        self.left += 1
        return self.handler(environ, start_response)

    def by_front(self, callback: Callback, **environ):
        return self._call(Front(self.django), callback, environ)

    def by_django(self, callback: Callback, **environ):
        return self._call(self.handler, callback, environ)

    def _call(self, application, callback, environ):
        """Give status, headers and body."""
        heard = []
        given = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": self.path,
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(callback.body)),
            "HTTP_KOLOKOL_SIGNATURE": callback.headers.get(SIGNATURE, ""),
            "HTTP_X_REQUEST_ID": "mine",
            "wsgi.input": io.BytesIO(callback.body),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
            **environ,
        }
        answer = application(given, lambda status, headers: heard.extend([status, dict(headers)]))
        body = b"".join(answer)
        getattr(answer, "close", lambda: None)()
        return heard[0], heard[1], _steady(body)


def _steady(body: bytes) -> object:
    try:
        told = json.loads(body)
    except ValueError:
        return body
    return {name: value for name, value in told.items() if name not in ANEW}


@pytest.fixture
def door() -> Door:
    return Door()


def test_a_signed_report_is_kept_and_django_hears_nothing_of_it(door):
    answer = door.by_front(door.line.callback(status("delivered", uuid7(), "k1")))

    assert (answer[0], answer[2], door.left) == ("200 OK", {"ok": True}, 0)
    assert [row.key for row in door.line.received] == ["k1"]


PLAIN = {
    "a report": {},
    "a wrong token": {"PATH_INFO": f"/v1/callbacks/{uuid4()}/{'t' * 43}"},
    "a wrong signature": {"HTTP_KOLOKOL_SIGNATURE": "t=1,v1=0"},
    "no signature": {"HTTP_KOLOKOL_SIGNATURE": ""},
    "no request id": {"HTTP_X_REQUEST_ID": "not one of ours"},
}
ODD = {
    "a query": {"QUERY_STRING": "a=1"},
    "no length": {"CONTENT_LENGTH": ""},
    "a length that is none": {"CONTENT_LENGTH": "-1"},
    "a handshake": {"REQUEST_METHOD": "GET"},
    "another method": {"REQUEST_METHOD": "PUT"},
    "an id that is none": {"PATH_INFO": "/v1/callbacks/1/t"},
    "a token of other letters": {"PATH_INFO": f"/v1/callbacks/{uuid4()}/\xd0\x96"},
    "another address": {"PATH_INFO": "/v1/integrations"},
}


@pytest.mark.parametrize("environ", (PLAIN | ODD).values(), ids=PLAIN | ODD)
def test_each_call_is_answered_as_the_route_answers_it(door, environ):
    callback = door.line.callback(status("read", uuid7(), "k1"))

    by_front, by_django = (way(callback, **environ) for way in (door.by_front, door.by_django))

    if environ is PLAIN["no request id"]:
        assert len({by_front[1].pop("X-Request-Id"), by_django[1].pop("X-Request-Id")}) == 2
    for _, headers, _ in (by_front, by_django):
        headers.pop("Expires")  # a second may have passed
    assert by_front == by_django
    assert door.left == (environ in ODD.values())


def test_a_body_over_a_megabyte_is_413_on_both_ways(door):
    callback = Callback(b"x" * (MOST_BYTES + 1), {})

    assert (
        door.by_front(callback)[0]
        == door.by_django(callback)[0]
        == ("413 Request Entity Too Large")
    )


@pytest.mark.parametrize(
    ("caller", "heard"), [("203.0.113.9", "200 OK"), ("127.0.0.1", "403 Forbidden")]
)
def test_only_listed_addresses_may_call(door, caller, heard):
    bot = {"token": "1:a", "webhook_secret": "hush", "callback_networks": "203.0.113.0/24"}
    row = add_integration(door.line.salon.pk, "telegram", bot, identifier="bot")

    answer = door.by_front(
        Callback(b"{}", {}),
        PATH_INFO=f"/v1/callbacks/{row.pk}/{row.callback_token}",
        HTTP_X_TELEGRAM_BOT_API_SECRET_TOKEN="hush",
        REMOTE_ADDR=caller,
    )

    assert (answer[0], door.left) == (heard, 0)


def test_a_fault_is_answered_and_logged_as_the_api_does(door, caplog):
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "update channels_integration set credentials = 'nonsense' where id = %s",
            [door.line.row.pk],
        )
    callback_doors.forget()

    status_line, headers, body = door.by_front(door.line.callback(status("read", uuid7())))

    assert (status_line, headers["Content-Type"]) == (
        "500 Internal Server Error",
        "application/json",
    )
    assert body["statusCode"] == 500
    assert len([r for r in caplog.records if r.levelname == "ERROR"]) >= 1


def test_a_lost_connection_to_the_database_loses_no_report_and_is_told(door, caplog):
    backend = connection.connection.info.backend_pid
    stop = threading.Thread(target=_end, args=[backend])
    stop.start()
    stop.join()

    for key in ("k1", "k2"):
        assert door.by_front(door.line.callback(status("read", uuid7(), key)))[0] == "200 OK"
    assert [row.key for row in door.line.received] == ["k1", "k2"]
    assert "a callback goes the longer way: OperationalError" in caplog.messages


def _end(backend: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select pg_terminate_backend(%s)", [backend])
    finally:
        connection.close()


def test_a_report_is_counted_under_its_route(door):
    name = "django_http_responses_total_by_status_view_method_total"
    labels = {"status": "200", "view": VIEW, "method": "POST"}
    before = REGISTRY.get_sample_value(name, labels) or 0.0

    door.by_front(door.line.callback(status("read", uuid7())))
    door.by_django(door.line.callback(status("read", uuid7())))

    assert REGISTRY.get_sample_value(name, labels) == before + 2
