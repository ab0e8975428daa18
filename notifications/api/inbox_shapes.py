"""How does an in-app message look in the wire contract's words? INBOX and FEED."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from notifications.models import Message, Workflow
from tenants.api.shapes import owner
from tenants.bodies import iso, present
from tenants.ids import created_at
from tenants.models import Subscriber

Json = dict[str, Any]
Workflows = Mapping[UUID, Workflow]


def workflows_of(tenant_id: UUID, messages: Sequence[Message]) -> Workflows:
    """Load the workflows that messages came from; one that was deleted is missing."""
    ids = {message.notification.event.workflow_id for message in messages}
    rows = Workflow.objects.filter(tenant_id=tenant_id, pk__in=ids)
    return {row.pk: row for row in rows}


def inbox_row(message: Message, person: Subscriber, workflows: Workflows) -> Json:
    """INBOX."""
    extra = message.extra or {}
    event = message.notification.event
    row: Json = {
        "id": str(message.pk),
        "transactionId": event.transaction_id,
        "body": message.body,
        "to": _person(person, "id"),
        "isRead": "read_at" in extra,
        "isSeen": "seen_at" in extra,
        "isArchived": False,
        "isSnoozed": False,
        "createdAt": iso(created_at(message.pk)),
        "deliveredAt": [iso(created_at(message.pk))],
        "readAt": extra.get("read_at"),
        "firstSeenAt": extra.get("seen_at"),
        "archivedAt": None,
        "snoozedUntil": None,
        "channelType": "in_app",
        "severity": "none",
        "tags": [],
        "data": {},
    }
    row |= present({"subject": message.title, "avatar": person.avatar})
    row |= dict(zip(("primaryAction", "secondaryAction"), _actions(extra), strict=False))
    workflow = workflows.get(event.workflow_id)
    return row | ({"workflow": _workflow(workflow, message.language)} if workflow else {})


def feed_row(message: Message, person: Subscriber, workflows: Workflows, mode: str) -> Json:
    """FEED, the old form."""
    extra = message.extra or {}
    event = message.notification.event
    workflow = workflows.get(event.workflow_id)
    moment = iso(created_at(message.pk))
    return {
        "_id": str(message.pk),
        "_templateId": str(event.workflow_id),
        **owner(message.tenant_id, mode),
        "_notificationId": str(message.notification_id),
        "_subscriberId": str(person.pk),
        "_jobId": f"{message.notification_id}-{message.step}",
        "transactionId": event.transaction_id,
        "subscriber": _person(person, "_id"),
        "createdAt": moment,
        "updatedAt": extra.get("read_at") or moment,
        "subject": message.title,
        "content": message.body,
        "channel": "in_app",
        "read": "read_at" in extra,
        "seen": "seen_at" in extra,
        "archived": False,
        "cta": {},
        "status": "sent",
        "payload": event.payload,
    } | present({"templateIdentifier": workflow.identifier if workflow else None})


def _person(person: Subscriber, name: str) -> Json:
    row = {name: str(person.pk), "subscriberId": person.subscriber_id}
    return row | present({"firstName": person.first_name, "lastName": person.last_name})


def _actions(extra: Mapping[str, Any]) -> list[Json]:
    answered = (extra.get("answer") or {}).get("action")
    return [
        {
            "label": button.get("text", ""),
            "isCompleted": bool(button.get("action")) and button.get("action") == answered,
        }
        | ({"redirect": {"url": button["url"]}} if button.get("url") else {})
        for button in extra.get("buttons") or ()
    ]


def _workflow(workflow: Workflow, language: str) -> Json:
    return {
        "id": str(workflow.pk),
        "identifier": workflow.identifier,
        "name": getattr(workflow, f"name_{language}", "") or workflow.identifier,
        "critical": workflow.is_critical,
        "tags": [],
        "severity": "none",
    }
