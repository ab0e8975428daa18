"""A line of the log holds no token of a path: whoever reads logs could open the client's pages."""

from __future__ import annotations

import json
import logging
from functools import partial
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, ProgrammingError
from django.http import Http404
from django.test import RequestFactory
from django.views.defaults import page_not_found, server_error

from channels.phone_access import key_for
from config.logs import formatter
from config.processes import WEB
from config.wire import error_response
from notifications.links import client_links, token
from tenants.errors import NotFound
from tests.for_each import for_each

TENANT, CLIENT = uuid4(), uuid4()
TOKEN = token("u", TENANT, CLIENT)
PATHS = [
    *(f"/{page}/{TOKEN}" for page in "cdoprtu"),
    f"/o/{TOKEN}.gif",
    *(link.removeprefix(settings.PUBLIC_URL) for link in client_links(TENANT, CLIENT).values()),
    f"/v1/callbacks/{uuid4()}/{TOKEN}",
    f"/internal/webhooks/novu/{uuid4()}/{TOKEN}",
    f"/v1/integrations/calcom/{TOKEN}",
    f"/phone/?key={key_for(TENANT)}",
    f"/phone/messages?link=1&key={key_for(TENANT)}",
]


@for_each("path", PATHS)
def test_the_token_of_a_path_is_cut_out(path):
    secret = path.rpartition("key=")[2].rpartition("/")[2].removesuffix(".gif")

    for said in (
        f"Not Found: {path}",
        f'"GET {path} HTTP/1.1" 404',
        f"{settings.PUBLIC_URL}{path}",
    ):
        shown = written(said)
        assert secret not in shown
        assert path.partition(secret)[0] in shown  # which page it was is told


@for_each("path", ["/admin/r/12/0b1c/", "/phone/messages", "/v1/events/trigger", "/p/"])
def test_a_path_without_a_token_is_told_whole(path):
    assert path in written(f"Not Found: {path}")


DOORS = [path for path in PATHS if "callbacks" in path or "novu" in path or "calcom" in path]


@for_each("path", DOORS)
@for_each("error", [RuntimeError("a fault"), OperationalError("away"), NotFound("")])
def test_the_body_of_an_error_holds_no_key_of_its_address(path, error):
    body = error_response(error, RequestFactory().post(path)).content.decode()

    assert TOKEN not in body
    assert path.removesuffix(TOKEN) in body


def test_an_address_that_is_none_is_told_without_its_key(client):
    answer = client.post(f"/v1/callbacks/none/{TOKEN}", b"{}", "application/json")

    assert answer.status_code == 404
    assert TOKEN not in answer.content.decode()


@pytest.mark.parametrize(
    "answer", [server_error, partial(page_not_found, exception=Http404())], ids=["500", "404"]
)
def test_a_page_of_an_error_does_not_show_its_address(answer):
    for path in PATHS:
        shown = answer(RequestFactory().get(path)).content.decode()

        assert path.partition("?")[0] not in shown
        assert TOKEN not in shown
        assert "key=" not in shown


def test_the_web_server_keeps_no_log_of_addresses():
    assert not [option for option in WEB if "access" in option]


def written(said: str) -> str:
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, said, None, None)
    return str(json.loads(formatter().format(record))["event"])


@for_each(
    "quoted",
    [
        'null value in column "x"\nDETAIL:  Failing row contains (1, Анна, Ждём вас,\n\nАнна).',
        "value too long\nCONTEXT:  unnamed portal parameter $2 = 'Анна'",
        "syntax error at or near \")\"\nLINE 1: insert into x values ('Анна')\n      ^",
        'invalid input syntax for type integer: "Анна"',
    ],
)
def test_what_a_database_quotes_of_rows_is_cut_out_of_a_trace(quoted):
    try:
        try:
            raise psycopg.Error(quoted)
        except psycopg.Error as error:
            raise ProgrammingError(quoted) from error
    except ProgrammingError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "failed", (), None)
        record.exc_info = (type(error), error, error.__traceback__)

    shown = formatter().format(record)

    assert "Анна" not in shown
    assert "ProgrammingError" in shown
    assert quoted[:20] in json.loads(shown)["exception"]
