"""A line of the log holds no token of a path: whoever reads logs could open the client's pages."""

from __future__ import annotations

import json
import logging
from uuid import uuid4

import pytest
from django.conf import settings

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
