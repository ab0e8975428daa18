"""The activity list as the official SDKs read it: required keys, closed lists, nothing null."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from notifications.api.activity_shapes import CHANNELS, STEP_TYPES
from tenants.accounts import issue_key
from tests.api_client import Api
from tests.notifications.conftest import PROMO
from tests.notifications.statements import statements

ACT = {"_environmentId", "_organizationId", "_subscriberId", "transactionId"}
JOB = {"_id", "type", "status", "providerId", "executionDetails", "step"}
DETAIL = {"_id", "status", "detail", "isRetry", "isTest", "source"}
STEP = {"_id", "active", "filters", "_templateId"}
DETAIL_STATUSES = {"Success", "Warning", "Failed", "Pending", "Queued", "ReadConfirmation"}
SOURCES = {"Credentials", "Internal", "Payload", "Webhook"}


def rows(api, query: str = "") -> list[dict[str, Any]]:
    answer = api.get(f"/v1/notifications{query}")
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def nulls(value, path="") -> list[str]:
    if isinstance(value, dict):
        return [p for key, item in value.items() for p in nulls(item, f"{path}.{key}")]
    if isinstance(value, list):
        return [p for place, item in enumerate(value) for p in nulls(item, f"{path}.{place}")]
    return [path] if value is None else []


def test_a_row_has_what_the_sdks_demand_and_no_null(reminders, worker, api):
    transaction_id = reminders.trigger()
    worker.drain_dry()

    (row,) = rows(api, f"?transactionId={transaction_id}&page=0.0&limit=2.0")

    assert set(row) >= ACT
    assert nulls(row) == []
    assert set(row["channels"]) <= CHANNELS
    assert [(job["type"], job["status"], job["providerId"]) for job in row["jobs"]] == [
        ("in_app", "completed", "novu"),
        ("chat", "completed", "generic-sms"),
    ]
    for job in row["jobs"]:
        assert set(job) >= JOB
        assert job["type"] in STEP_TYPES
        assert set(job["step"]) >= STEP
        for detail in job["executionDetails"]:
            assert set(detail) >= DETAIL
            assert detail["status"] in DETAIL_STATUSES
            assert detail["source"] in SOURCES
    assert row["jobs"][1]["executionDetails"][0]["detail"] == "sent by SMS (webhook), answer 200"
    assert row["subscriber"]["subscriberId"] == "anna"
    assert row["template"]["triggers"][0]["identifier"] == "appointment-reminder-24h"


def test_a_page_is_a_page(reminders, api):
    for _ in range(3):
        reminders.trigger()

    body = api.get("/v1/notifications?limit=2").json()

    assert {name: body[name] for name in ("page", "pageSize", "hasMore")} == {
        "page": 0,
        "pageSize": 2,
        "hasMore": True,
    }
    assert len(body["data"]) == 2
    second = api.get("/v1/notifications?limit=2&page=1").json()
    assert (len(second["data"]), second["hasMore"]) == (1, False)
    seen = [row["_id"] for row in [*body["data"], *second["data"]]]
    assert seen == sorted(seen, reverse=True)


def test_the_story_is_told_in_the_salons_language_or_the_one_asked_for(reminders, worker, api):
    reminders.trigger()
    worker.drain_dry()

    assert rows(api)[0]["story"][0].endswith(" принято")
    assert rows(api, "?language=en")[0]["story"][0].endswith(" accepted")


def test_what_waits_says_until_when_and_why(reminders, api):
    at = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    reminders.trigger(scheduledAt=at.isoformat())

    (row,) = rows(api)

    assert (row["status"], row["waitsFor"]) == ("delayed", "scheduled")
    assert datetime.fromisoformat(row["waitsUntil"]) == at
    assert [job["status"] for job in row["jobs"]] == ["delayed", "pending"]


def test_a_skip_and_a_refusal_carry_their_reason(reminders, worker, provider, api):
    provider.answer = lambda body: (400, {}, b"")
    reminders.trigger(to={"subscriberId": "nobody"})
    reminders.trigger()
    worker.drain_dry()

    refused, skipped = rows(api)

    assert (refused["status"], refused["jobs"][1]["status"]) == ("failed", "failed")
    assert refused["jobs"][1]["executionDetails"][0]["reason"] == "permanent_content"
    assert (skipped["jobs"][1]["status"], skipped["jobs"][1]["providerId"]) == (
        "skipped",
        "chat-webhook",
    )
    assert skipped["jobs"][1]["executionDetails"][0]["reason"] == "no_address"


def test_filters_narrow(reminders, worker, api):
    first = reminders.trigger()
    reminders.trigger("promo-notification", to={"subscriberId": "vera"}, payload=PROMO)
    worker.drain_dry()

    def people(query: str) -> list[str]:
        return [row["subscriber"]["subscriberId"] for row in rows(api, query)]

    assert people("") == ["vera", "anna"]
    assert people("?subscriberIds=anna") == ["anna"]
    assert people("?subscriberIds[]=anna&subscriberIds[]=vera") == ["vera", "anna"]
    assert people("?templates=promo-notification") == ["vera"]
    assert people(f"?templates={rows(api)[1]['template']['_id']}") == ["anna"]
    assert people("?channels=sms") == ["anna"]
    assert people("?channels=push") == []
    assert people(f"?search={first}") == ["anna"]
    assert people("?search=vera") == ["vera"]
    assert people("?emails=nobody@example.com") == []
    assert people("?severity=high") == []
    assert people("?topicKey=vip") == []
    later = quote((datetime.now(UTC) + timedelta(minutes=1)).isoformat())
    assert people(f"?after={later}") == []
    assert people(f"?before={later}") == ["vera", "anna"]


@pytest.mark.parametrize(
    "query", ["after=soon", "after=2026-01-01T00:00:00", "page=x", "language=de"]
)
def test_a_wrong_query_is_400_and_names_the_field(api, query):
    answer = api.get(f"/v1/notifications?{query}")

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {query.partition("=")[0]}


def test_one_is_shown_by_id(reminders, worker, api):
    reminders.trigger()
    worker.drain_dry()
    (row,) = rows(api)

    answer = api.get(f"/v1/notifications/{row['_id']}")

    assert (answer.status_code, answer.json()["data"]) == (200, row)


@pytest.mark.parametrize("key", ["01a1fddc-36ca-73dc-8fde-8d48f3491469", "not-an-id"])
def test_an_unknown_id_is_404(api, key):
    assert api.get(f"/v1/notifications/{key}").status_code == 404


def test_the_other_mode_and_a_foreign_salon_see_nothing(reminders, api, sandbox, other_salon):
    reminders.trigger()
    (row,) = rows(api)
    _, text = issue_key(other_salon.pk, "live")
    charlie = Api(text)

    assert rows(sandbox) == []
    assert sandbox.get(f"/v1/notifications/{row['_id']}").status_code == 403
    assert rows(charlie) == []
    assert charlie.get(f"/v1/notifications/{row['_id']}").status_code == 404


def test_a_page_of_a_hundred_costs_no_more_statements_than_one_of_one(reminders, api):
    reminders.trigger(to=[f"client-{number}" for number in range(100)])
    rows(api)

    with statements() as few:
        rows(api, "?limit=1")
    with statements() as many:
        assert len(rows(api, "?limit=100")) == 100

    assert len(many) == len(few) <= 6
