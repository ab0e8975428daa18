"""Cases by the API: listed, opened by hand, taken, answered, closed; each field is checked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import SubscriberFactory

LATER = (datetime.now(UTC) + timedelta(hours=3)).isoformat()


@pytest.fixture
def anna(salon):
    return SubscriberFactory.create(tenant=salon, subscriber_id="anna")


def opened(api, **changes):
    return api.post("/v1/escalations", {"subscriberId": "anna", **changes})


def test_a_case_is_opened_taken_answered_and_closed(api, anna):
    subject = {"type": "appointment", "id": "A-17"}
    made = opened(api, subject=subject, text="Просит мастера", deadline=LATER).json()["data"]
    path = f"/v1/escalations/{made['_id']}"

    taken = api.post(f"{path}/take", {"by": "Мария"}).json()["data"]
    answered = api.post(f"{path}/answer", {"text": "Да, в 15:00", "by": "Мария"}).json()["data"]
    closed = api.post(f"{path}/close", {"by": "Ольга"}).json()["data"]

    assert (made["cause"], made["subject"], made["subscriberId"]) == ("manual", subject, "anna")
    assert made["deadline"].startswith(LATER[:16])
    assert [one["state"] for one in (made, taken, answered, closed)] == [
        "open",
        "taken",
        "answered",
        "closed",
    ]
    told = [(line["kind"], line.get("text"), line.get("by")) for line in closed["lines"]]
    assert told == [
        ("opened", "Просит мастера", None),
        ("taken", None, "Мария"),
        ("answered", "Да, в 15:00", "Мария"),
        ("closed", None, "Ольга"),
    ]


def test_what_is_open_is_added_to_and_listed_once(api, anna):
    first, second = (opened(api).json()["data"] for _ in range(2))

    listed = api.get("/v1/escalations?state=open&cause=manual&subscriberId=anna").json()
    assert first["_id"] == second["_id"]
    assert [(row["_id"], row["repeats"]) for row in listed["data"]] == [(first["_id"], 1)]
    assert api.get("/v1/escalations?state=closed").json()["data"] == []


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"subscriberId": 7}, 422, "subscriberId"),
        ({"subscriberId": "nobody"}, 404, ""),
        ({"cause": "undeliverable"}, 422, "cause"),
        ({"subject": {"type": "appointment"}}, 422, "subject"),
        ({"subject": {"type": "x" * 33, "id": "1"}}, 422, "subject"),
        ({"text": "я" * 4097}, 422, "text"),
        ({"deadline": "завтра"}, 422, "deadline"),
        ({"deadline": "2026-11-22T10:00"}, 422, "deadline"),
    ],
)
def test_a_bad_field_is_named_and_nothing_opened(api, anna, changes, status, field):
    answer = opened(api, **changes)

    assert (answer.status_code, list(answer.json().get("errors", {}))) == (
        status,
        [field] if field else [],
    )
    assert api.get("/v1/escalations").json()["data"] == []


@pytest.mark.parametrize(
    ("verb", "given", "field"),
    [
        ("take", {"by": ""}, "by"),
        ("answer", {}, "text"),
        ("answer", {"text": "  "}, "text"),
        ("close", {"by": 7}, "by"),
    ],
)
def test_what_a_person_does_is_checked(api, anna, verb, given, field):
    key = opened(api).json()["data"]["_id"]

    answer = api.post(f"/v1/escalations/{key}/{verb}", given)

    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_each_mode_sees_its_own(api, sandbox, anna):
    key = opened(api).json()["data"]["_id"]

    assert sandbox.get(f"/v1/escalations/{key}").status_code == 404
    assert sandbox.get("/v1/escalations").json()["data"] == []
    assert api.get("/v1/escalations/nonsense").status_code == 404
