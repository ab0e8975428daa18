"""What is to leave later can be listed, page by page, and stopped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifications.models import Event
from tests.api_client import Api
from tests.factories import ApiKeyFactory

SEND, PATH = "/v1/notifications/send", "/v1/notifications/schedule"
ANNA = {"subscriberId": "anna", "phone": "+79161234567"}
WORDS = {"to": ANNA, "channel": "sms", "text": "Мастер заболел, позвоните нам"}


@pytest.fixture
def api(reminders):
    return Api(ApiKeyFactory(tenant=reminders.salon).text)


def test_it_is_listed_until_it_is_stopped(api, reminders):
    at = datetime.now(UTC) + timedelta(days=2)
    body = {**WORDS, "scheduledAt": at.isoformat(), "transactionId": "later"}

    assert api.post(PATH, body).status_code == 201
    (shown,) = api.get(PATH).json()["data"]
    stopped = [api.delete(f"{PATH}/later").json()["data"] for _ in range(2)]

    assert (shown["transactionId"], shown["name"]) == ("later", "direct-sms")
    assert shown["to"] == ["anna"]
    assert datetime.fromisoformat(shown["scheduledAt"]) == at.replace(
        microsecond=at.microsecond // 1000 * 1000
    )
    assert stopped == [True, False]
    assert api.get(PATH).json()["data"] == []
    assert reminders.states == [("canceled", "canceled")]


def test_what_leaves_now_is_not_listed(api):
    api.post(SEND, WORDS)

    assert api.get(PATH).json()["data"] == []


def test_pages_follow_each_other(api):
    for n in range(3):
        api.post(PATH, {**WORDS, "delay": 3600, "transactionId": f"t-{n}"})

    first = api.get(f"{PATH}?limit=2").json()
    second = api.get(f"{PATH}?limit=2&after={first['next']}").json()

    shown = [one["transactionId"] for one in first["data"] + second["data"]]
    assert shown == ["t-2", "t-1", "t-0"]
    assert first["totalCount"] == 3


@pytest.mark.parametrize("when", [{}, {"delay": 0}, {"scheduledAt": "2020-01-01T00:00:00Z"}])
def test_it_needs_a_moment_to_come(api, reminders, when):
    answer = api.post(PATH, {**WORDS, **when})

    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["scheduledAt"])
    assert reminders.all(Event) == []


def test_the_other_mode_and_another_salon_see_nothing_of_it(api, reminders, other_salon):
    api.post(PATH, {**WORDS, "delay": 3600, "transactionId": "later"})
    others = [
        Api(ApiKeyFactory(tenant=reminders.salon, mode="test").text),
        Api(ApiKeyFactory(tenant=other_salon).text),
    ]

    assert [other.get(PATH).json()["data"] for other in others] == [[], []]
    assert [other.delete(f"{PATH}/later").json()["data"] for other in others] == [
        False,
        False,
    ]
    assert len(api.get(PATH).json()["data"]) == 1
