"""On which list does every table with salons' rows stand, and how is a row of it made?

`TABLES` is that list, `PLAIN` names the tables that hold no salon's rows. Each text of a row holds
the salon's canary.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db.models import Model

from channels.integrations import add_integration
from channels.models import (
    ChannelRule,
    Integration,
    PhoneMessage,
    PhoneSwitch,
    SenderName,
    WhatsAppTemplate,
)
from channels.secrets import encrypt
from notifications.models import (
    Chunk,
    Counter,
    DeadLetter,
    DeskThread,
    Digest,
    Due,
    Escalation,
    EscalationLine,
    Event,
    EventKey,
    ExternalDelivery,
    FanOut,
    LogEntry,
    Message,
    MessageTemplate,
    Notification,
    Preference,
    Range,
    ReceivedCallback,
    Step,
    Stop,
    TemplateVersion,
    WebhookDelivery,
    WebhookEndpoint,
    Workflow,
)
from notifications.publishing import publish_template, publish_workflow
from tenants.ids import uuid7
from tenants.members import add_member
from tenants.models import (
    Address,
    Consent,
    LinkToken,
    Location,
    Member,
    StoredResponse,
    Subscriber,
    Suppression,
    Tenant,
    Topic,
    TopicMember,
    User,
)
from tests.factories import ApiKeyFactory

PASSWORD = "колокольчик-звенит"
FAR_AHEAD = timedelta(days=300)


@dataclass
class Planted:
    """A salon with its canary. rows: table -> its row. keys: live, test, expired, revoked."""

    canary: str
    rows: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def word(self, prefix: str) -> str:
        """Give a text of this salon."""
        return f"{prefix}-{self.canary}"

    def of(self, table: str) -> Any:
        """Give the salon's row of a table."""
        return self.rows[table]

    @property
    def tenant(self) -> Tenant:
        """Give the salon itself."""
        return self.rows["tenants.Tenant"]  # type: ignore[no-any-return]  # of any model

    @property
    def owner(self) -> User:
        """Give the salon's owner."""
        return self.rows["tenants.Member"].user  # type: ignore[no-any-return]

    @property
    def marks(self) -> set[str]:
        """Name what nobody else may see: the canary, keys, the ids of its rows."""
        ids = {str(row.pk) for row in self.rows.values() if len(str(row.pk)) == 36}
        return ids | {self.canary} | set(self.keys.values())


@dataclass(frozen=True)
class Table:
    """How a row is made, and what the roles may do: app and worker; the platform's own."""

    make: Callable[[Planted], Any]
    verbs: str = "select insert update delete"
    platform: str = ""
    column: str = "tenant_id"


def _make(model: type[Model], one: Planted, **values: Any) -> Any:
    return model._default_manager.create(tenant_id=one.tenant.pk, **values)


def _member(one: Planted) -> Member:
    login, name = one.word("owner"), one.word("person")
    return add_member(one.tenant.pk, "owner", login=login, password=PASSWORD, name=name)


def _key(one: Planted) -> Any:
    key = ApiKeyFactory.create(tenant=one.tenant, rotate_after=datetime(2020, 1, 1, tzinfo=UTC))
    one.keys["live"] = key.text
    return key


def _integration(one: Planted) -> Integration:
    secrets = {
        "token": f"7000000001:AA{one.canary}-{uuid4().hex}",
        "api_base": "https://127.0.0.1:9",  # so that nobody outside is ever asked
    }
    return add_integration(
        one.tenant.pk, "telegram", secrets, identifier=one.word("bot"), name=one.word("account")
    )


def _workflow(one: Planted) -> Workflow:
    workflow: Workflow = _make(
        Workflow,
        one,
        identifier=one.word("visit"),
        name_ru=one.word("scenario"),
        payload_schema={"type": "object", "properties": {"note": {"type": "string"}}},
    )
    one.rows["notifications.Step"] = _make(
        Step,
        one,
        workflow=workflow,
        key=one.word("step"),
        kind="in_app",
        template=one.of("notifications.MessageTemplate"),
    )
    one.rows["notifications.WorkflowVersion"] = publish_workflow(workflow)
    workflow.refresh_from_db()
    return workflow


def _template(one: Planted) -> MessageTemplate:
    return _make(  # type: ignore[no-any-return]  # of any model
        MessageTemplate,
        one,
        key=one.word("text"),
        name=one.word("template"),
        title_ru=one.word("title"),
        body_ru=one.word("words"),
    )


def _version(one: Planted) -> TemplateVersion:
    version = publish_template(one.of("notifications.MessageTemplate"))
    one.of("notifications.MessageTemplate").refresh_from_db()
    return version


def _event(one: Planted) -> Event:
    workflow = one.of("notifications.Workflow")
    return _make(  # type: ignore[no-any-return]
        Event,
        one,
        mode="live",
        transaction_id=one.word("tx"),
        workflow=workflow,
        version_id=workflow.published_id,
        payload={"note": one.word("payload")},
        recipients=[one.word("client"), {"type": "Topic", "topicKey": one.word("topic")}],
        queue=0,
        due_at=datetime.now(UTC) + FAR_AHEAD,
    )


def _message(one: Planted) -> Message:
    return _make(  # type: ignore[no-any-return]
        Message,
        one,
        notification=one.of("notifications.Notification"),
        integration_id=one.of("channels.Integration").pk,
        channel="in_app",
        provider="telegram",
        step=0,
        state="sent",
        provider_id=one.word("receipt"),
        language="ru",
        address=one.word("masked"),
        title=one.word("heading"),
        body=one.word("letter"),
    )


def _later() -> dict[str, Any]:
    return {"queue": 3, "due_at": datetime.now(UTC) + FAR_AHEAD}


DELIVERY = "select insert update"
#: Parents first: a row is made from those above it.
TABLES: dict[str, Table] = {
    "tenants.Tenant": Table(lambda s: s.tenant, DELIVERY, "select", "id"),
    "tenants.Location": Table(
        lambda s: _make(Location, s, name=s.word("place"), identifier=s.word("at"))
    ),
    "tenants.Member": Table(_member),
    "tenants.ApiKey": Table(_key),
    "tenants.StoredResponse": Table(
        lambda s: _make(
            StoredResponse,
            s,
            key=s.word("idem"),
            mode="live",
            body_digest="0" * 64,
            status=201,
            body=s.word("answer"),
        )
    ),
    "tenants.Subscriber": Table(
        lambda s: _make(
            Subscriber,
            s,
            subscriber_id=s.word("client"),
            first_name=s.word("first"),
            last_name=s.word("last"),
            data={"note": s.word("attribute")},
        )
    ),
    "tenants.Address": Table(
        lambda s: _make(
            Address,
            s,
            subscriber=s.of("tenants.Subscriber"),
            kind="email",
            value=f"mail@{s.canary}.example",
        )
    ),
    "tenants.Topic": Table(lambda s: _make(Topic, s, key=s.word("topic"), name=s.word("list"))),
    "tenants.TopicMember": Table(
        lambda s: _make(
            TopicMember,
            s,
            topic=s.of("tenants.Topic"),
            subscriber=s.of("tenants.Subscriber"),
        )
    ),
    "tenants.Consent": Table(
        lambda s: _make(
            Consent,
            s,
            subscriber=s.of("tenants.Subscriber"),
            purpose="advertising",
            given=True,
            text_version=s.canary,
            source="api",
            actor=s.word("key"),
            evidence=s.word("form"),
            at=datetime.now(UTC),
        ),
        "select insert",
    ),
    "tenants.Suppression": Table(
        lambda s: _make(Suppression, s, kind="telegram", value=s.word("chat"), note=s.word("list"))
    ),
    "tenants.LinkToken": Table(
        lambda s: _make(
            LinkToken,
            s,
            subscriber=s.of("tenants.Subscriber"),
            channel="telegram",
            digest=s.word("digest"),
            expires_at=datetime.now(UTC) + FAR_AHEAD,
        )
    ),
    "channels.Integration": Table(_integration),
    "channels.PhoneMessage": Table(
        lambda s: _make(
            PhoneMessage,
            s,
            message_id=uuid7(),
            integration_id=s.of("channels.Integration").pk,
            channel="email",
            address=f"mail@{s.canary}.example",
            content={
                "body": s.word("seen"),
                "html": s.word("<p>letter</p>"),
                "buttons": [{"text": s.word("button"), "action": "confirm"}],
            },
        )
    ),
    "channels.PhoneSwitch": Table(
        lambda s: _make(
            PhoneSwitch, s, subscriber_id=s.of("tenants.Subscriber").pk, fault="no_network"
        )
    ),
    "channels.ChannelRule": Table(lambda s: _make(ChannelRule, s, target="vk", may_mk=False)),
    "channels.SenderName": Table(
        lambda s: _make(
            SenderName, s, integration=s.of("channels.Integration"), sender=s.canary[:15]
        )
    ),
    "channels.WhatsAppTemplate": Table(
        lambda s: _make(
            WhatsAppTemplate,
            s,
            integration=s.of("channels.Integration"),
            name=s.canary,
            body=s.word("approved"),
            submitted_name=f"{s.canary}_1",
        )
    ),
    "notifications.MessageTemplate": Table(_template),
    "notifications.TemplateVersion": Table(_version),
    "notifications.Workflow": Table(_workflow),
    "notifications.Step": Table(lambda s: s.of("notifications.Step")),
    "notifications.WorkflowVersion": Table(lambda s: s.of("notifications.WorkflowVersion")),
    "notifications.Event": Table(_event, DELIVERY),
    "notifications.EventKey": Table(
        lambda s: _make(
            EventKey,
            s,
            mode="live",
            transaction_id=s.word("tx"),
            event_id=s.of("notifications.Event").pk,
        )
    ),
    "notifications.Notification": Table(
        lambda s: _make(
            Notification,
            s,
            event=s.of("notifications.Event"),
            subscriber=s.of("tenants.Subscriber"),
            state="delayed",
            reason=s.word("why"),
        ),
        DELIVERY,
    ),
    "notifications.Message": Table(_message, DELIVERY),
    "notifications.LogEntry": Table(
        lambda s: _make(
            LogEntry,
            s,
            notification=s.of("notifications.Notification"),
            message_id=s.of("notifications.Message").pk,
            step=0,
            status="sent",
            detail=s.word("detail"),
        ),
        "select insert",
    ),
    "notifications.Due": Table(
        lambda s: _make(
            Due, s, notification=s.of("notifications.Notification"), state=0, **_later()
        ),
        platform="select update",
    ),
    "notifications.Chunk": Table(
        lambda s: _make(
            Chunk,
            s,
            event_id=s.of("notifications.Event").pk,
            taken_to=uuid7(),
            last=uuid7(),
            **_later(),
        ),
        platform="select update delete",
    ),
    "notifications.Range": Table(
        lambda s: _make(
            Range,
            s,
            event_id=s.of("notifications.Event").pk,
            chunk_id=s.of("notifications.Chunk").pk,
            batch_id=uuid7(),
            after=uuid7(),
            last=uuid7(),
            remaining=1,
            **_later(),
        ),
    ),
    "notifications.FanOut": Table(
        lambda s: _make(
            FanOut,
            s,
            event_id=s.of("notifications.Event").pk,
            topic_id=s.of("tenants.Topic").pk,
            exclude=[s.word("but")],
            queue=3,
        ),
        platform="select",
    ),
    "notifications.DeadLetter": Table(
        lambda s: _make(
            DeadLetter,
            s,
            notification=s.of("notifications.Notification"),
            step=0,
            queue=3,
            reason=s.word("dead"),
            detail=s.word("because"),
        )
    ),
    "notifications.Counter": Table(
        lambda s: _make(Counter, s, id=uuid4(), ends_at=datetime.now(UTC) + FAR_AHEAD)
    ),
    "notifications.Preference": Table(
        lambda s: _make(
            Preference,
            s,
            subscriber=s.of("tenants.Subscriber"),
            workflow=s.of("notifications.Workflow"),
            channel="push",
        )
    ),
    "notifications.Stop": Table(
        lambda s: _make(Stop, s, channel="ntfy", note=s.word("why"), started_by=s.word("by")),
        DELIVERY,
    ),
    "notifications.Digest": Table(
        lambda s: _make(
            Digest,
            s,
            notification_id=s.of("notifications.Notification").pk,
            subscriber_id=s.of("tenants.Subscriber").pk,
            key=uuid4(),
            step=s.word("digest"),
            members=[s.of("notifications.Notification").pk],
            closes_at=datetime.now(UTC) + FAR_AHEAD,
        )
    ),
    "notifications.ReceivedCallback": Table(
        lambda s: _make(
            ReceivedCallback,
            s,
            integration_id=s.of("channels.Integration").pk,
            key=s.word("told"),
            event={"type": "inbound", "value": s.word("reply")},
            due_at=datetime.now(UTC) + FAR_AHEAD,
        ),
        platform="select",
    ),
    "notifications.Escalation": Table(
        lambda s: _make(
            Escalation,
            s,
            cause="manual",
            subscriber=s.of("tenants.Subscriber"),
            subject_type="visit",
            subject_id=s.word("visit"),
            closed_by=s.word("master"),
            opened_at=datetime.now(UTC),
            changed_at=datetime.now(UTC),
            deadline_at=datetime.now(UTC) + FAR_AHEAD,
            told_at=datetime.now(UTC),
        )
    ),
    "notifications.EscalationLine": Table(
        lambda s: _make(
            EscalationLine,
            s,
            escalation=s.of("notifications.Escalation"),
            kind="wrote",
            text=s.word("plea"),
            at=datetime.now(UTC),
        )
    ),
    "notifications.DeskThread": Table(
        lambda s: _make(
            DeskThread,
            s,
            integration=s.of("channels.Integration"),
            subscriber=s.of("tenants.Subscriber"),
            inbox="7",
            conversation=s.canary,
            used_at=datetime.now(UTC),
        )
    ),
    "notifications.ExternalDelivery": Table(
        lambda s: _make(
            ExternalDelivery,
            s,
            integration_id=s.of("channels.Integration").pk,
            key=s.word("evt"),
            event="message.failed",
            external_id=s.word("novu"),
            workflow=s.word("scenario"),
            subscriber_key=s.word("client"),
            error=s.word("error"),
            at=datetime.now(UTC),
            raw={"note": s.word("raw")},
        )
    ),
    "notifications.WebhookEndpoint": Table(
        lambda s: _make(
            WebhookEndpoint,
            s,
            url=f"https://{s.canary}.example/hook",
            description=s.word("endpoint"),
            secrets=encrypt({"current": f"whsec_{b64encode(s.canary.encode() * 2).decode()}"}),
        )
    ),
    "notifications.WebhookDelivery": Table(
        lambda s: _make(
            WebhookDelivery,
            s,
            endpoint=s.of("notifications.WebhookEndpoint"),
            event_id=uuid7(),
            type="message.failed",
            body=json.dumps({"type": "message.failed", "data": {"workflow": s.word("visit")}}),
            state="failed",
            due_at=datetime.now(UTC) + FAR_AHEAD,
            answer=s.word("refused"),
        )
    ),
}

#: Tables of ours that hold no salon's rows, and why they need no row-level security.
PLAIN: dict[str, str] = {
    "tenants.User": "who logs in, also the platform's staff; its screen is the platform's",
    "tenants.User_groups": "Django's own; unused: rights come from roles in salons",
    "tenants.User_user_permissions": "Django's own; unused",
    "tenants.PlatformKey": "the operator's keys; their screen is the platform's",
    "notifications.Batch": "a lease: an id, a worker's name, a moment",
}

#: The platform's own tables under row-level security: salons use their rows and read no secrets.
GUARDED = {"channels.DefaultIntegration": "credentials"}  # -> the column that no salon reads

#: The platform's own tables that salons may read whole.
OPEN = frozenset({"notifications.PlatformStop"})

#: The platform's own tables that no salon may even look at: rows that are nobody's yet.
CLOSED = frozenset({"notifications.LentCallback"})
