"""What the schema shows for the routes of this room: shapes of bodies and examples."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    inline_serializer,
)
from rest_framework import serializers

_FIELDS: dict[str, Any] = {
    "firstName": serializers.CharField(required=False, allow_null=True, max_length=150),
    "lastName": serializers.CharField(required=False, allow_null=True, max_length=150),
    "email": serializers.CharField(required=False, allow_null=True, max_length=254),
    "phone": serializers.CharField(required=False, allow_null=True, max_length=32),
    "avatar": serializers.CharField(required=False, allow_null=True, max_length=500),
    "locale": serializers.CharField(required=False, allow_null=True, max_length=35),
    "timezone": serializers.CharField(required=False, allow_null=True, max_length=64),
    "kind": serializers.ChoiceField(["client", "staff"], required=False),
    "preferredChannel": serializers.CharField(required=False, allow_null=True, max_length=16),
    "data": serializers.DictField(required=False, allow_null=True),
    "channels": serializers.JSONField(required=False, allow_null=True),
}
_ID = serializers.CharField(max_length=255)

SUBSCRIBER = inline_serializer("SubscriberBody", {"subscriberId": _ID, **_FIELDS})
SUBSCRIBER_CHANGE = inline_serializer("SubscriberChange", _FIELDS)
SUBSCRIBERS = inline_serializer(
    "SubscribersBody",
    {
        "subscribers": inline_serializer(
            "BulkSubscriber", {"subscriberId": _ID, **_FIELDS}, many=True
        )
    },
)
CREDENTIALS = inline_serializer(
    "CredentialsBody",
    {
        "providerId": serializers.CharField(),
        "integrationIdentifier": serializers.CharField(required=False),
        "credentials": serializers.DictField(),
    },
)
TOPIC = inline_serializer(
    "TopicBody",
    {
        "key": serializers.CharField(max_length=100),
        "name": serializers.CharField(required=False, allow_null=True, max_length=200),
    },
)
TOPIC_CHANGE = inline_serializer("TopicChange", {"name": serializers.CharField(max_length=200)})
SUBSCRIPTIONS = inline_serializer(
    "SubscriptionsBody",
    {
        "subscriptions": serializers.ListField(child=serializers.JSONField(), required=False),
        "subscriberIds": serializers.ListField(child=serializers.CharField(), required=False),
    },
)
TENANT = inline_serializer(
    "TenantBody",
    {
        "identifier": serializers.CharField(max_length=64),
        "name": serializers.CharField(max_length=200),
        "timezone": serializers.CharField(required=False, max_length=64),
        "language": serializers.ChoiceField(["ru", "en"], required=False),
        "pack": serializers.CharField(required=False),
        "sandbox": serializers.BooleanField(required=False),
    },
)

TENANT_CHANGE = inline_serializer(
    "TenantChange",
    {"limits": serializers.DictField(help_text="As docs/reference/gates.md names them.")},
)

CURSOR = [
    OpenApiParameter("after", str, description="Rows after this cursor."),
    OpenApiParameter("before", str, description="Rows before this cursor."),
    OpenApiParameter("limit", float, description="1 to 100, 10 by default; 10.0 is taken too."),
    OpenApiParameter(
        "includeCursor", bool, description="The cursor's own row belongs to the slice."
    ),
    OpenApiParameter("orderBy", str, enum=["_id", "createdAt", "updatedAt"]),
    OpenApiParameter("orderDirection", str, enum=["DESC", "ASC"]),
]

_OWNER = {"_organizationId": "0190…", "_environmentId": "0190…-live"}
SUB = {
    "_id": "0190…",
    "subscriberId": "client-17",
    **_OWNER,
    "deleted": False,
    "createdAt": "2026-11-21T09:00:00.000Z",
    "updatedAt": "2026-11-21T09:00:00.000Z",
    "kind": "client",
    "firstName": "Anna",
    "phone": "+79161234567",
    "channels": [
        {"providerId": "telegram", "_integrationId": "telegram", "credentials": {"chatId": "42"}}
    ],
}
TOPIC_ROW = {"_id": "0190…", "key": "vip", "name": "VIP"}
TSUB = {
    "_id": "0190…",
    "identifier": "0190…",
    "topic": {"_id": "0190…", "key": "vip"},
    "subscriber": {"_id": "0190…", "subscriberId": "client-17"},
    "createdAt": "2026-11-21T09:00:00.000Z",
    "updatedAt": "2026-11-21T09:00:00.000Z",
}
TENANT_ROW = {"_id": "0190…", "_environmentId": "0190…-live", "identifier": "rosa", "name": "Rosa"}
ENDS = {"next": None, "previous": None, "totalCount": 1, "totalCountCapped": False}


def answers(status: int, example: object, *also: int) -> dict[int, Any]:
    """Describe a route's success by an example; `also` are statuses with the same body."""
    return {
        code: OpenApiResponse(
            OpenApiTypes.OBJECT, examples=[OpenApiExample("answer", value=example)]
        )
        for code in (status, *also)
    }
