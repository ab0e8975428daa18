"""Who may call which route, and what is asked of it? The access table of the API.

A row is one method of one route. `{client}` and its like in a path or a body name salon A's own
things; they are filled in by `fill`. The statuses: of the salon's own live key, of its test key, of
another salon's live key and of the platform's key that names the salon. Nobody, an expired and a
revoked key get 401 on every one of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.isolation.tables import Planted


@dataclass(frozen=True)
class Call:
    """One way of calling a route, and what each caller gets."""

    method: str
    path: str
    body: Any = None
    live: int = 200
    test: int = 403
    foreign: int = 404
    platform: int | None = None  # as the live key, unless said

    @property
    def by_platform(self) -> int:
        """Tell what the operator's key gets when it names the salon."""
        return self.live if self.platform is None else self.platform


def listing(path: str) -> Call:
    """Make the row of a list: everybody gets the list of what is his."""
    return Call("GET", path, test=200, foreign=200)


def making(path: str, body: Any, method: str = "POST", status: int = 201) -> Call:
    """Make the row of a call that writes by name into the caller's own salon."""
    return Call(method, path, body, live=status, test=status, foreign=status)


_PERSON = {"subscriberId": "{client}", "firstName": "Mine"}
_CHAT = {"providerId": "telegram", "credentials": {"chatId": "42"}}
_CONSENT = {"purpose": "advertising", "given": False}
_SUBSCRIBER = "/v1/subscribers/{client}"
_NEW = "/v2/subscribers/{client}"
_TOPIC = "/v2/topics/{topic}"
_MESSAGE = f"{_NEW}/notifications/{{message}}"
_FLOW = "/v1/workflows/{workflow}"
_DRAFT = {
    "workflow": {"name": {"en": "Mine"}, "steps": [{"key": "hook", "kind": "webhook"}]},
}
_CASE = "/v1/escalations/{case_pk}"
_WORDS = {"channel": "sms", "text": "Mine", "to": "{client}"}
_EVENT = {"name": "{workflow}", "to": "{client}", "payload": {}}

_LISTED = {"channel": "email", "value": "{mail}"}
_HOOK = "/v1/webhooks/{webhook_pk}"

_BOT = {"providerId": "telegram", "identifier": "{bot}", "credentials": {"token": "1:a"}}

#: Route of the resolver -> its calls. A route that is not here fails the test.
API: Mapping[str, tuple[Call, ...]] = {
    "v1/tenants": (
        Call(
            "POST",
            "/v1/tenants",
            {"identifier": "{salon}", "name": "Mine"},
            live=403,
            test=403,
            foreign=403,
            platform=200,
        ),
    ),
    "v1/tenants/<str:identifier>": (
        Call("GET", "/v1/tenants/{salon}", test=200),
        Call(
            "PATCH",
            "/v1/tenants/{salon}",
            {"limits": {}},
            live=403,
            test=403,
            foreign=403,
            platform=200,
        ),
    ),
    "v1/subscribers": (
        listing("/v1/subscribers"),
        listing("/v1/subscribers?subscriberId={client}"),
        making("/v1/subscribers", _PERSON),
    ),
    "v1/subscribers/bulk": (making("/v1/subscribers/bulk", {"subscribers": [_PERSON]}),),
    "v1/subscribers/<str:subscriber_id>": (
        Call("GET", _SUBSCRIBER),
        Call("PUT", _SUBSCRIBER, {"firstName": "Mine"}),
        Call("PATCH", _SUBSCRIBER, {"firstName": "Mine"}),
        Call("DELETE", _SUBSCRIBER),
    ),
    "v1/subscribers/<str:subscriber_id>/credentials": (
        Call("PUT", f"{_SUBSCRIBER}/credentials", _CHAT),
        Call("PATCH", f"{_SUBSCRIBER}/credentials", _CHAT),
    ),
    "v1/subscribers/<str:subscriber_id>/credentials/<str:provider_id>": (
        Call("DELETE", f"{_SUBSCRIBER}/credentials/telegram", live=204),
    ),
    "v1/subscribers/<str:subscriber_id>/consents": (
        Call("GET", f"{_SUBSCRIBER}/consents"),
        Call("POST", f"{_SUBSCRIBER}/consents", _CONSENT, live=201),
    ),
    "v1/subscribers/<str:subscriber_id>/links": (
        Call("POST", f"{_SUBSCRIBER}/links", {}, live=201),
        Call("POST", f"{_SUBSCRIBER}/links", {"channels": ["telegram"]}, live=201),
    ),
    "v2/subscribers": (
        listing("/v2/subscribers"),
        listing("/v2/subscribers?name=first"),
        listing("/v2/subscribers?email={mail}"),
        listing("/v2/subscribers?after={client_pk}&includeCursor=true"),
        Call("GET", "/v2/subscribers?before={client_pk}&orderBy=updatedAt", test=400, foreign=400),
        making("/v2/subscribers", _PERSON),
    ),
    "v2/subscribers/<str:subscriber_id>": (
        Call("GET", _NEW),
        Call("PATCH", _NEW, {"firstName": "Mine"}),
        Call("DELETE", _NEW),
    ),
    "v2/subscribers/<str:subscriber_id>/subscriptions": (Call("GET", f"{_NEW}/subscriptions"),),
    "v2/topics": (
        listing("/v2/topics"),
        listing("/v2/topics?key={topic}"),
        listing("/v2/topics?name=list"),
        listing("/v2/topics?after={topic_pk}&includeCursor=true"),
        Call("POST", "/v2/topics", {"key": "{topic}"}, live=200, test=201, foreign=201),
    ),
    "v2/topics/<str:key>": (
        Call("GET", _TOPIC),
        Call("PATCH", _TOPIC, {"name": "Mine"}),
        Call("DELETE", _TOPIC),
    ),
    "v2/topics/<str:key>/subscriptions": (
        Call("GET", f"{_TOPIC}/subscriptions"),
        making(f"{_TOPIC}/subscriptions", {"subscriptions": ["{client}"]}),
        Call("DELETE", f"{_TOPIC}/subscriptions", {"subscriptions": ["{client}"]}),
    ),
    "v2/topics/<str:key>/subscriptions/<str:identifier>": (
        Call("GET", f"{_TOPIC}/subscriptions/{{client}}"),
        Call("GET", f"{_TOPIC}/subscriptions/{{member_pk}}"),
    ),
    "v1/topics/<str:key>/subscribers/<str:subscriber_id>": (
        Call("GET", "/v1/topics/{topic}/subscribers/{client}"),
    ),
    "v1/integrations": (
        listing("/v1/integrations"),
        Call("POST", "/v1/integrations", _BOT, live=409, foreign=201),
    ),
    "v1/integrations/active": (listing("/v1/integrations/active"),),
    "v1/integrations/<str:integration_id>": (
        Call("PUT", "/v1/integrations/{integration_pk}", {"name": "Mine"}),
        Call("PUT", "/v1/integrations/{bot}", {"name": "Mine"}),
        Call("DELETE", "/v1/integrations/{integration_pk}"),
    ),
    "v1/integrations/<str:integration_id>/set-primary": (
        Call("POST", "/v1/integrations/{integration_pk}/set-primary"),
    ),
    "v1/integrations/<str:integration_id>/check": (
        Call("POST", "/v1/integrations/{integration_pk}/check"),
    ),
    "v1/integrations/<str:integration_id>/domain": (
        Call("GET", "/v1/integrations/{integration_pk}/domain", live=422, test=404),
    ),
    "v1/integrations/<str:integration_id>/register": (
        Call("POST", "/v1/integrations/{integration_pk}/register"),
    ),
    "v1/subscribers/<str:subscriber_id>/preferences": (
        Call("GET", f"{_SUBSCRIBER}/preferences"),
        Call("PATCH", f"{_SUBSCRIBER}/preferences", {"enabled": True}),
    ),
    "v1/subscribers/<str:subscriber_id>/preferences/<str:workflow_id>": (
        Call("PATCH", f"{_SUBSCRIBER}/preferences/{{workflow}}", {"enabled": False}),
    ),
    "v2/subscribers/<str:subscriber_id>/preferences": (
        Call("GET", f"{_NEW}/preferences"),
        Call("PATCH", f"{_NEW}/preferences", {"channels": {"sms": False}}),
    ),
    "v2/subscribers/<str:subscriber_id>/preferences/bulk": (
        Call(
            "PATCH",
            f"{_NEW}/preferences/bulk",
            {"preferences": [{"workflowId": "{workflow}", "channels": {"sms": False}}]},
        ),
    ),
    "v1/suppressions": (
        Call("GET", "/v1/suppressions", foreign=200),
        Call("POST", "/v1/suppressions", {"entries": [_LISTED]}, live=201, foreign=201),
    ),
    "v1/suppressions/remove": (
        Call("POST", "/v1/suppressions/remove", {"entries": [_LISTED]}, foreign=200),
    ),
    "v1/stops": (
        Call("GET", "/v1/stops", foreign=200),
        Call("POST", "/v1/stops", {"category": "mk"}, live=201, foreign=201),
    ),
    "v1/stops/<str:stop_id>": (Call("DELETE", "/v1/stops/{stop_pk}"),),
    "v1/webhooks": (
        listing("/v1/webhooks"),
        making("/v1/webhooks", {"url": "https://mine.example/"}),
    ),
    "v1/webhooks/<str:webhook_id>": (
        Call("GET", _HOOK),
        Call("PATCH", _HOOK, {"description": "Mine"}),
        Call("DELETE", _HOOK, live=204),
    ),
    "v1/webhooks/<str:webhook_id>/rotate-secret": (Call("POST", f"{_HOOK}/rotate-secret"),),
    "v1/webhooks/<str:webhook_id>/test": (Call("POST", f"{_HOOK}/test", live=201),),
    "v1/webhooks/<str:webhook_id>/deliveries": (Call("GET", f"{_HOOK}/deliveries"),),
    "v1/webhooks/<str:webhook_id>/deliveries/<str:delivery_id>/resend": (
        Call("POST", f"{_HOOK}/deliveries/{{delivery_pk}}/resend"),
    ),
    "v1/webhooks/<str:webhook_id>/resend-failed": (
        Call("POST", f"{_HOOK}/resend-failed", {"since": "2026-01-01T00:00:00Z"}),
    ),
    "v1/events/trigger": (
        Call("POST", "/v1/events/trigger", _EVENT, live=201, test=201, foreign=422),
        Call(
            "POST",
            "/v1/events/trigger",
            {**_EVENT, "tenant": "{salon}"},
            live=201,
            test=201,
            foreign=403,
        ),
        Call(
            "POST",
            "/v1/events/trigger",
            {**_EVENT, "to": {"type": "Topic", "topicKey": "{topic}"}, "transactionId": "{tx}"},
            live=201,
            test=422,
            foreign=422,
        ),
    ),
    "v1/events/trigger/bulk": (making("/v1/events/trigger/bulk", {"events": [_EVENT]}),),
    "v1/events/trigger/broadcast": (
        Call(
            "POST",
            "/v1/events/trigger/broadcast",
            {"name": "{workflow}", "payload": {}},
            live=201,
            test=201,
            foreign=422,
        ),
    ),
    "v1/events/trigger/<str:transaction_id>": (
        Call("DELETE", "/v1/events/trigger/{tx}", test=200, foreign=200),
    ),
    "v1/notifications": (
        listing("/v1/notifications"),
        listing("/v1/notifications?transactionId={tx}"),
        listing("/v1/notifications?subscriberIds={client}&channels=in_app"),
        listing("/v1/notifications?search={client}"),
        listing("/v1/notifications?emails={mail}"),
        listing("/v1/notifications?topicKey={topic}"),
        listing("/v1/notifications?templates={workflow_pk}"),
    ),
    "v1/packs": (listing("/v1/packs"),),
    "v1/packs/<str:name>": (making("/v1/packs/business-events", None),),
    "v1/notifications/send": (
        Call("POST", "/v1/notifications/send", _EVENT, live=201, test=201, foreign=422),
        making("/v1/notifications/send", _WORDS),
    ),
    "v1/notifications/send-batch": (
        making("/v1/notifications/send-batch", {"messages": [_EVENT, _WORDS]}),
    ),
    "v1/notifications/schedule": (
        listing("/v1/notifications/schedule"),
        making("/v1/notifications/schedule", {**_WORDS, "delay": 3600}),
    ),
    "v1/notifications/schedule/<str:transaction_id>": (
        Call("DELETE", "/v1/notifications/schedule/{tx}", test=200, foreign=200),
    ),
    "v1/escalations": (
        listing("/v1/escalations"),
        listing("/v1/escalations?state=open&cause=manual"),
        listing("/v1/escalations?subscriberId={client}"),
        Call("POST", "/v1/escalations", {"subscriberId": "{client}"}, live=201, test=404),
    ),
    "v1/escalations/<str:escalation_id>": (Call("GET", _CASE, test=404),),
    "v1/escalations/<str:escalation_id>/take": (
        Call("POST", f"{_CASE}/take", {"by": "Mine"}, test=404),
    ),
    "v1/escalations/<str:escalation_id>/answer": (
        Call("POST", f"{_CASE}/answer", {"text": "Mine"}, test=404),
    ),
    "v1/escalations/<str:escalation_id>/close": (
        Call("POST", f"{_CASE}/close", {"by": "Mine"}, test=404),
    ),
    "v2/workflows": (listing("/v2/workflows"), listing("/v2/workflows?query={workflow}")),
    "v2/workflows/<str:workflow_id>": (
        Call("GET", "/v2/workflows/{workflow}", test=200),
        Call("GET", "/v2/workflows/{workflow_pk}", test=200),
    ),
    "v1/workflows": (listing("/v1/workflows"), listing("/v1/workflows?query={workflow}")),
    "v1/workflows/<str:workflow_id>": (
        Call("GET", f"{_FLOW}", test=200),
        Call("PUT", f"{_FLOW}", _DRAFT, foreign=200),
    ),
    "v1/workflows/<str:workflow_id>/publish": (Call("POST", f"{_FLOW}/publish", {}),),
    "v1/workflows/<str:workflow_id>/submit": (Call("POST", f"{_FLOW}/submit", {}),),
    "v1/workflows/<str:workflow_id>/dry-run": (
        Call("POST", f"{_FLOW}/dry-run", {"to": "{client}"}, test=200),
    ),
    "v1/external-deliveries": (
        listing("/v1/external-deliveries"),
        listing("/v1/external-deliveries?subscriberId={client}"),
    ),
    "v1/notifications/<str:notification_id>": (
        Call("GET", "/v1/notifications/{notification_pk}", test=403),
    ),
    "v1/subscribers/<str:subscriber_id>/notifications/feed": (
        Call("GET", f"{_SUBSCRIBER}/notifications/feed"),
    ),
    "v1/subscribers/<str:subscriber_id>/notifications/unseen": (
        Call("GET", f"{_SUBSCRIBER}/notifications/unseen"),
    ),
    "v2/subscribers/<str:subscriber_id>/notifications": (
        Call("GET", f"{_NEW}/notifications"),
        Call("GET", f"{_NEW}/notifications?after={{message}}"),
    ),
    "v2/subscribers/<str:subscriber_id>/notifications/count": (
        Call("GET", f"{_NEW}/notifications/count?filters=[{{{{}}}}]"),
    ),
    "v2/subscribers/<str:subscriber_id>/notifications/<str:notification_id>/read": (
        Call("PATCH", f"{_MESSAGE}/read"),
    ),
    "v2/subscribers/<str:subscriber_id>/notifications/<str:notification_id>/unread": (
        Call("PATCH", f"{_MESSAGE}/unread"),
    ),
}


@dataclass
class Names:
    """What a salon's own software knows of its things, by the names of the table's braces."""

    of: Planted
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        one = self.of
        self.known = {
            "salon": one.tenant.slug,
            "client": one.word("client"),
            "client_pk": str(one.of("tenants.Subscriber").pk),
            "mail": one.of("tenants.Address").value,
            "topic": one.word("topic"),
            "topic_pk": str(one.of("tenants.Topic").pk),
            "member_pk": str(one.of("tenants.TopicMember").pk),
            "integration_pk": str(one.of("channels.Integration").pk),
            "bot": one.word("bot"),
            "workflow": one.word("visit"),
            "workflow_pk": str(one.of("notifications.Workflow").pk),
            "notification_pk": str(one.of("notifications.Notification").pk),
            "message": str(one.of("notifications.Message").pk),
            "stop_pk": str(one.of("notifications.Stop").pk),
            "webhook_pk": str(one.of("notifications.WebhookEndpoint").pk),
            "delivery_pk": str(one.of("notifications.WebhookDelivery").pk),
            "case_pk": str(one.of("notifications.Escalation").pk),
            "tx": one.word("tx"),
        }

    def fill(self, value: Any) -> Any:
        """Put the salon's names into a path or a body."""
        if isinstance(value, str):
            return value.format(**self.known)
        if isinstance(value, dict):
            return {key: self.fill(item) for key, item in value.items()}
        return [self.fill(item) for item in value] if isinstance(value, list) else value

    def strip(self, text: str) -> str:
        """Take out of an answer what the caller has sent himself."""
        for word in sorted(self.known.values(), key=len, reverse=True):
            text = text.replace(word, "…")
        return text
