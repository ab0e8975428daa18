"""How do a salon's outgoing webhooks look on the wire?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.news import NAMES
from tenants.api.examples import answers
from tenants.api.shapes import owner
from tenants.bodies import iso, present
from tenants.ids import created_at

__all__ = ["CHANGE", "DELIVERY", "ENDPOINT", "NEW", "SINCE", "answers", "delivery", "endpoint"]

Json = dict[str, Any]

_EVENTS = serializers.ListField(
    child=serializers.ChoiceField(choices=list(NAMES)),
    required=False,
    help_text="Names of events; empty for all.",
)
_DESCRIPTION = serializers.CharField(required=False, allow_blank=True, max_length=200)
_URL: dict[str, Any] = {"max_length": 1000, "help_text": "Begins with https://."}
NEW = inline_serializer(
    "WebhookBody",
    {"url": serializers.CharField(**_URL), "description": _DESCRIPTION, "events": _EVENTS},
)
CHANGE = inline_serializer(
    "WebhookChange",
    {
        "url": serializers.CharField(required=False, **_URL),
        "description": _DESCRIPTION,
        "events": _EVENTS,
        "enabled": serializers.BooleanField(required=False),
    },
)
SINCE = inline_serializer("WebhookSince", {"since": serializers.DateTimeField()})
ENDPOINT: Json = {
    "_id": "0190…",
    "_environmentId": "0190…-live",
    "_organizationId": "0190…",
    "url": "https://salon.example/hooks/kolokol",
    "description": "CRM",
    "events": ["message.delivered", "message.failed"],
    "enabled": True,
    "createdAt": "2026-11-21T09:00:00.000Z",
}
DELIVERY: Json = {
    "_id": "0190…",
    "eventId": "0190…",
    "type": "message.delivered",
    "state": "failed",
    "attempts": 8,
    "status": 500,
    "answer": "Internal Server Error",
    "body": '{"type": "message.delivered", "timestamp": "2026-11-21T09:00:00.000Z", "data": {}}',
    "createdAt": "2026-11-21T09:00:00.000Z",
    "attemptedAt": "2026-11-22T17:00:00.000Z",
}


def endpoint(row: WebhookEndpoint, *, secret: str = "") -> Json:
    """Show an endpoint. secret: only to who has just made it, never again."""
    return {
        "_id": str(row.pk),
        **owner(row.tenant_id, row.mode),
        "url": row.url,
        "description": row.description,
        "events": row.events,
        "enabled": row.is_enabled,
        "createdAt": iso(row.created_at),
    } | present(
        {
            "secret": secret,
            "disabledReason": row.disabled_reason,
            "failingSince": _moment(row.failing_since),
            "oldSecretWorksUntil": _moment(row.previous_until),
        }
    )


def delivery(row: WebhookDelivery) -> Json:
    """Show what was sent and what came of it."""
    is_open = row.state == WebhookDelivery.State.PENDING
    return {
        "_id": str(row.pk),
        "eventId": str(row.event_id),
        "type": row.type,
        "state": row.state,
        "attempts": row.attempts,
        "body": row.body,
        "createdAt": iso(created_at(row.pk)),
    } | present(
        {
            "status": row.status,
            "answer": row.answer,
            "attemptedAt": _moment(row.attempted_at),
            "nextAttemptAt": _moment(row.due_at) if is_open else None,
        }
    )


def _moment(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None
