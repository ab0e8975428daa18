"""The OpenAPI document names each route, its statuses and the key."""

from __future__ import annotations

import json
import time

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

AS_JSON = {"accept": "application/json"}
ONCE_S = 2.0  # of processor for twenty answers; writing one takes about half


@pytest.fixture
def document(settings):
    """The document of the rooms' routes; GENERATOR_STATS holds what could not be described."""
    GENERATOR_STATS.reset()
    generator = SchemaGenerator(urlconf="tenants.api.routes", api_version=None)
    return generator.get_schema(request=None, public=True)


def test_the_document_is_valid_and_complete(document, capsys):
    validate_schema(document)

    assert not GENERATOR_STATS, capsys.readouterr().err


def test_each_operation_has_the_key_and_every_refusal(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert {"ApiKey": []} in operation["security"], (method, path)
            wanted = {"400", "401", "403", "404"} | (set() if method == "get" else {"415", "422"})
            assert set(operation["responses"]) >= wanted, (method, path)


def test_the_own_statuses_are_exact(document):
    def statuses(path, method):
        return set(document["paths"][path][method]["responses"])

    assert {"201", "409"} <= statuses("/v2/subscribers", "post")
    assert "200" not in statuses("/v2/subscribers", "post")
    assert {"200", "201", "409"} <= statuses("/v2/topics", "post")
    path = "/v1/subscribers/{subscriber_id}/credentials/{provider_id}"
    assert "204" in statuses(path, "delete")


def test_the_page_is_written_once_in_each_form(client):
    first = [client.get("/api/schema/"), client.get("/api/schema/", headers=AS_JSON)]
    began = time.thread_time()

    again = [client.get("/api/schema/", headers=AS_JSON, data={"version": n}) for n in range(20)]

    assert time.thread_time() - began < ONCE_S  # each took as much before
    assert [answer.status_code for answer in first] == [200, 200]
    assert first[0].content.startswith(b"openapi: ")
    assert {answer.content for answer in again} == {first[1].content}
    assert "/v1/events/trigger" in json.loads(first[1].content)["paths"]
