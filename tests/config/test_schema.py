"""The OpenAPI document names each route, its statuses and the key."""

from __future__ import annotations

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema


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
