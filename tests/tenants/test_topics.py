"""The routes of topics, as the official SDKs call them."""

from __future__ import annotations

import pytest

from tests.api_client import Api
from tests.factories import ApiKeyFactory

TSUB = {"_id", "topic", "subscriber", "createdAt", "updatedAt", "identifier"}


@pytest.fixture
def people(api) -> list[str]:
    """Three subscribers of Alice's salon."""
    for key in "abc":
        api.post("/v2/subscribers", {"subscriberId": key})
    return list("abc")


def test_a_topic_is_made_once_and_given_again(api):
    first = api.post("/v2/topics", {"key": "vip", "name": "VIP"})
    second = api.post("/v2/topics", {"key": "vip"})

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["data"]["_id"] == second.json()["data"]["_id"]
    assert second.json()["data"]["name"] == "VIP"
    again = api.post("/v2/topics?failIfExists=true", {"key": "vip"})
    assert again.status_code == 409
    assert {"_id", "key", "statusCode", "path"} <= set(again.json())


def test_a_topic_is_read_renamed_listed_and_deleted(api):
    api.post("/v2/topics", {"key": "vip"})

    assert api.get("/v2/topics/vip").json()["data"]["key"] == "vip"
    assert api.patch("/v2/topics/vip", {"name": "Best"}).json()["data"]["name"] == "Best"
    listed = api.get("/v2/topics?key=vi&limit=1.0").json()
    assert [row["key"] for row in listed["data"]] == ["vip"]
    assert (listed["next"], listed["previous"], listed["totalCount"]) == (None, None, 1)
    gone = api.delete("/v2/topics/vip")
    assert (gone.status_code, gone.json()) == (200, {"data": {"acknowledged": True}})
    assert api.get("/v2/topics/vip").status_code == 404


@pytest.mark.parametrize(("body", "field"), [({}, "key"), ({"key": "a", "name": 1}, "name")])
def test_a_bad_topic_names_the_field(api, body, field):
    answer = api.post("/v2/topics", body)

    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


@pytest.mark.parametrize(
    "body",
    [
        {"subscriberIds": ["a", "b", "nobody"]},
        {"subscriptions": ["a", {"subscriberId": "b", "identifier": "x"}, "nobody"]},
    ],
)
def test_adding_makes_the_topic_and_lists_the_unknown(api, people, body):
    answer = api.post("/v2/topics/vip/subscriptions", body)

    assert answer.status_code == 201
    got = answer.json()
    assert set(got) == {"data", "meta", "errors"}
    assert all(set(row) >= TSUB for row in got["data"])
    assert {row["subscriber"]["subscriberId"] for row in got["data"]} == {"a", "b"}
    assert got["meta"] == {"totalCount": 3, "successful": 2, "failed": 1}
    assert [(row["subscriberId"], row["code"]) for row in got["errors"]] == [
        ("nobody", "SUBSCRIBER_NOT_FOUND")
    ]


def test_adding_twice_is_adding_once(api, people):
    for _ in range(2):
        answer = api.post("/v2/topics/vip/subscriptions", {"subscriberIds": ["a"]})
        assert (answer.status_code, answer.json()["meta"]["successful"]) == (201, 1)

    assert api.get("/v2/topics/vip/subscriptions").json()["totalCount"] == 1


def test_members_are_listed_by_cursor_and_removed(api, people):
    api.post("/v2/topics/vip/subscriptions", {"subscriberIds": people})

    first = api.get("/v2/topics/vip/subscriptions?limit=2").json()
    rest = api.get(f"/v2/topics/vip/subscriptions?limit=2&after={first['next']}").json()
    assert (len(first["data"]), len(rest["data"])) == (2, 1)

    gone = api.delete("/v2/topics/vip/subscriptions", {"subscriberIds": ["a", "nobody"]})
    assert gone.status_code == 200
    assert gone.json()["meta"] == {"totalCount": 2, "successful": 1, "failed": 1}
    assert api.get("/v2/topics/vip/subscriptions").json()["totalCount"] == 2


def test_membership_is_asked_in_three_ways(salon, api, people):
    made = api.post("/v2/topics/vip/subscriptions", {"subscriberIds": ["a"]}).json()["data"][0]

    old = api.get("/v1/topics/vip/subscribers/a").json()["data"]
    assert (old["topicKey"], old["externalSubscriberId"]) == ("vip", "a")
    assert old["_topicId"] == made["topic"]["_id"]
    assert old["_subscriberId"] == made["subscriber"]["_id"]
    assert old["_organizationId"] == str(salon.pk)
    assert api.get("/v1/topics/vip/subscribers/b").status_code == 404
    one = api.get(f"/v2/topics/vip/subscriptions/{made['_id']}").json()["data"]
    assert one["id"] == made["_id"]
    mine = api.get("/v2/subscribers/a/subscriptions").json()
    assert [row["topic"]["key"] for row in mine["data"]] == ["vip"]


@pytest.mark.parametrize("ids", [None, [], ["x"] * 101, [""], [{}]])
def test_subscriptions_are_1_to_100_ids(api, ids):
    answer = api.post("/v2/topics/vip/subscriptions", {"subscriptions": ids})

    assert answer.status_code == 422
    assert api.get("/v2/topics/vip").status_code == 404


def test_topics_of_the_other_mode_are_403_and_of_another_salon_404(
    other_salon, api, sandbox, people
):
    api.post("/v2/topics/vip/subscriptions", {"subscriberIds": people})
    other = Api(ApiKeyFactory.create(tenant=other_salon).text)

    for path in ("/v2/topics/vip", "/v2/topics/vip/subscriptions", "/v1/topics/vip/subscribers/a"):
        assert sandbox.get(path).status_code == 403
        assert other.get(path).status_code == 404
    assert other.delete("/v2/topics/vip").status_code == 404
    assert other.get("/v2/topics").json()["data"] == []


def test_a_test_topic_does_not_take_live_subscribers(sandbox, people):
    answer = sandbox.post("/v2/topics/vip/subscriptions", {"subscriberIds": people})

    assert answer.json()["meta"] == {"totalCount": 3, "successful": 0, "failed": 3}
