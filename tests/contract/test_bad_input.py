"""Bad input gets its documented status and a message that names the field; nothing is written.

The statuses stand in the wire contract: 400 for what is no sound JSON and for payloads, 401, 403,
404, 413, 415, 422 for fields.
"""

from __future__ import annotations

import pytest

from notifications.models import Step, Workflow
from notifications.publishing import publish_workflow
from tenants.models import ApiKey
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.factories import ApiKeyFactory
from tests.isolation.access import API, Names
from tests.isolation.planting import forget_open_work, plant, snapshot

PERSON, TOPIC = "/v2/subscribers/{client}", "/v2/topics/{topic}"
OLD, CREDENTIALS = "/v1/subscribers/{client}", "/v1/subscribers/{client}/credentials"
TRIGGER, BROADCAST = "/v1/events/trigger", "/v1/events/trigger/broadcast"
ACCOUNTS, ACCOUNT = "/v1/integrations", "/v1/integrations/{bot}"
HOOKS, HOOK = "/v1/webhooks", "/v1/webhooks/{webhook_pk}"
LONG = "x" * 300
DEEP = "[" * 1_000  # more than Python reads


def event(**changed):
    return {"name": "{workflow}", "to": "{client}", "payload": {}} | changed


def bot(**changed):
    return {"providerId": "telegram", "credentials": {"token": "1:a"}} | changed


def to(**person):
    return event(to={"subscriberId": "new", **person})


PUSH = {"providerId": "fcm", "identifier": "deep", "credentials": {"service_account": DEEP}}
#: Method, path, body, status, field that the answer names.
FIELDS = [
    # accounts at providers
    ("POST", ACCOUNTS, {}, 422, "provider"),
    ("POST", ACCOUNTS, {"providerId": 7}, 422, "providerId"),
    ("POST", ACCOUNTS, {"providerId": "pigeon"}, 422, "provider"),
    ("POST", ACCOUNTS, bot(credentials=[]), 422, "credentials"),
    ("POST", ACCOUNTS, bot(credentials={}), 422, "credentials.token"),
    ("POST", ACCOUNTS, bot(credentials={"token": 7}), 422, "credentials.token"),
    ("POST", ACCOUNTS, PUSH, 422, "credentials.service_account"),
    ("POST", ACCOUNTS, bot(channel="smoke"), 422, "kind"),
    ("POST", ACCOUNTS, bot(identifier="No Slug"), 422, "identifier"),
    ("POST", ACCOUNTS, bot(name=LONG), 422, "name"),
    ("POST", ACCOUNTS, bot(position=-1), 422, "position"),
    ("POST", ACCOUNTS, bot(position=True), 422, "position"),
    ("PUT", ACCOUNT, {"active": "no"}, 422, "active"),
    (
        "PUT",
        ACCOUNT,
        {"credentials": {"api_base": "http://a.example"}},
        422,
        "credentials.api_base",
    ),
    # webhooks
    ("POST", HOOKS, {}, 422, "url"),
    ("POST", HOOKS, {"url": "http://a.example/"}, 422, "url"),
    ("PATCH", HOOK, {"url": None}, 422, "url"),
    ("PATCH", HOOK, {"events": ["message.lost"]}, 422, "events"),
    ("PATCH", HOOK, {"enabled": 1}, 422, "enabled"),
    ("POST", f"{HOOK}/resend-failed", {}, 422, "since"),
    ("GET", f"{HOOK}/deliveries?state=lost", None, 400, "state"),
    # events: the workflow, the recipients, the moment
    ("POST", TRIGGER, {}, 422, "name"),
    ("POST", TRIGGER, event(name="nothing"), 422, "name"),
    ("POST", TRIGGER, event(name=7), 422, "name"),
    ("POST", TRIGGER, event(name=LONG), 422, "name"),
    ("POST", TRIGGER, event(to=None), 422, "to"),
    ("POST", TRIGGER, event(to=[]), 422, "to"),
    ("POST", TRIGGER, event(to=["a"] * 101), 422, "to"),
    ("POST", TRIGGER, event(to=["a", True]), 422, "to.1"),
    ("POST", TRIGGER, event(to=LONG), 422, "to"),
    ("POST", TRIGGER, event(to={"firstName": "Anna"}), 422, "to.subscriberId"),
    ("POST", TRIGGER, event(to={"type": "Topic"}), 422, "to.topicKey"),
    ("POST", TRIGGER, event(to={"type": "Topic", "topicKey": "none"}), 422, "to"),
    ("POST", TRIGGER, to(phone="12"), 422, "to.phone"),
    ("POST", TRIGGER, to(phone=True), 422, "to.phone"),
    ("POST", TRIGGER, to(email="anna"), 422, "to.email"),
    ("POST", TRIGGER, to(locale=7), 422, "to.locale"),
    ("POST", TRIGGER, to(timezone="Mars/Base"), 422, "to.timezone"),
    ("POST", TRIGGER, to(firstName=7), 422, "to.firstName"),
    ("POST", TRIGGER, to(data=[1]), 422, "to.data"),
    ("POST", TRIGGER, to(channels="sms"), 422, "to.channels"),
    ("POST", TRIGGER, event(payload=[1]), 422, "payload"),
    ("POST", TRIGGER, event(payload={"note": 7}), 400, "payload.note"),
    ("POST", TRIGGER, event(payload={}, name="{strict}"), 400, "payload.clientName"),
    ("POST", TRIGGER, event(overrides="x"), 422, "overrides"),
    ("POST", TRIGGER, event(overrides={"priority": "now"}), 422, "overrides.priority"),
    ("POST", TRIGGER, event(transactionId="a b"), 422, "transactionId"),
    ("POST", TRIGGER, event(transactionId=LONG), 422, "transactionId"),
    ("POST", TRIGGER, event(transactionId=""), 422, "transactionId"),
    ("POST", TRIGGER, event(delay=-1), 422, "delay"),
    ("POST", TRIGGER, event(delay="soon"), 422, "delay"),
    ("POST", TRIGGER, event(delay=10**12), 422, "delay"),
    ("POST", TRIGGER, event(scheduledAt="tomorrow"), 422, "scheduledAt"),
    ("POST", TRIGGER, event(scheduledAt="2026-12-01T10:00"), 422, "scheduledAt"),
    ("POST", TRIGGER, event(scheduledAt="2999-01-01T00:00Z"), 422, "scheduledAt"),
    ("POST", TRIGGER, event(expiresAt="2020-01-01T00:00Z"), 422, "expiresAt"),
    ("POST", TRIGGER, event(actor=[1]), 422, "actor"),
    ("POST", TRIGGER, event(location="nowhere"), 422, "location"),
    ("POST", TRIGGER, event(tenant={"name": "x"}), 400, "tenant"),
    ("POST", f"{TRIGGER}/bulk", {}, 422, "events"),
    ("POST", f"{TRIGGER}/bulk", {"events": []}, 422, "events"),
    ("POST", f"{TRIGGER}/bulk", {"events": [{}] * 101}, 422, "events"),
    ("POST", f"{TRIGGER}/bulk", {"events": "all"}, 422, "events"),
    ("POST", BROADCAST, {}, 422, "name"),
    ("POST", BROADCAST, {"name": "nothing"}, 422, "name"),
    ("POST", BROADCAST, {"name": "{workflow}", "payload": {"note": 7}}, 400, "payload.note"),
    # subscribers
    *[
        ("POST", path, body, 422, field)
        for path in ("/v1/subscribers", "/v2/subscribers")
        for body, field in (
            ({}, "subscriberId"),
            ({"subscriberId": ""}, "subscriberId"),
            ({"subscriberId": LONG}, "subscriberId"),
            ({"subscriberId": True}, "subscriberId"),
            ({"subscriberId": "a", "phone": "+7 000"}, "phone"),
            ({"subscriberId": "a", "email": "a@"}, "email"),
            ({"subscriberId": "a", "locale": 7}, "locale"),
            ({"subscriberId": "a", "timezone": "UTC+3"}, "timezone"),
            ({"subscriberId": "a", "kind": "boss"}, "kind"),
            ({"subscriberId": "a", "firstName": LONG}, "firstName"),
            ({"subscriberId": "a", "avatar": 7}, "avatar"),
            ({"subscriberId": "a", "avatar": "http://["}, "avatar"),
            ({"subscriberId": "a", "preferredChannel": "fax"}, "preferredChannel"),
            ({"subscriberId": "a", "preferredChannel": {"a": 1}}, "preferredChannel"),
            ({"subscriberId": "a", "preferredChannel": False}, "preferredChannel"),
            ({"subscriberId": "a", "data": "x"}, "data"),
            ({"subscriberId": "a", "channels": {"fax": "1"}}, "channels.fax"),
            ({"subscriberId": "a", "channels": [{"providerId": "fax"}]}, "channels.0.providerId"),
        )
    ],
    *[
        (method, path, body, 422, field)
        for method, path in (("PATCH", PERSON), ("PATCH", OLD), ("PUT", OLD))
        for body, field in (
            ({"phone": "12"}, "phone"),
            ({"email": []}, "email"),
            ({"lastName": {}}, "lastName"),
            ({"timezone": "x"}, "timezone"),
        )
    ],
    ("POST", "/v1/subscribers/bulk", {}, 422, "subscribers"),
    ("POST", "/v1/subscribers/bulk", {"subscribers": []}, 422, "subscribers"),
    ("POST", "/v1/subscribers/bulk", {"subscribers": [{}] * 501}, 422, "subscribers"),
    *[
        (method, CREDENTIALS, body, 422, field)
        for method in ("PUT", "PATCH")
        for body, field in (
            ({}, "providerId"),
            ({"providerId": "fax", "credentials": {}}, "providerId"),
            ({"providerId": "telegram"}, "credentials"),
            ({"providerId": "telegram", "credentials": "42"}, "credentials"),
        )
    ],
    # topics
    ("POST", "/v2/topics", {}, 422, "key"),
    ("POST", "/v2/topics", {"key": 7}, 422, "key"),
    ("POST", "/v2/topics", {"key": "k" * 101}, 422, "key"),
    ("POST", "/v2/topics", {"key": "k" * 100 + " "}, 422, "key"),
    ("POST", "/v2/topics", {"key": " "}, 422, "key"),
    ("POST", "/v2/topics", {"key": "a", "name": 7}, 422, "name"),
    ("PATCH", TOPIC, {"name": 7}, 422, "name"),
    ("PATCH", TOPIC, {"name": "n" * 201}, 422, "name"),
    ("POST", f"{TOPIC}/subscriptions", {}, 422, "subscriberIds"),
    (
        "POST",
        f"{TOPIC}/subscriptions",
        {"subscriptions": [{}]},
        422,
        "subscriptions.0.subscriberId",
    ),
    ("POST", f"{TOPIC}/subscriptions", {"subscriptions": ["a"] * 101}, 422, "subscriptions"),
    ("DELETE", f"{TOPIC}/subscriptions", {}, 422, "subscriberIds"),
    # queries
    ("GET", "/v2/subscribers?limit=two", None, 400, "limit"),
    ("GET", "/v2/subscribers?after=x", None, 400, "after"),
    ("GET", "/v2/subscribers?orderBy=phone", None, 400, "orderBy"),
    ("GET", "/v2/topics?includeCursor=maybe", None, 400, "includeCursor"),
    ("GET", "/v1/notifications?after=yesterday", None, 400, "after"),
    ("GET", "/v1/notifications?page=x", None, 400, "page"),
    ("GET", "/v1/notifications?language=fr", None, 400, "language"),
    ("GET", f"{PERSON}/notifications?read=maybe", None, 400, "read"),
    ("GET", f"{PERSON}/notifications/count?filters=x", None, 400, "filters"),
    ("GET", f"{PERSON}/notifications/count?filters={DEEP}", None, 400, "filters"),
]
#: Routes that take a body, with a body that is good: what is broken around it must be refused.
WRITES = [
    pytest.param(call, id=f"{call.method} {call.path}")
    for calls in API.values()
    for call in calls[:1] + tuple(c for c in calls[1:] if c.method != calls[0].method)
    if call.method in ("POST", "PATCH", "PUT") and not call.path.startswith("/v1/tenants")
    and not call.path.endswith("read")
]  # fmt: skip
BROKEN = {
    b"{": 400,
    b"[]": 400,
    b'{"a": NaN}': 400,
    b'{"a": 1e999}': 400,
    b"\xff": 400,
    b'{"a": "\\u0000"}': 400,
    b'{"a":' * 40 + b"1" + b"}" * 40: 400,
    b'{"a": "' + b"x" * 512 * 1024 + b'"}': 413,
}


@pytest.fixture(scope="module")
def alice(django_db_setup, django_db_blocker):
    """The salon that is called."""
    with django_db_blocker.unblock():
        yield plant()
        forget_open_work()


@pytest.fixture(scope="module")
def names(alice):
    """Her things, and a workflow with a variable that must be given."""
    found = Names(alice)
    found.known["strict"] = strict_workflow(alice)
    return found


@pytest.fixture
def untouched(alice, names):
    """Her rows, as they must stay."""
    return snapshot(alice.tenant)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [pytest.param(*row, id=f"{row[0]} {row[1]} {row[4]} {n}") for n, row in enumerate(FIELDS)],
)
def test_a_wrong_field_is_named_and_nothing_is_written(
    alice, names, untouched, method, path, body, status, field
):
    answer = Api(alice.keys["live"]).call(method, names.fill(path), names.fill(body))

    told = answer.json()
    assert answer.status_code == told.get("statusCode") == status, told
    assert field in fields_of(told), told
    assert snapshot(alice.tenant) == untouched


@pytest.mark.parametrize("call", WRITES)
def test_a_body_that_is_no_sound_json_is_refused(alice, names, untouched, call):
    api, path = Api(alice.keys["live"]), names.fill(call.path)

    for raw, status in BROKEN.items():
        answer = api.call(call.method, path, raw=raw)
        assert answer.status_code == answer.json()["statusCode"] == status, raw[:20]
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = api.call(call.method, path, raw=b"a=1", Content_Type=kind)
        assert answer.status_code == 415, kind
    assert snapshot(alice.tenant) == untouched


@pytest.mark.parametrize("call", WRITES)
def test_a_nul_is_refused_by_its_field(alice, names, untouched, call):
    raw = b'{"payload": {"list": [{"note": "a\\u0000"}]}}'

    answer = Api(alice.keys["live"]).call(call.method, names.fill(call.path), raw=raw)

    assert answer.status_code == 400
    assert "payload.list.0.note" in fields_of(answer.json())
    assert snapshot(alice.tenant) == untouched


@pytest.mark.parametrize("call", WRITES)
def test_a_key_of_another_scope_is_403(alice, names, untouched, call):
    key = ApiKeyFactory.create(tenant=alice.tenant, scopes=["nothing:read"])
    with_key = snapshot(alice.tenant)

    answer = Api(key.text).call(call.method, names.fill(call.path), names.fill(call.body))

    assert answer.status_code == 403
    assert "scope" in answer.json()["message"]
    assert snapshot(alice.tenant) == with_key
    forget_key(key)
    assert snapshot(alice.tenant) == untouched


def test_every_writing_route_of_the_api_is_tried():
    tried = {row[1] for row in FIELDS} | {p.values[0].path for p in WRITES}

    for calls in API.values():
        for call in calls:
            if call.method in ("POST", "PATCH", "PUT") and not call.path.startswith("/v1/tenants"):
                assert call.path in tried or call.path.endswith("read"), call.path


def test_a_bad_element_of_a_bulk_is_named_in_its_place(alice, names, untouched):
    api = Api(alice.keys["live"])

    events = api.post(
        "/v1/events/trigger/bulk", {"events": [7, event(name="nothing"), to(phone="1")]}
    )
    people = api.post(
        "/v1/subscribers/bulk", {"subscribers": [7, {"subscriberId": "a", "phone": "1"}]}
    )

    assert [one["status"] for one in events.json()["data"]] == ["error"] * 3
    assert "phone" in events.json()["data"][2]["error"][0]
    failed = people.json()["data"]["failed"]
    assert [list(one["errors"]) for one in failed] == [["subscribers.0"], ["subscribers.1.phone"]]
    assert snapshot(alice.tenant) == untouched


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_a_wrong_method_is_405(alice, method):
    answer = Api(alice.keys["live"]).call(method, TRIGGER, {})

    assert answer.status_code == 405


def fields_of(told):
    """Name the fields of a refusal in either shape of the contract."""
    errors = told.get("errors", {})
    return set(errors) if isinstance(errors, dict) else {one["field"] for one in errors}


def strict_workflow(one):
    """Publish a workflow whose payload must name the client."""
    schema = {"type": "object", "required": ["clientName"]}
    with tenant_scope(one.tenant.pk):
        workflow = Workflow.objects.create(
            tenant=one.tenant, identifier="strict", name_ru="strict", payload_schema=schema
        )
        template = one.of("notifications.MessageTemplate")
        Step.objects.create(
            tenant=one.tenant, workflow=workflow, key="one", kind="in_app", template=template
        )
        publish_workflow(workflow)
    return "strict"


def forget_key(key):
    with tenant_scope(key.tenant_id):
        ApiKey.objects.filter(pk=key.pk).delete()
