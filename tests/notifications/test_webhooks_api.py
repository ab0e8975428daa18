"""The routes of outgoing webhooks: a secret is shown once, what was sent can be sent again."""

from __future__ import annotations

import pytest
from standardwebhooks.webhooks import Webhook

from notifications.models import WebhookEndpoint
from notifications.webhooks import endpoints
from tenants.models import StoredResponse
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.factories import ApiKeyFactory
from tests.notifications.conftest import change
from tests.notifications.webhook_line import forget_deliveries

URL = "https://crm.example/hook"


@pytest.fixture(autouse=True)
def _forget():
    yield
    forget_deliveries()


@pytest.fixture
def made(api):
    """The answer to who has just added one."""
    body = {"url": URL, "description": "CRM", "events": ["message.sent", "message.failed"]}
    return api.post("/v1/webhooks", body).json()["data"]


@pytest.fixture
def at(made):
    return f"/v1/webhooks/{made['_id']}"


def test_a_webhook_is_made_with_a_secret_that_is_shown_once(api, made, at):
    Webhook(made["secret"])
    assert made["enabled"] is True
    assert made["events"] == ["message.failed", "message.sent"]

    shown = api.get(at).json()["data"]
    assert "secret" not in shown
    assert api.get("/v1/webhooks").json()["data"] == [shown]
    assert shown == {name: value for name, value in made.items() if name != "secret"}


def test_an_answer_with_a_secret_is_kept_nowhere(api, salon):
    answer = api.post("/v1/webhooks", {"url": URL}, Idempotency_Key="once")
    rotated = api.post(
        f"/v1/webhooks/{answer.json()['data']['_id']}/rotate-secret", Idempotency_Key="twice"
    )

    assert answer.headers["Cache-Control"] == rotated.headers["Cache-Control"] == "no-store"
    with tenant_scope(salon.pk):
        assert not StoredResponse.objects.filter(tenant=salon).exists()


def test_a_webhook_changes_by_what_is_named(api, at):
    changed = api.patch(at, {"description": "", "events": []}).json()["data"]

    assert (changed["url"], changed["description"], changed["events"]) == (URL, "", [])


def test_switching_off_says_who_did_it(api, at):
    off = api.patch(at, {"enabled": False}).json()["data"]
    on = api.patch(at, {"enabled": True}).json()["data"]

    assert (off["enabled"], off["disabledReason"]) == (False, "by_hand")
    assert on["enabled"] is True
    assert "disabledReason" not in on


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": 7}, "url"),
        ({"url": "crm.example"}, "url"),
        ({"url": "http://crm.example/"}, "url"),
        ({"url": "ftp://crm.example/"}, "url"),
        ({"url": "https://crm.example/\nX: y"}, "url"),
        ({"url": "https://" + "x" * 1000}, "url"),
        ({"url": URL, "description": "x" * 201}, "description"),
        ({"url": URL, "description": None}, "description"),
        ({"url": URL, "events": "message.sent"}, "events"),
        ({"url": URL, "events": ["message.lost"]}, "events"),
        ({"url": URL, "events": [{}]}, "events"),
        ({"url": URL, "enabled": "no"}, "enabled"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(api, body, field):
    answer = api.post("/v1/webhooks", body)

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert api.get("/v1/webhooks").json()["data"] == []


def test_the_same_address_twice_would_tell_everything_twice(api, sandbox, made, at):
    assert api.post("/v1/webhooks", {"url": URL}).status_code == 409
    assert sandbox.post("/v1/webhooks", {"url": URL}).status_code == 201

    other = api.post("/v1/webhooks", {"url": f"{URL}/2"}).json()["data"]["_id"]
    assert api.patch(f"/v1/webhooks/{other}", {"url": URL}).status_code == 409
    assert api.patch(at, {"url": URL}).status_code == 200


def test_there_may_be_only_so_many(api, monkeypatch):
    monkeypatch.setattr(endpoints, "MOST_ENDPOINTS", 1)
    api.post("/v1/webhooks", {"url": URL})

    assert api.post("/v1/webhooks", {"url": f"{URL}/2"}).status_code == 409


def test_a_key_sees_its_own_mode_only(sandbox, made, at):
    assert sandbox.get("/v1/webhooks").json()["data"] == []
    assert sandbox.get(at).status_code == 403


def test_scopes_part_reading_from_writing(salon, at):
    reader = Api(ApiKeyFactory.create(tenant=salon, scopes=("webhooks:read",)).text)

    assert reader.get(at).status_code == 200
    assert reader.get(f"{at}/deliveries").status_code == 200
    for method, path in (("PATCH", at), ("DELETE", at), ("POST", f"{at}/test")):
        assert reader.call(method, path, {}).status_code == 403


def test_a_test_event_is_listed_with_its_body(api, at):
    made = api.post(f"{at}/test").json()["data"]

    answer = api.get(f"{at}/deliveries").json()
    [row] = answer["data"]
    assert row == made
    assert (row["type"], row["state"], row["attempts"]) == ("webhook.test", "pending", 0)
    assert row["body"].startswith('{"type": "webhook.test", "timestamp": "')
    assert answer["hasMore"] is False


def test_deliveries_are_paged_and_filtered(api, at):
    ids = [api.post(f"{at}/test").json()["data"]["_id"] for _ in range(3)]
    fail(ids[0])

    first = api.get(f"{at}/deliveries?limit=2").json()
    last = api.get(f"{at}/deliveries?limit=2&page=1").json()
    failed = api.get(f"{at}/deliveries?state=failed").json()["data"]

    assert [row["_id"] for row in first["data"] + last["data"]] == ids[::-1]
    assert (first["hasMore"], last["hasMore"]) == (True, False)
    assert [row["_id"] for row in failed] == [ids[0]]
    assert "nextAttemptAt" not in failed[0]
    assert api.get(f"{at}/deliveries?state=lost").status_code == 400


def test_one_or_all_that_failed_are_sent_again(api, at):
    one, other = (api.post(f"{at}/test").json()["data"]["_id"] for _ in range(2))
    fail(one, other)

    again = api.post(f"{at}/deliveries/{one}/resend").json()["data"]
    rest = api.post(f"{at}/resend-failed", {"since": "2026-01-01T00:00:00+03:00"}).json()

    assert (again["state"], again["attempts"]) == ("pending", 0)
    assert rest["data"] == {"resent": 1}
    assert api.get(f"{at}/deliveries?state=failed").json()["data"] == []


@pytest.mark.parametrize("since", [None, 7, "soon", "2026-01-01", "2026-01-01T00:00:00"])
def test_the_moment_must_be_one(api, at, since):
    answer = api.post(f"{at}/resend-failed", {"since": since})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["since"]


def test_what_is_deleted_is_gone(api, at, salon):
    api.post(f"{at}/test")

    assert api.delete(at).status_code == 204
    assert api.get(at).status_code == 404
    assert api.get(f"{at}/deliveries").status_code == 404
    with tenant_scope(salon.pk):
        assert not WebhookEndpoint.objects.filter(tenant=salon).exists()


def test_an_unknown_delivery_or_one_of_another_webhook_is_not_found(api, at):
    other = api.post("/v1/webhooks", {"url": f"{URL}/2"}).json()["data"]["_id"]
    foreign = api.post(f"/v1/webhooks/{other}/test").json()["data"]["_id"]

    for key in (foreign, "x", "01990000-0000-7000-8000-000000000000"):
        assert api.post(f"{at}/deliveries/{key}/resend").status_code == 404


def fail(*ids):
    change(
        "update notifications_webhookdelivery set state = 'failed', attempts = 8"
        " where id = any(%s::uuid[])",
        [list(ids)],
    )
