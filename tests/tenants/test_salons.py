"""The routes of salons: the operator makes them, each sees its own."""

from __future__ import annotations

from uuid import UUID

import pytest

from tenants.accounts import issue_platform_key
from tests.api_client import Api
from tests.factories import word
from tests.tenants import api_urls


@pytest.fixture
def platform() -> Api:
    return Api(issue_platform_key("operator")[1])


def test_a_new_salon_starts_with_workflows_and_two_keys_shown_once(platform):
    slug = word("rosa")
    body = {"identifier": slug, "name": "Роза", "language": "en", "sandbox": True, "pack": "spa"}

    first = platform.post("/v1/tenants", body)
    second = platform.post("/v1/tenants", body)

    salon = first.json()["data"]
    assert (first.status_code, second.status_code) == (201, 200)
    assert {"_id", "_environmentId", "identifier", "name", "createdAt", "updatedAt"} <= set(salon)
    assert (salon["sandbox"], salon["language"]) == (True, "en")
    assert api_urls.SEEDED[-1] == (UUID(salon["_id"]), "spa")
    assert second.json()["data"] == {k: v for k, v in salon.items() if k != "keys"}
    for mode in ("live", "test"):
        key = salon["keys"][mode]
        assert key.startswith(f"kk_{mode}_")
        row = Api(key).post("/v2/subscribers", {"subscriberId": "1"}).json()["data"]
        assert row["_environmentId"] == f"{salon['_id']}-{mode}"


def test_a_salons_key_makes_no_salons_and_sees_its_own(salon, other_salon, api):
    assert api.post("/v1/tenants", {"identifier": "x", "name": "x"}).status_code == 403
    assert api.get(f"/v1/tenants/{salon.slug}").json()["data"]["name"] == salon.name
    assert api.get(f"/v1/tenants/{other_salon.slug}").status_code == 404


def test_a_platform_key_sees_every_salon(salon, platform):
    assert platform.get(f"/v1/tenants/{salon.slug}").json()["data"]["identifier"] == salon.slug
    assert platform.get(f"/v1/tenants/{word('nobody')}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"identifier": None}, "identifier"),
        ({"identifier": "Роза"}, "identifier"),
        ({"name": 7}, "name"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"language": "de"}, "language"),
        ({"sandbox": "yes"}, "sandbox"),
    ],
)
def test_a_bad_salon_names_the_field(platform, changes, field):
    body = {"identifier": word("rosa"), "name": "Роза"} | changes

    answer = platform.post("/v1/tenants", body)

    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
