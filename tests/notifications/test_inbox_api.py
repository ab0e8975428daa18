"""A client's in-app messages, as her salon's server reads and marks them."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import uuid4

import pytest

from notifications.models import LogEntry, Message
from tenants.accounts import issue_key
from tests.api_client import Api
from tests.factories import SubscriberFactory
from tests.notifications.statements import statements

INBOX = {
    "id",
    "transactionId",
    "body",
    "to",
    "isRead",
    "isSeen",
    "isArchived",
    "isSnoozed",
    "createdAt",
    "channelType",
    "severity",
}
FEED = {
    "_id",
    "_templateId",
    "_environmentId",
    "_organizationId",
    "_notificationId",
    "_subscriberId",
    "_jobId",
    "transactionId",
    "content",
    "channel",
    "read",
    "seen",
    "archived",
    "cta",
    "status",
}
NULLABLE = {"readAt", "firstSeenAt", "archivedAt", "snoozedUntil"}
URL = "/v2/subscribers/anna/notifications"
OLD_URL = "/v1/subscribers/anna/notifications"


@pytest.fixture
def three(reminders, worker) -> list[str]:
    """Three messages lie in Anna's inbox; their ids, newest first."""
    for _ in range(3):
        reminders.trigger()
    worker.drain_dry()
    found = [m for m in reminders.messages if m.channel == "in_app"]
    return [str(m.pk) for m in reversed(found)]


def ids(answer) -> list[str]:
    return [row["id"] for row in answer.json()["data"]]


def counts(api, *filters) -> list[int]:
    query = f"?filters={json.dumps(filters)}" if filters else ""
    answer = api.get(f"{URL}/count{query}").json()["data"]
    if filters:
        assert [one["filter"] for one in answer] == list(filters)
    return [one["count"] for one in answer]


def test_a_row_has_what_the_sdks_demand(three, api):
    row = api.get(URL).json()["data"][0]

    assert set(row) >= INBOX
    assert {name for name, value in row.items() if value is None} <= NULLABLE
    assert (row["channelType"], row["severity"], row["isRead"]) == ("in_app", "none", False)
    assert row["to"]["subscriberId"] == "anna"
    assert row["primaryAction"]["redirect"] == {"url": "https://salon.example/c/1"}
    assert row["workflow"]["identifier"] == "appointment-reminder-24h"
    assert "Стрижка" in row["body"]


def test_the_list_goes_on_after_the_last_row(three, api):
    first = api.get(f"{URL}?limit=2.0")
    second = api.get(f"{URL}?limit=2.0&after={three[1]}")

    assert (ids(first), first.json()["hasMore"]) == (three[:2], True)
    assert (ids(second), second.json()["hasMore"]) == (three[2:], False)
    assert ids(api.get(f"{URL}?limit=1&offset=1")) == three[1:2]


def test_reading_marks_logs_and_is_told_once(three, reminders, api):
    answer = api.patch(f"{URL}/{three[0]}/read")
    again = api.patch(f"{URL}/{three[0]}/read")

    row = answer.json()["data"]
    assert (row["isRead"], row["isSeen"]) == (True, True)
    assert datetime.fromisoformat(row["readAt"]).tzinfo is not None
    assert again.json()["data"]["readAt"] == row["readAt"]
    read = [line for line in reminders.all(LogEntry) if line.status == "read"]
    assert [str(line.message_id) for line in read] == three[:1]
    assert [m.state for m in reminders.messages if str(m.pk) == three[0]] == ["read"]


def test_unread_brings_the_mark_back_and_leaves_the_state(three, reminders, api):
    api.patch(f"{URL}/{three[0]}/read")

    row = api.patch(f"{URL}/{three[0]}/unread").json()["data"]

    assert (row["isRead"], row["isSeen"], row["readAt"]) == (False, True, None)
    assert [m.state for m in reminders.messages if str(m.pk) == three[0]] == ["read"]
    story = [line.status for line in reminders.all(LogEntry) if str(line.message_id) == three[0]]
    assert story == ["delivered", "read", "unread"]


def test_unread_of_what_was_never_read_changes_nothing(three, reminders, api):
    before = len(reminders.log)

    assert api.patch(f"{URL}/{three[0]}/unread").status_code == 200

    assert len(reminders.log) == before


def test_the_filter_narrows_and_is_echoed(three, api):
    api.patch(f"{URL}/{three[1]}/read")

    unread = api.get(f"{URL}?read=false")

    assert ids(unread) == [three[0], three[2]]
    assert unread.json()["filter"] == {"read": False}
    assert ids(api.get(f"{URL}?read=true")) == [three[1]]
    assert ids(api.get(f"{URL}?archived=true")) == []
    assert ids(api.get(f"{URL}?archived=false")) == three


def test_counts_stand_in_the_order_of_their_filters(three, api):
    api.patch(f"{URL}/{three[1]}/read")

    assert counts(api) == [3]
    assert counts(api, {"read": False}, {"read": True}, {}, {"snoozed": True}) == [2, 1, 3, 0]


@pytest.mark.parametrize("filters", ["{", "{}", "[1]", json.dumps([{}] * 11)])
def test_wrong_filters_are_400(three, api, filters):
    answer = api.get(f"{URL}/count?filters={filters}")

    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"filters"})


def test_the_old_feed_and_the_unseen_count(three, api):
    api.patch(f"{URL}/{three[0]}/read")

    feed = api.get(f"{OLD_URL}/feed?page=0&limit=2").json()

    assert (feed["page"], feed["pageSize"], feed["hasMore"]) == (0, 2, True)
    assert set(feed["data"][0]) >= FEED
    assert [row["_id"] for row in feed["data"]] == three[:2]
    assert [row["read"] for row in feed["data"]] == [True, False]
    assert None not in feed["data"][0].values()
    assert api.get(f"{OLD_URL}/unseen").json() == {"data": {"count": 2}}
    assert api.get(f"{OLD_URL}/unseen?seen=true").json() == {"data": {"count": 1}}


def test_another_clients_message_is_404(three, salon, api):
    SubscriberFactory(tenant=salon, subscriber_id="vera")

    for key in (three[0], str(uuid4()), "x"):
        answer = api.patch(f"/v2/subscribers/vera/notifications/{key}/read")
        assert answer.status_code == 404
    assert ids(api.get("/v2/subscribers/vera/notifications")) == []


def test_sent_messages_of_other_channels_are_not_in_the_inbox(three, reminders, api):
    sms = next(m for m in reminders.messages if m.channel == "phone")

    assert api.patch(f"{URL}/{sms.pk}/read").status_code == 404


def test_the_other_mode_is_403_and_a_foreign_salon_404(three, api, sandbox, other_salon):
    _, text = issue_key(other_salon.pk, "live")
    charlie = Api(text)

    assert sandbox.get(URL).status_code == 403
    assert sandbox.patch(f"{URL}/{three[0]}/read").status_code == 403
    assert charlie.get(URL).status_code == 404
    assert ids(api.get(f"{URL}?read=true")) == []


def test_a_key_that_may_only_read_marks_nothing(three, salon, reminders):
    _, text = issue_key(salon.pk, "live", scopes=["notifications:read"])
    reader = Api(text)

    assert reader.get(URL).status_code == 200
    assert reader.patch(f"{URL}/{three[0]}/read").status_code == 403
    assert all("read_at" not in (m.extra or {}) for m in reminders.all(Message))


def test_a_longer_list_costs_no_more_statements(three, api):
    api.get(URL)

    with statements() as few:
        api.get(f"{URL}?limit=1")
    with statements() as many:
        api.get(f"{URL}?limit=100")

    assert len(many) == len(few) <= 8
