"""The routes of a subscriber's in-app messages, as a salon's server sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.api import examples
from notifications.api.inbox_shapes import feed_row, inbox_row, workflows_of
from notifications.inbox import MARKS, NEVER, inbox, set_read
from notifications.models import Message
from tenants.answers import data, page
from tenants.audience import find_subscriber
from tenants.auth import Caller, require_scope
from tenants.errors import BadRequest, NotFound
from tenants.models import Subscriber
from tenants.queries import flag, integer

READ, WRITE = "notifications:read", "notifications:write"
MOST_FILTERS = 10
MOST_PAGES = 10_000

_LIMIT = OpenApiParameter("limit", float, description="1 to 100, 10 by default.")
_FILTERS = [OpenApiParameter(name, bool) for name in (*MARKS, *NEVER)]


class InboxView(APIView):
    """/v2/subscribers/{subscriberId}/notifications."""

    @extend_schema(
        operation_id="subscribers_notifications_list",
        parameters=[
            OpenApiParameter("after", str, description="The last row's id."),
            OpenApiParameter("offset", float),
            _LIMIT,
            *_FILTERS,
        ],
        responses=examples.answers(
            200, {"data": [examples.INBOX], "hasMore": False, "filter": {"read": False}}
        ),
    )
    def get(self, request: Request, subscriber_id: str) -> Response:
        """List in-app messages, newest first."""
        who, person = _reader(request, subscriber_id, READ)
        query = request.query_params
        limit, offset = integer(query, "limit", 10, low=1), integer(query, "offset", 0, high=10_000)
        wanted = _wanted(query)
        rows = _newest(inbox(who.tenant_id, person.pk, wanted))
        if after := query.get("after"):
            rows = rows.filter(pk__lt=_cursor(after))
        taken = list(rows[offset : offset + limit + 1])
        workflows = workflows_of(who.tenant_id, taken)
        shown = [inbox_row(message, person, workflows) for message in taken[:limit]]
        return Response({"data": shown, "hasMore": len(taken) > limit, "filter": wanted})


class CountView(APIView):
    """/v2/subscribers/{subscriberId}/notifications/count."""

    @extend_schema(
        operation_id="subscribers_notifications_count",
        parameters=[OpenApiParameter("filters", str, description='Such as [{"read": false}].')],
        responses=examples.answers(200, {"data": [{"count": 1, "filter": {"read": False}}]}),
    )
    def get(self, request: Request, subscriber_id: str) -> Response:
        """Count by up to 10 filters; the answers keep their order and echo them."""
        who, person = _reader(request, subscriber_id, READ)
        filters = _filters(request.query_params)
        return data(
            [
                {"count": inbox(who.tenant_id, person.pk, _flags(one)).count(), "filter": one}
                for one in filters
            ]
        )


class ReadView(APIView):
    """/v2/subscribers/{subscriberId}/notifications/{notificationId}/read and /unread."""

    is_read = True

    @extend_schema(
        operation_id="subscribers_notifications_mark_as_read",
        request=None,
        responses=examples.answers(200, {"data": examples.INBOX}),
    )
    def patch(self, request: Request, subscriber_id: str, notification_id: str) -> Response:
        """Mark one message; doing it twice changes nothing."""
        who, person = _reader(request, subscriber_id, WRITE)
        key, now = _key(notification_id), datetime.now(UTC)
        message = set_read(who.tenant_id, person.pk, key, is_read=self.is_read, now=now)
        return data(inbox_row(message, person, workflows_of(who.tenant_id, [message])))


class UnreadView(ReadView):
    """/v2/subscribers/{subscriberId}/notifications/{notificationId}/unread."""

    is_read = False

    @extend_schema(
        operation_id="subscribers_notifications_mark_as_unread",
        request=None,
        responses=examples.answers(200, {"data": examples.INBOX}),
    )
    def patch(self, request: Request, subscriber_id: str, notification_id: str) -> Response:
        """Bring the mark back; that the message was read once stays in its story."""
        return super().patch(request, subscriber_id, notification_id)


class FeedView(APIView):
    """/v1/subscribers/{subscriberId}/notifications/feed."""

    @extend_schema(
        operation_id="subscribers_notifications_feed",
        parameters=[OpenApiParameter("page", float, description="From 0."), _LIMIT, *_FILTERS],
        responses=examples.answers(
            200, {"page": 0, "pageSize": 10, "hasMore": False, "data": [examples.FEED]}
        ),
    )
    def get(self, request: Request, subscriber_id: str) -> Response:
        """List in-app messages in the old form, by numbered pages."""
        who, person = _reader(request, subscriber_id, READ)
        query = request.query_params
        number = integer(query, "page", 0, high=MOST_PAGES)
        limit = integer(query, "limit", 10, low=1)
        rows = _newest(inbox(who.tenant_id, person.pk, _wanted(query)))
        taken = list(rows[number * limit : (number + 1) * limit + 1])
        workflows = workflows_of(who.tenant_id, taken)
        shown = [feed_row(message, person, workflows, who.mode) for message in taken[:limit]]
        return page(shown, number, limit, len(taken) > limit)


class UnseenView(APIView):
    """/v1/subscribers/{subscriberId}/notifications/unseen."""

    @extend_schema(
        operation_id="subscribers_notifications_unseen_count",
        parameters=[OpenApiParameter("seen", bool)],
        responses=examples.answers(200, {"data": {"count": 1}}),
    )
    def get(self, request: Request, subscriber_id: str) -> Response:
        """Count what she has not seen; seen=true counts what she has."""
        who, person = _reader(request, subscriber_id, READ)
        wanted = {"seen": flag(request.query_params, "seen")}
        return data({"count": inbox(who.tenant_id, person.pk, wanted).count()})


def _reader(request: Request, subscriber_id: str, scope: str) -> tuple[Caller, Subscriber]:
    who = require_scope(request, scope)
    return who, find_subscriber(who.mode, subscriber_id)


def _newest(rows: QuerySet[Message]) -> QuerySet[Message]:
    return rows.select_related("notification__event").order_by("-id")


def _wanted(query: QueryDict) -> dict[str, bool]:
    return {name: flag(query, name) for name in (*MARKS, *NEVER) if query.get(name)}


def _filters(query: QueryDict) -> list[dict[str, Any]]:
    try:
        found = json.loads(query.get("filters") or "[{}]")
    except (ValueError, RecursionError):
        found = None
    is_list = isinstance(found, list) and all(isinstance(one, dict) for one in found)
    if not is_list or len(found) > MOST_FILTERS:
        rule = f"must be a JSON list of up to {MOST_FILTERS} filters"
        raise BadRequest(f"filters {rule}.", errors={"filters": [f"filters {rule}"]})
    return found  # type: ignore[no-any-return]  # checked above


def _flags(one: Mapping[str, Any]) -> dict[str, bool]:
    return {name: value for name, value in one.items() if isinstance(value, bool)}


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such message in this inbox.") from None


def _cursor(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        rule = "after is not a message's id"
        raise BadRequest(f"{rule}.", errors={"after": [rule]}) from None
