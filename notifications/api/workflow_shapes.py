"""How does a workflow look on the wire? As Novu's clients read it, and whole, with its texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from notifications.exporting import export_workflows
from notifications.models import Step, Workflow
from tenants.bodies import iso, present

Json = dict[str, Any]

#: Our kinds of steps that Novu's clients know by this or another name; the others are "custom".
TYPES = {
    **{name: name for name in ("in_app", "email", "sms", "chat", "push")},
    **{name: name for name in ("delay", "digest", "throttle")},
    "webhook": "http_request",
}
STEP: Json = {
    "_id": "0190…",
    "stepId": "message",
    "slug": "message_st_0190…",
    "name": "message",
    "type": "chat",
    "origin": "novu-cloud",
    "workflowId": "order-shipped",
    "workflowDatabaseId": "0190…",
    "controls": {"values": {}},
    "variables": {},
}
ROW: Json = {
    "_id": "0190…",
    "workflowId": "order-shipped",
    "slug": "order-shipped_wf_0190…",
    "name": "Order shipped",
    "status": "ACTIVE",
    "origin": "novu-cloud",
    "createdAt": "2026-11-21T09:00:00.000Z",
    "updatedAt": "2026-11-21T09:00:00.000Z",
    "stepTypeOverviews": ["chat"],
    "steps": [{"slug": "message_st_0190…", "type": "chat"}],
}
DOCUMENT: Json = {
    "workflow": {
        "identifier": "order-shipped",
        "name": {"en": "Order shipped"},
        "active": True,
        "category": "tx",
        "priority": "high",
        "payload_schema": {"type": "object", "required": ["orderId"]},
        "steps": [
            {"key": "message", "kind": "chat", "channels": ["telegram"], "template": "shipped"}
        ],
    },
    "templates": [{"key": "shipped", "name": "Shipped", "en": {"body": "{{ orderId }} is sent"}}],
}
OWN: Json = {
    "_id": "0190…",
    "identifier": "order-shipped",
    "name": "Order shipped",
    "state": "review",
    "active": True,
    "category": "tx",
    "priority": "high",
    "version": 3,
    "publishedAt": "2026-11-21T09:00:00.000Z",
    "submittedAt": "2026-11-21T10:00:00.000Z",
    "updatedAt": "2026-11-21T10:00:00.000Z",
}
WHOLE: Json = {"state": "published", "version": 3, "draft": DOCUMENT, "published": DOCUMENT}
REHEARSED: Json = {
    "status": "processed",
    "state": "completed",
    "steps": [
        {
            "stepId": "message",
            "type": "chat",
            "at": "2026-11-21T09:00:00.000Z",
            "outcome": "sent",
            "channel": "telegram",
            "providerId": "telegram",
            "address": "1***9",
            "language": "ru",
            "body": "Заказ 17 отправлен",
        }
    ],
}
CHANGE = inline_serializer(
    "WorkflowBody",
    {
        "workflow": serializers.DictField(help_text="As `workflow export --json` writes it."),
        "templates": serializers.ListField(child=serializers.DictField(), required=False),
    },
)
PUBLISH = inline_serializer(
    "WorkflowPublish",
    {
        "asNew": serializers.BooleanField(
            required=False, help_text="Under a new identifier, such as order-shipped-v2."
        )
    },
)
REHEARSE = inline_serializer(
    "WorkflowDryRun",
    {
        "to": serializers.JSONField(help_text="A subscriber id, or a subscriber."),
        "payload": serializers.DictField(required=False, allow_null=True),
        "draft": serializers.BooleanField(
            required=False, help_text="What is drafted with its texts, not what is published."
        ),
    },
)


def row(workflow: Workflow, steps: Iterable[Step]) -> Json:
    """Show a line of Novu's list."""
    kinds = [(step, TYPES.get(step.kind, "custom")) for step in steps]
    return {
        **_head(workflow),
        "stepTypeOverviews": [kind for _, kind in kinds],
        "steps": [{"slug": _slug(step), "type": kind} for step, kind in kinds],
    }


def whole(workflow: Workflow, steps: Iterable[Step]) -> Json:
    """Show a workflow as Novu's clients read one."""
    return {
        **_head(workflow),
        "description": workflow.description or "",
        "preferences": {"default": {"all": {}, "channels": {}}},
        "severity": "high" if workflow.is_critical else "none",
        "payloadSchema": workflow.payload_schema,
        "steps": [_step(workflow, step) for step in steps],
    }


def own(workflow: Workflow) -> Json:
    """Show a workflow with its state, as it is drafted and as it runs."""
    found = _standing(workflow) | {"draft": _document(workflow, is_draft=True)}
    if workflow.published:
        found["published"] = _document(workflow, is_draft=False)
    return found


def head(workflow: Workflow) -> Json:
    """Show a line of our list: how far a workflow is, without its texts."""
    return {
        "_id": str(workflow.pk),
        "identifier": workflow.identifier,
        "name": str(workflow.name or workflow.identifier),
        "active": workflow.is_active,
        "category": workflow.category,
        "priority": workflow.priority,
        "updatedAt": iso(workflow.updated_at),
        **_standing(workflow),
    }


def _standing(workflow: Workflow) -> Json:
    version = workflow.published
    return {"state": workflow.state.value} | present(
        {
            "version": version.number if version else None,
            "publishedAt": iso(version.published_at) if version else None,
            "submittedAt": iso(workflow.submitted_at) if workflow.submitted_at else None,
        }
    )


def _document(workflow: Workflow, *, is_draft: bool) -> Json:
    found = export_workflows([workflow.identifier], is_draft=is_draft)
    return {"workflow": found["workflows"][0], "templates": found["templates"]}


def _head(workflow: Workflow) -> Json:
    return {
        "_id": str(workflow.pk),
        "workflowId": workflow.identifier,
        "slug": f"{workflow.identifier}_wf_{workflow.pk}",
        "name": str(workflow.name or workflow.identifier),
        "status": "ACTIVE" if workflow.is_active else "INACTIVE",
        "origin": "novu-cloud",
        "createdAt": iso(workflow.created_at),
        "updatedAt": iso(workflow.updated_at),
    }


def _step(workflow: Workflow, step: Step) -> Json:
    return {
        "_id": str(step.pk),
        "stepId": step.key,
        "slug": _slug(step),
        "name": step.key,
        "type": TYPES.get(step.kind, "custom"),
        "origin": "novu-cloud",
        "workflowId": workflow.identifier,
        "workflowDatabaseId": str(workflow.pk),
        "controls": {"values": _values(step)},
        "variables": {},
    }


def _values(step: Step) -> Json:
    """Give what the clients insist on: they read no more of it."""
    if step.kind == "email":
        return {"subject": step.template.title or "", "body": step.template.body or ""}
    return {"type": "regular"} if step.kind in ("delay", "throttle") else {}


def _slug(step: Step) -> str:
    return f"{step.key}_st_{step.pk}"
