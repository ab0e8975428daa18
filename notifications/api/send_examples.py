"""What the schema shows for the routes of sends: shapes of bodies and examples."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

_TIMES: dict[str, Any] = {
    "delay": serializers.FloatField(required=False, allow_null=True, help_text="Seconds."),
    "scheduledAt": serializers.DateTimeField(required=False, allow_null=True),
    "expiresAt": serializers.DateTimeField(required=False, allow_null=True),
}
_FIELDS: dict[str, Any] = {
    "to": serializers.JSONField(
        help_text="A subscriber id, a subscriber, a topic, or a list of up to 100 of these. A"
        ' direct message may name an address alone: {"phone": "+7916…"} or {"email": "…"}.'
    ),
    "name": serializers.CharField(
        required=False,
        max_length=255,
        help_text="The identifier of a workflow, or of a template that one workflow sends.",
    ),
    "payload": serializers.DictField(required=False, allow_null=True),
    "channel": serializers.CharField(
        required=False, help_text="Of a direct message, instead of name: email, sms, chat or push."
    ),
    "text": serializers.CharField(required=False, help_text="Of a direct message."),
    "title": serializers.CharField(
        required=False, allow_null=True, help_text="Of a direct message; an e-mail needs one."
    ),
    "category": serializers.CharField(
        required=False, help_text="Of a direct message: tx (default), or mk for marketing."
    ),
    "actionUrl": serializers.CharField(
        required=False, allow_null=True, help_text="Where the button leads."
    ),
    "actionText": serializers.CharField(
        required=False, allow_null=True, help_text="What the button says."
    ),
    "priority": serializers.JSONField(
        required=False, allow_null=True, help_text="urgent, high, normal, low, or 1 to 10."
    ),
    "transactionId": serializers.CharField(required=False, allow_null=True, max_length=255),
    "overrides": serializers.DictField(required=False, allow_null=True),
    "actor": serializers.JSONField(required=False, allow_null=True),
    "location": serializers.CharField(required=False, allow_null=True, max_length=255),
    **_TIMES,
}
_TENANT = {"tenant": serializers.JSONField(required=False, allow_null=True)}

SEND = inline_serializer("SendBody", {**_FIELDS, **_TENANT})
SEND_BATCH = inline_serializer(
    "SendBatchBody", {"messages": inline_serializer("SendItem", _FIELDS, many=True), **_TENANT}
)
SCHEDULED = {
    "transactionId": "order-1042-review",
    "name": "order-delivered",
    "to": ["client-17"],
    "scheduledAt": "2026-11-22T09:00:00.000Z",
    "createdAt": "2026-11-21T09:00:00.000Z",
}
