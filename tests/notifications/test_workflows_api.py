"""Workflows by the API: read as Novu's clients read, drafted, published, reviewed, rehearsed."""

from __future__ import annotations

import pytest

from notifications.models import Workflow, WorkflowVersion
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.factories import ApiKeyFactory

PATH = "/v1/workflows/order-ready"
TEXT = {"key": "order-text", "name": "Order", "en": {"body": "{{ orderId }} is ready"}}
STEP = {"key": "message", "kind": "sms", "channels": ["sms"], "template": "order-text"}
FLOW = {
    "name": {"en": "Order ready"},
    "payload_schema": {"required": ["orderId"]},
    "steps": [STEP],
}
BODY = {"workflow": FLOW, "templates": [TEXT]}


@pytest.fixture
def drafted(api):
    assert api.put(PATH, BODY).status_code == 200
    return api


def test_a_draft_runs_once_it_is_published(drafted):
    before = drafted.get(PATH).json()["data"]
    after = drafted.post(f"{PATH}/publish", {}).json()["data"]

    assert (before["state"], before.get("version")) == ("draft", None)
    assert (after["state"], after["version"]) == ("published", 1)
    assert after["published"] == after["draft"] == before["draft"]
    assert after["draft"]["templates"] == [TEXT]
    drafted.put(PATH, BODY | {"templates": [TEXT | {"en": {"body": "{{ orderId }} waits"}}]})
    changed = drafted.get(PATH).json()["data"]
    assert changed["draft"] != changed["published"]


def test_novus_clients_read_it(drafted):
    listed = drafted.get("/v2/workflows?limit=1.0&query=order&status[]=ACTIVE").json()["data"]
    one = drafted.get("/v2/workflows/order-ready").json()["data"]

    (row,) = listed["workflows"]
    assert (listed["totalCount"], row["workflowId"], row["status"]) == (1, "order-ready", "ACTIVE")
    assert row["stepTypeOverviews"] == ["sms"]
    assert [(step["stepId"], step["type"]) for step in one["steps"]] == [("message", "sms")]
    assert one["preferences"]["default"] == {"all": {}, "channels": {}}
    assert drafted.get(f"/v2/workflows/{one['_id']}").json()["data"] == one


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "workflow"),
        ({"workflow": FLOW | {"identifier": "other"}}, "workflow.identifier"),
        ({"workflow": FLOW | {"steps": [{"key": "a b", "kind": "sms"}]}}, "workflow.steps.0.key"),
        ({"workflow": FLOW | {"category": "xx"}}, "workflow.category"),
        ({"workflow": FLOW}, "workflows.0.steps.0.template"),
        (BODY | {"templates": [{"key": "order-text"}]}, "templates.0"),
    ],
)
def test_a_bad_draft_is_refused_by_field_and_nothing_is_saved(api, salon, body, field):
    answer = api.put(PATH, body)

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    with tenant_scope(salon.pk):
        assert not Workflow.objects.exists()


def test_a_schema_that_breaks_callers_is_refused_or_goes_out_as_new(drafted):
    drafted.post(f"{PATH}/publish", {})
    wider = FLOW | {"payload_schema": {"required": ["orderId", "total"]}}
    drafted.put(PATH, {"workflow": wider, "templates": []})

    refused = drafted.post(f"{PATH}/publish", {})
    made = drafted.post(f"{PATH}/publish", {"asNew": True}).json()["data"]

    assert refused.status_code == 422
    assert "'total'" in str(refused.json()["errors"]["payload_schema"])
    assert made["published"]["workflow"]["identifier"] == "order-ready-v2"
    assert drafted.get(PATH).json()["data"]["state"] == "published"


def test_under_four_eyes_software_drafts_and_submits_only(drafted, salon):
    with tenant_scope(salon.pk):
        Tenant.objects.filter(pk=salon.pk).update(four_eyes=True)

    answers = [drafted.post(f"{PATH}/{verb}", {}) for verb in ("submit", "publish")]

    assert [answer.json()["data"]["state"] for answer in answers] == ["review"] * 2
    with tenant_scope(salon.pk):
        assert not WorkflowVersion.objects.exists()


def test_a_key_for_trying_changes_nothing(drafted, salon):
    test = Api(ApiKeyFactory.create(tenant=salon, mode="test").text)

    assert test.get(PATH).status_code == 200
    assert [test.put(PATH, BODY).status_code, test.post(f"{PATH}/publish", {}).status_code] == [
        403,
        403,
    ]


def test_workflows_are_listed_by_state_a_page_at_a_time(drafted):
    drafted.post(f"{PATH}/publish", {})
    for name in ("order-late", "order-sent"):
        drafted.put(f"/v1/workflows/{name}", {"workflow": FLOW, "templates": []})
    drafted.post("/v1/workflows/order-sent/submit", {})

    def names(query):
        answer = drafted.get(f"/v1/workflows?{query}").json()
        return [(row["identifier"], row["state"]) for row in answer["data"]], answer["hasMore"]

    late, ready, sent = (
        ("order-late", "draft"),
        ("order-ready", "published"),
        ("order-sent", "review"),
    )
    assert names("limit=2") == ([late, ready], True)
    assert names("limit=2&page=1") == ([sent], False)
    assert [names(f"state={one[1]}")[0] for one in (late, ready, sent)] == [[late], [ready], [sent]]
    assert names("query=sent") == ([sent], False)
    assert list(drafted.get("/v1/workflows?state=live").json()["errors"]) == ["state"]


def test_a_draft_is_rehearsed_with_its_texts_and_stays_a_draft(drafted):
    anna = {"subscriberId": "anna", "phone": "+79161234567"}
    asked = {"to": anna, "payload": {"orderId": "17"}, "draft": True}
    before = drafted.get(PATH).json()

    told = drafted.post(f"{PATH}/dry-run", asked).json()["data"]

    assert [(step["outcome"], step["reason"]) for step in told["steps"]] == [
        ("skipped", "no_integration")
    ]
    assert drafted.get(PATH).json() == before
    assert drafted.post(f"{PATH}/dry-run", asked | {"draft": "yes"}).status_code == 422
    drafted.put(PATH, BODY | {"templates": [TEXT | {"en": {"body": "{{ orderNo }} is ready"}}]})
    refused = drafted.post(f"{PATH}/dry-run", asked)
    assert refused.status_code == 422
    assert "orderNo" in refused.content.decode()


def test_a_rehearsal_tells_the_path(drafted):
    drafted.post(f"{PATH}/publish", {})
    asked = {"to": {"subscriberId": "anna"}, "payload": {"orderId": "17"}}

    told = drafted.post(f"{PATH}/dry-run", asked).json()["data"]
    refused = drafted.post(f"{PATH}/dry-run", {"to": "anna"})

    assert (told["status"], told["state"]) == ("processed", "skipped")
    assert [(step["stepId"], step["reason"]) for step in told["steps"]] == [
        ("message", "no_address")
    ]
    assert refused.status_code in (400, 422)
    assert drafted.get("/v1/subscribers/anna").status_code == 404
