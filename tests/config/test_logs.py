"""A line of the log holds no token of a path: whoever reads logs could open the client's pages."""

from __future__ import annotations

import json
import logging
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import ProgrammingError

from channels.phone_access import key_for
from config.logs import formatter
from notifications.links import client_links, token

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


@pytest.mark.parametrize("path", PATHS, ids=[str(number) for number, _ in enumerate(PATHS)])
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


@pytest.mark.parametrize(
    "path", ["/admin/r/12/0b1c/", "/phone/messages", "/v1/events/trigger", "/p/"]
)
def test_a_path_without_a_token_is_told_whole(path):
    assert path in written(f"Not Found: {path}")


def written(said: str) -> str:
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, said, None, None)
    return str(json.loads(formatter().format(record))["event"])


@pytest.mark.parametrize(
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
