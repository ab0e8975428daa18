"""What the schema shows for the routes of this room: shapes of bodies and examples."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from tenants.api.examples import answers

__all__ = [
    "ACCEPTED",
    "ACTIVITY",
    "BROADCAST",
    "BULK",
    "FEED",
    "INBOX",
    "TRIGGER",
    "answers",
]

_COMMON: dict[str, Any] = {
    "name": serializers.CharField(max_length=255, help_text="The workflow's identifier."),
    "payload": serializers.DictField(required=False, allow_null=True),
    "overrides": serializers.DictField(required=False, allow_null=True),
    "transactionId": serializers.CharField(required=False, allow_null=True, max_length=255),
    "actor": serializers.JSONField(required=False, allow_null=True),
    "delay": serializers.FloatField(required=False, allow_null=True, help_text="Seconds."),
    "scheduledAt": serializers.DateTimeField(required=False, allow_null=True),
    "expiresAt": serializers.DateTimeField(required=False, allow_null=True),
    "location": serializers.CharField(required=False, allow_null=True, max_length=255),
    "tenant": serializers.JSONField(required=False, allow_null=True),
}
_TO = serializers.JSONField(
    help_text="A subscriber id, a subscriber, a topic, or a list of up to 100 of these."
)
TRIGGER = inline_serializer("TriggerBody", {**_COMMON, "to": _TO})
BULK = inline_serializer(
    "BulkBody", {"events": inline_serializer("BulkEvent", {**_COMMON, "to": _TO}, many=True)}
)
BROADCAST = inline_serializer("BroadcastBody", _COMMON)
ACCEPTED = {"acknowledged": True, "status": "processed", "transactionId": "txn_8f2"}
_OWNER = {"_organizationId": "0190…", "_environmentId": "0190…-live"}
ACTIVITY = {
    "_id": "0190…",
    **_OWNER,
    "_subscriberId": "0190…",
    "transactionId": "txn_8f2",
    "createdAt": "2026-11-21T09:00:00.000Z",
    "status": "completed",
    "channels": ["sms"],
    "subscriber": {"_id": "0190…", "subscriberId": "client-17"},
    "jobs": [
        {
            "_id": "0190…-message",
            "type": "chat",
            "status": "completed",
            "providerId": "generic-sms",
            "executionDetails": [
                {
                    "_id": "0190…",
                    "status": "Success",
                    "detail": "sent by SMS, answer 200",
                    "isRetry": False,
                    "isTest": False,
                    "source": "Internal",
                }
            ],
            "step": {"_id": "0190…-message", "active": True, "filters": [], "_templateId": "0190…"},
        }
    ],
    "story": ["12:00:00 принято", "12:00:01 отправлено по SMS, ответ 200"],
}
INBOX = {
    "id": "0190…",
    "transactionId": "txn_8f2",
    "subject": "See you tomorrow",
    "body": "Anna, a reminder of your appointment…",
    "to": {"id": "0190…", "subscriberId": "client-17"},
    "isRead": False,
    "isSeen": False,
    "isArchived": False,
    "isSnoozed": False,
    "createdAt": "2026-11-21T09:00:00.000Z",
    "channelType": "in_app",
    "severity": "none",
}
FEED = {
    "_id": "0190…",
    "_templateId": "0190…",
    **_OWNER,
    "_notificationId": "0190…",
    "_subscriberId": "0190…",
    "_jobId": "0190…-inbox",
    "transactionId": "txn_8f2",
    "content": "Anna, a reminder of your appointment…",
    "channel": "in_app",
    "read": False,
    "seen": False,
    "archived": False,
    "cta": {},
    "status": "sent",
}
