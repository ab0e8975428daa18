"""The document tells the truth: what is generated from it gets documented answers, never a 5xx.

Bodies and queries that fit the document and bodies that do not, each operation with a live key,
some of them with a test key too and one without a key. The seed is fixed: a run that passes passes
again.
"""

from __future__ import annotations

import itertools
import json
from functools import cache

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from tests.depth import DEPTH
from tests.isolation.planting import forget_open_work, plant

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
CASES = {"live": 4 * DEPTH, "test": 2, "nobody": 1}  # of each kind and operation, from the first
WRONG = "kk_live_0"  # no key of anybody


@cache
def _document():
    return json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True)))


def _operations():
    schema = schemathesis.openapi.from_dict(_document())
    schema.app = WSGIHandler()
    return [found.ok() for found in schema.get_all_operations()]


OPERATIONS = [pytest.param(one, id=one.label) for one in _operations()]


@pytest.fixture(scope="module")
def keys(django_db_setup, django_db_blocker):
    """A salon's keys, with rows that generated names may meet."""
    with django_db_blocker.unblock():
        salon = plant()
        yield {"live": salon.keys["live"], "test": salon.keys["test"], "nobody": WRONG}
        forget_open_work()


def test_the_document_is_served_as_it_is_generated():
    assert Client().get("/api/schema/?format=json").json() == _document()


def test_every_operation_is_tried():
    paths = _document()["paths"]

    assert len(OPERATIONS) == sum(len(operations) for operations in paths.values()) > 35


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=str)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_generated_calls_get_documented_answers(keys, operation, mode):
    number = itertools.count()

    @settings(
        max_examples=max(CASES.values()),
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case):
        place = next(number)
        for who, cases in CASES.items():
            if place < cases:
                check(case, who, keys[who])

    call()


def check(case, who, key):
    """Call with a key; a generated header must not take it away."""
    case.headers = {**case.headers, "Authorization": f"ApiKey {key}"}
    answer = case.call()
    case.validate_response(answer, checks=CHECKS)
    if who == "nobody":
        assert answer.status_code == 401
