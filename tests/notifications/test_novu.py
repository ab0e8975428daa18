"""Novu beside Kolokol: what it tells stands in a log, what fails reaches people, once.

Source of the bodies: Novu's documentation of its webhooks and the facts about its contract
(section 6); the signatures are made by the public library of Standard Webhooks.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from standardwebhooks.webhooks import Webhook

from channels.adapters.novu import NovuAdapter
from channels.integrations import add_integration
from channels.registry import ADAPTERS
from notifications.models import Escalation, ExternalDelivery
from tenants.errors import InvalidFields
from tenants.scope import tenant_scope
from tests.factories import AddressFactory, SubscriberFactory

SECRET = "whsec_" + base64.b64encode(b"novu beside kolokol, 24 b").decode()
OBJECT = {
    "_id": "64f0a1",
    "_templateId": "64f0b2",
    "templateIdentifier": "visit-reminder",
    "transactionId": "txn_1",
    "channel": "sms",
    "providerId": "twilio",
    "status": "error",
    "errorText": "30006: +79161234567 is a landline",
    "subscriber": {"subscriberId": "anna", "email": "anna@mail.example", "firstName": "Анна"},
    "createdAt": "2026-11-21T09:00:00.000Z",
}


def failed(key="evt_1", kind="message.failed", **changes):
    body = {"id": key, "type": kind, "object": "message", "environmentId": "env_1"}
    return body | {
        "timestamp": "2026-11-21T09:00:01.000Z",
        "data": {"object": {**OBJECT, **changes}, "subscriberId": "anna"},
    }


class Novu:
    """An account of a salon, and its Novu that calls."""

    def __init__(self, salon, **more):
        self.salon = salon
        own = {"signing_secret": SECRET, "critical_workflows": "visit-reminder, order-ready"}
        self.account = add_integration(salon.pk, "novu", own | more, identifier="novu")

    def posts(self, body, *, at=None, prefix="webhook", door="internal/webhooks", **headers):
        raw, key = json.dumps(body), f"msg_{uuid4().hex}"
        at = at or datetime.now(UTC)
        signed = {
            f"{prefix}-id": key,
            f"{prefix}-timestamp": str(int(at.timestamp())),
            f"{prefix}-signature": Webhook(SECRET).sign(key, at, raw),
        }
        return Client().post(
            f"/{door}/novu/{self.account.pk}/{self.account.callback_token}",
            raw,
            content_type="application/json",
            headers=signed | headers,
        )

    @property
    def log(self):
        with tenant_scope(self.salon.pk):
            return list(ExternalDelivery.objects.order_by("pk"))

    @property
    def cases(self):
        with tenant_scope(self.salon.pk):
            return list(Escalation.objects.order_by("pk"))


@pytest.fixture
def novu(salon):
    return Novu(salon)


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
def test_a_failure_of_a_critical_workflow_stands_in_the_log_and_opens_a_case_once(novu, prefix):
    client = SubscriberFactory.create(tenant=novu.salon, subscriber_id="anna")

    answers = [novu.posts(failed(), prefix=prefix).json()["data"]["new"] for _ in range(2)]

    assert answers == [True, False]
    (row,) = novu.log
    assert (row.external_id, row.transaction_id, row.workflow) == (
        "64f0a1",
        "txn_1",
        "visit-reminder",
    )
    assert (row.channel, row.status, row.provider) == ("sms", "error", "twilio")
    assert (row.subscriber_key, row.error) == ("anna", "30006: ... is a landline")
    assert row.metadata == {"environmentId": "env_1", "object": "message"}
    (case,) = novu.cases
    assert (case.cause, case.subscriber_id, case.repeats) == ("novu_failed", client.pk, 0)
    assert (case.subject_type, case.subject_id) == ("novu", "txn_1")


def test_nothing_of_the_client_is_kept_in_the_raw_words(novu):
    novu.posts(failed(content="Анна, ждём вас", payload={"phone": "+79161234567"}))

    kept = json.dumps(novu.log[0].raw, ensure_ascii=False)
    assert not [word for word in ("Анна", "anna@mail", "79161234567") if word in kept]
    assert "visit-reminder" in kept


def test_the_reference_architectures_own_event_is_understood_too(novu):
    data = {"transactionId": "txn_2", "workflowId": "order-ready", "subscriberId": "anna"}
    more = {"stepId": "sms-1", "provider": "smsc", "error": {"message": "no route"}}

    novu.posts({"event": "notification.failed", "data": {**data, **more}})

    (row,) = novu.log
    assert (row.event, row.status, row.step, row.error) == (
        "notification.failed",
        "failed",
        "sms-1",
        "no route",
    )
    assert [case.subject_id for case in novu.cases] == ["txn_2"]


@pytest.mark.parametrize(
    "body",
    [
        failed(kind="message.sent", status="sent"),
        failed(templateIdentifier="newsletter"),
        {"type": "workflow.created", "data": {"object": {"_id": "1"}}},
    ],
)
def test_what_is_well_or_not_critical_opens_no_case(novu, body):
    assert novu.posts(body).status_code == 200

    assert (len(novu.log), novu.cases) == (1, [])


def test_what_is_critical_here_is_critical_there(seeded):
    novu = Novu(seeded.salon)

    novu.posts(failed(templateIdentifier="appointment-reminder-1h"))

    assert len(novu.cases) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": 7},
        {"type": "message.failed", "data": [1]},
        {"type": "message.sent\0"},
        {"type": "message.sent\ud800", "environmentId": "\0"},
        {"type": "message.sent", "data": {"cost": float("nan"), "limit": float("inf")}},
    ],
)
def test_odd_bodies_are_answered_and_harm_nothing(novu, body):
    assert novu.posts(body).status_code == 200
    assert novu.cases == []


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"at": datetime.now(UTC) - timedelta(minutes=6)}, 401),
        ({"webhook-signature": "v1,AAAA"}, 401),
        ({"webhook-signature": ""}, 401),
        ({"webhook-id": "another"}, 401),
    ],
)
def test_what_is_old_or_not_signed_is_refused_and_changes_nothing(novu, more, status):
    answer = novu.posts(failed(), **more)

    assert (answer.status_code, novu.log) == (status, [])
    assert novu.account.callback_token not in answer.content.decode()


def test_a_wrong_token_another_provider_and_another_method_are_refused(novu, reminders):
    other = add_integration(novu.salon.pk, "telegram", {"token": "1:a"}, identifier="bot")
    path = f"/internal/webhooks/novu/{novu.account.pk}"

    assert Client().post(f"{path}/wrong", b"{}", "application/json").status_code == 404
    assert Client().get(f"{path}/{novu.account.callback_token}").status_code == 405
    at_bot = f"/internal/webhooks/novu/{other.pk}/{other.callback_token}"
    assert Client().post(at_bot, b"{}", "application/json").status_code == 404


def test_what_novu_cannot_carry_goes_by_the_salons_channels_once(reminders, worker):
    novu = Novu(reminders.salon)
    client = SubscriberFactory.create(tenant=reminders.salon, subscriber_id="anna")
    AddressFactory.create(subscriber=client)
    AddressFactory.create(subscriber=client, kind="email", value="anna@mail.example")
    body = {
        "subscriberId": "anna",
        "channel": "email",
        "payload": {"id": "m1", "content": "Заказ готов"},
    }

    first, second = (novu.posts(body, door="webhook").json()["data"] for _ in range(2))
    worker.drain_dry()

    assert first == second
    assert [(one.channel, one.body) for one in reminders.messages] == [("email", "Заказ готов")]
    assert [(row.event, row.status) for row in novu.log] == [("message.handed_over", "accepted")]
    refused = novu.posts({"subscriberId": "anna", "payload": {}}, door="webhook")
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["body"])


def test_an_adapter_inside_may_call_unsigned_where_the_account_says_so(salon):
    novu = Novu(salon, signing_secret="", unsigned="allowed")

    assert novu.posts(failed(), **{"webhook-signature": ""}).status_code == 200
    assert len(novu.log) == 1


def test_the_log_is_read_by_the_api(novu, api, sandbox):
    novu.posts(failed())

    listed = api.get("/v1/external-deliveries?subscriberId=anna&status=error").json()
    assert [row["transactionId"] for row in listed["data"]] == ["txn_1"]
    assert api.get("/v1/external-deliveries?workflow=other").json()["data"] == []
    assert sandbox.get("/v1/external-deliveries").json()["data"] == []


@pytest.mark.parametrize("odd", ["\0", "\ud800"])
def test_what_databases_refuse_is_left_out_of_a_message(novu, odd):
    SubscriberFactory.create(tenant=novu.salon, subscriber_id="anna")
    body = {"subscriberId": "anna", "channel": odd, "payload": {"content": f"Ждём{odd}"}}

    assert novu.posts(body, door="webhook").status_code in (200, 422)


@pytest.mark.parametrize(
    "credentials", [{}, {"signing_secret": "plain"}, {"unsigned": "yes"}, {"secret": "x"}]
)
def test_an_account_that_proves_nothing_is_refused(salon, credentials):
    with pytest.raises(InvalidFields):
        add_integration(salon.pk, "novu", credentials, identifier="novu")


def test_no_message_leaves_through_novu():
    assert ADAPTERS["novu"] is NovuAdapter
    assert set(NovuAdapter.kinds) == {"desk"}


def test_the_account_names_the_address_that_novu_is_to_call(novu, api):
    path = f"/internal/webhooks/novu/{novu.account.pk}/{novu.account.callback_token}"

    shown = api.post(f"/v1/integrations/{novu.account.pk}/register").json()["data"]

    assert shown["callbackUrl"].endswith(path)
