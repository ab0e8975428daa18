"""The routes of subscribers, as the official SDKs call them."""

from __future__ import annotations

import pytest

from tenants.models import Address, Subscriber, TopicMember
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.factories import AddressFactory, ApiKeyFactory, SubscriberFactory

SUB = {"subscriberId", "_organizationId", "_environmentId", "deleted", "createdAt", "updatedAt"}


def no_nulls(value) -> bool:
    if isinstance(value, dict):
        return all(no_nulls(item) for item in value.values())
    return all(no_nulls(item) for item in value) if isinstance(value, list) else value is not None


def test_create_is_an_upsert_and_answers_201_both_times(salon, api):
    first = api.post(
        "/v2/subscribers",
        {
            "subscriberId": "1",
            "firstName": "Anna",
            "lastName": None,
            "phone": "8 916 123-45-67",
            "email": "A@B.com",
            "locale": "en_US",
            "timezone": "Asia/Omsk",
            "kind": "staff",
            "preferredChannel": "telegram",
            "data": {"vip": True},
            "channels": {"telegram_id": 42, "push": ["t1", "t2"]},
        },
    )
    second = api.post("/v2/subscribers", {"subscriberId": "1", "lastName": "K", "phone": None})

    assert (first.status_code, second.status_code) == (201, 201)
    row = second.json()["data"]
    assert set(row) >= SUB
    assert no_nulls(row)
    assert "phone" not in row
    assert row["_organizationId"] == str(salon.pk)
    assert row["deleted"] is False
    assert {name: row[name] for name in ("firstName", "lastName", "email", "locale", "kind")} == {
        "firstName": "Anna",
        "lastName": "K",
        "email": "a@b.com",
        "locale": "en",
        "kind": "staff",
    }
    channels = {link["providerId"]: link["credentials"] for link in row["channels"]}
    assert channels["telegram"] == {"chatId": "42"}
    assert sorted(channels["push-webhook"]["deviceTokens"]) == ["t1", "t2"]
    assert first.json()["data"]["phone"] == "+79161234567"


def test_fail_if_exists_is_409_with_resource_and_error_in_one(api):
    assert api.post("/v2/subscribers?failIfExists=true", {"subscriberId": "1"}).status_code == 201
    answer = api.post("/v2/subscribers?failIfExists=true", {"subscriberId": "1"})

    assert answer.status_code == 409
    assert set(answer.json()) >= SUB | {"statusCode", "timestamp", "path", "message"}
    assert answer.headers["Retry-After"] == "1"


def test_a_subscriber_is_read_changed_and_deleted_with_addresses_and_memberships(salon, api):
    api.post("/v2/subscribers", {"subscriberId": "1", "phone": "+79161234567"})
    api.post("/v2/topics/vip/subscriptions", {"subscriberIds": ["1"]})

    assert api.get("/v2/subscribers/1").json()["data"]["phone"] == "+79161234567"
    changed = api.patch("/v2/subscribers/1", {"firstName": "Anna"})
    assert (changed.status_code, changed.json()["data"]["firstName"]) == (200, "Anna")
    gone = api.delete("/v2/subscribers/1")
    assert gone.status_code == 200
    assert gone.json() == {"data": {"acknowledged": True, "status": "deleted"}}
    assert api.get("/v2/subscribers/1").status_code == 404
    with tenant_scope(salon.pk):
        assert not Address.objects.exists()
        assert not TopicMember.objects.exists()


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_subscriber_is_404(api, method):
    assert api.call(method, "/v2/subscribers/nobody", {}).status_code == 404


def test_the_other_modes_subscriber_is_403_and_is_not_listed(api, sandbox):
    api.post("/v2/subscribers", {"subscriberId": "1"})

    for method in ("GET", "PATCH", "DELETE"):
        answer = sandbox.call(method, "/v2/subscribers/1", {})
        assert answer.status_code == 403
        assert "live mode" in answer.json()["message"]
    assert sandbox.get("/v2/subscribers").json()["data"] == []
    assert api.get("/v2/subscribers/1").status_code == 200


def test_another_salons_subscriber_is_not_there(other_salon, api):
    SubscriberFactory.create(tenant=other_salon, subscriber_id="hers")
    other = Api(ApiKeyFactory.create(tenant=other_salon).text)

    for method in ("GET", "PATCH", "DELETE"):
        assert api.call(method, "/v2/subscribers/hers", {}).status_code == 404
    assert api.get("/v2/subscribers?subscriberId=hers").json()["totalCount"] == 0
    assert api.post("/v2/subscribers", {"subscriberId": "hers"}).status_code == 201
    assert other.get("/v2/subscribers").json()["totalCount"] == 1


def test_cursors_walk_forth_and_back_without_gap_or_repeat(api):
    for n in range(5):
        api.post("/v2/subscribers", {"subscriberId": str(n)})

    def ids(answer):
        return [row["subscriberId"] for row in answer["data"]]

    first = api.get("/v2/subscribers?limit=2.0").json()
    second = api.get(f"/v2/subscribers?limit=2&after={first['next']}").json()
    third = api.get(f"/v2/subscribers?limit=2&after={second['next']}").json()
    back = api.get(f"/v2/subscribers?limit=2&before={third['previous']}").json()
    start = api.get(f"/v2/subscribers?limit=2&before={back['previous']}").json()

    assert [ids(part) for part in (first, second, third)] == [["4", "3"], ["2", "1"], ["0"]]
    assert (first["previous"], third["next"]) == (None, None)
    assert (first["totalCount"], first["totalCountCapped"]) == (5, False)
    assert ids(back) == ["2", "1"]
    assert ids(start) == ["4", "3"]
    assert start["previous"] is None
    assert start["next"] is not None


def test_the_order_can_be_turned_and_the_cursors_row_included(api):
    for n in range(3):
        api.post("/v2/subscribers", {"subscriberId": str(n)})
    api.patch("/v2/subscribers/0", {"firstName": "Late"})

    def ids(query):
        return [row["subscriberId"] for row in api.get(f"/v2/subscribers?{query}").json()["data"]]

    assert ids("orderDirection=ASC") == ["0", "1", "2"]
    assert ids("orderBy=updatedAt") == ["0", "2", "1"]
    cursor = api.get("/v2/subscribers?limit=1&orderBy=updatedAt").json()["next"]
    assert ids(f"orderBy=updatedAt&after={cursor}") == ["2", "1"]
    assert ids(f"orderBy=updatedAt&after={cursor}&includeCursor=true") == ["0", "2", "1"]
    assert api.get("/v2/subscribers?after=x").status_code == 400
    assert api.get("/v2/subscribers?orderBy=phone").status_code == 400


def test_search_finds_by_name_phone_and_email(api):
    api.post(
        "/v2/subscribers",
        {"subscriberId": "1", "firstName": "Анна", "lastName": "Котова", "phone": "+79161234567"},
    )
    api.post("/v2/subscribers", {"subscriberId": "2", "email": "b@example.com"})

    def found(query):
        return [row["subscriberId"] for row in api.get(f"/v2/subscribers?{query}").json()["data"]]

    assert found("name=кот анн") == ["1"]
    assert found("phone=89161234567") == ["1"]
    assert found("email=B@Example.com") == ["2"]
    assert found("email=b@") == ["2"]
    assert found("name=nobody") == []


def test_bulk_says_who_is_new_and_who_failed(api):
    api.post("/v2/subscribers", {"subscriberId": "old"})

    answer = api.post(
        "/v1/subscribers/bulk",
        {"subscribers": [{"subscriberId": "new"}, {"subscriberId": "old"}, {"phone": "1"}, 7]},
    )

    body = answer.json()["data"]
    assert answer.status_code == 201
    assert body["created"] == [{"subscriberId": "new"}]
    assert body["updated"] == [{"subscriberId": "old"}]
    assert len(body["failed"]) == 2
    assert set(body["failed"][0]["errors"]) == {"subscribers.2.subscriberId", "subscribers.2.phone"}


@pytest.mark.parametrize("given", [None, [], "x", [{"subscriberId": "1"}] * 501])
def test_bulk_takes_1_to_500(api, given):
    answer = api.post("/v1/subscribers/bulk", {"subscribers": given})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["subscribers"]


def test_put_credentials_replaces_and_patch_appends(api):
    api.post("/v2/subscribers", {"subscriberId": "1"})
    path = "/v1/subscribers/1/credentials"

    def tokens(answer):
        assert answer.status_code == 200, answer.content
        return sorted(
            token
            for link in answer.json()["data"]["channels"]
            for token in link["credentials"]["deviceTokens"]
        )

    def body(*given):
        return {"providerId": "fcm", "credentials": {"deviceTokens": list(given)}}

    assert tokens(api.put(path, body("a", "b"))) == ["a", "b"]
    assert tokens(api.patch(path, body("c"))) == ["a", "b", "c"]
    assert tokens(api.put(path, body("d"))) == ["d"]
    assert tokens(api.put(path, body())) == []


def test_credentials_of_a_provider_are_deleted(api):
    api.post("/v2/subscribers", {"subscriberId": "1", "channels": {"vk": 1, "telegram": 2}})

    answer = api.delete("/v1/subscribers/1/credentials/chat-webhook")

    assert (answer.status_code, answer.content) == (204, b"")
    channels = api.get("/v2/subscribers/1").json()["data"]["channels"]
    assert [link["providerId"] for link in channels] == ["telegram"]
    assert api.delete("/v1/subscribers/1/credentials/zulip").status_code == 404


def test_bad_credentials_name_the_field(api):
    api.post("/v2/subscribers", {"subscriberId": "1"})

    answer = api.put(
        "/v1/subscribers/1/credentials",
        {"providerId": "whatsapp-business", "credentials": {"phoneNumber": "1"}},
    )

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["credentials"]


def test_an_address_that_may_be_used_is_shown_before_a_suppressed_one(salon, api):
    person = SubscriberFactory.create(tenant=salon, subscriber_id="1")
    AddressFactory.create(subscriber=person, value="+79160000001")
    AddressFactory.create(subscriber=person, value="+79160000002", state="suppressed")

    assert api.get("/v2/subscribers/1").json()["data"]["phone"] == "+79160000001"


def test_the_old_routes_are_other_spellings(salon, api):
    assert api.post("/v1/subscribers", {"subscriberId": "1"}).status_code == 201
    assert api.put("/v1/subscribers/1", {"firstName": "A"}).json()["data"]["firstName"] == "A"
    assert api.post("/v1/subscribers", {"subscriberId": "2"}).status_code == 201
    page = api.get("/v1/subscribers?page=1.0&limit=1.0").json()
    assert {name: page[name] for name in ("page", "pageSize", "hasMore", "totalCount")} == {
        "page": 1,
        "pageSize": 1,
        "hasMore": False,
        "totalCount": 2,
    }
    assert [row["subscriberId"] for row in page["data"]] == ["1"]
    assert api.delete("/v1/subscribers/1").status_code == 200
    with tenant_scope(salon.pk):
        assert Subscriber.objects.count() == 1
