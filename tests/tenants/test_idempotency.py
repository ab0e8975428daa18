"""The same Idempotency-Key gives the first answer again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tenants.accounts import issue_platform_key
from tenants.models import Location, StoredResponse
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.factories import ApiKeyFactory, word
from tests.tenants import api_urls


@pytest.fixture(autouse=True)
def fresh_probes():
    api_urls.CALLS.clear()
    api_urls.ENTERED.clear()
    api_urls.LEAVE.clear()


def locations(salon) -> set[str]:
    with tenant_scope(salon.pk):
        return set(Location.objects.values_list("identifier", flat=True))


def stored(salon) -> list[int]:
    with tenant_scope(salon.pk):
        return list(StoredResponse.objects.values_list("status", flat=True))


def test_a_repeated_call_gets_the_first_answer_and_does_nothing(salon, api):
    first = api.post("/v1/work", {"name": "a"}, Idempotency_Key="k")
    again = api.post("/v1/work", {"name": "a"}, Idempotency_Key="k")

    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert again.headers["Idempotency-Replay"] == "true"
    assert again.headers["Idempotency-Key"] == "k"
    assert again.headers["Content-Type"] == "application/json"
    assert "Idempotency-Replay" not in first.headers
    assert api_urls.CALLS == ["a"]


def test_the_same_key_with_another_body_is_422(salon, api):
    api.post("/v1/work", {"name": "a"}, Idempotency_Key="k")
    answer = api.post("/v1/work", {"name": "b"}, Idempotency_Key="k")

    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["errors"]
    assert locations(salon) == {"main", "a"}


def test_a_refusal_is_stored_after_the_rollback(salon, api):
    first = api.post("/v1/work", {"name": "a", "status": 400}, Idempotency_Key="k")
    again = api.post("/v1/work", {"name": "a", "status": 400}, Idempotency_Key="k")

    assert (first.status_code, again.status_code) == (400, 400)
    assert again.headers["Idempotency-Replay"] == "true"
    assert api_urls.CALLS == ["a"]
    assert locations(salon) == {"main"}


@pytest.mark.parametrize("status", [401, 403, 409, 500])
def test_what_speaks_of_the_moment_is_never_stored(salon, api, status):
    for _ in range(2):
        answer = api.post("/v1/work", {"name": "a", "status": status}, Idempotency_Key="k")
        assert answer.status_code == status

    assert api_urls.CALLS == ["a", "a"]
    assert stored(salon) == []


def test_a_key_over_255_characters_is_400(api):
    assert api.post("/v1/work", {"name": "a"}, Idempotency_Key="k" * 256).status_code == 400
    assert api.post("/v1/work", {"name": "a"}, Idempotency_Key="k" * 255).status_code == 201


def test_get_and_delete_take_no_notice(salon, api):
    for _ in range(2):
        assert api.get("/v2/subscribers", Idempotency_Key="k").status_code == 200
    assert stored(salon) == []


def test_the_key_is_one_salons_and_one_modes(salon, other_salon, api, sandbox):
    other = Api(ApiKeyFactory.create(tenant=other_salon).text)

    for client in (api, other):
        assert client.post("/v1/work", {"name": "a"}, Idempotency_Key="k").status_code == 201
    assert sandbox.post("/v1/work", {"name": "b"}, Idempotency_Key="k").status_code == 201
    assert api_urls.CALLS == ["a", "a", "b"]


def test_a_stored_answer_ends_after_24_hours(salon, api):
    api.post("/v1/work", {"name": "a"}, Idempotency_Key="k")
    with tenant_scope(salon.pk):
        long_ago = datetime.now(UTC) - timedelta(hours=24, seconds=1)
        StoredResponse.objects.update(created_at=long_ago)

    assert api.post("/v1/work", {"name": "b"}, Idempotency_Key="k").status_code == 201
    again = api.post("/v1/work", {"name": "b"}, Idempotency_Key="k")
    assert again.headers["Idempotency-Replay"] == "true"


def test_two_calls_at_once_do_the_work_once(salon, api):
    """The second meets the first at work: 409 with Retry-After; after that, the replay."""
    key = ApiKeyFactory.create(tenant=salon).text

    def slow():
        try:
            return Api(key).post("/v1/work", {"name": "a", "wait": True}, Idempotency_Key="k")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(slow)
        assert api_urls.ENTERED.wait(10)
        meanwhile = api.post("/v1/work", {"name": "a", "wait": True}, Idempotency_Key="k")
        api_urls.LEAVE.set()
        first = running.result(10)
    again = api.post("/v1/work", {"name": "a", "wait": True}, Idempotency_Key="k")

    assert (meanwhile.status_code, meanwhile.headers["Retry-After"]) == (409, "1")
    assert (first.status_code, again.content) == (201, first.content)
    assert api_urls.CALLS == ["a"]


def test_many_calls_at_once_do_the_work_once(salon):
    key = ApiKeyFactory.create(tenant=salon).text
    api_urls.LEAVE.set()

    def call(_):
        try:
            return Api(key).post("/v1/work", {"name": "a"}, Idempotency_Key="k").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(call, range(24)))

    assert statuses <= {201, 409}
    assert api_urls.CALLS == ["a"]


def test_a_platform_key_is_idempotent_in_the_salon_it_names(salon):
    platform = Api(issue_platform_key("operator")[1])

    for replay in (None, "true"):
        answer = platform.post(
            "/v1/work", {"name": "a"}, Idempotency_Key="k", Kolokol_Tenant=salon.slug
        )
        assert answer.headers.get("Idempotency-Replay") == replay


def test_the_keys_of_a_new_salon_are_never_stored(settings):
    platform = Api(issue_platform_key("operator")[1])
    body = {"identifier": word("rosa"), "name": "Роза"}

    first = platform.post("/v1/tenants", body, Idempotency_Key="k")
    again = platform.post("/v1/tenants", body, Idempotency_Key="k")

    assert (first.status_code, again.status_code) == (201, 200)
    assert "keys" not in again.json()["data"]
