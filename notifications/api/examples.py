"""What the schema shows for the routes of this room: shapes of bodies and examples."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from tenants.api.examples import answers

__all__ = ["ACCEPTED", "BROADCAST", "BULK", "TRIGGER", "answers"]

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
