"""The routes of activity: what became of every notification, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels.kinds import CHANNEL_OF_ADDRESS
from notifications.api import examples
from notifications.api.activity_shapes import activity
from notifications.models import EventKey, Message, Notification
from notifications.story import stories
from tenants.answers import data, page
from tenants.auth import Caller, require_scope
from tenants.errors import BadRequest, Forbidden, NotFound
from tenants.ids import floor_id
from tenants.models import Address
from tenants.queries import integer, listed, word

READ = "notifications:read"
MOST_PAGES = 10_000
Rows = QuerySet[Notification]

_LANGUAGE = OpenApiParameter(
    "language", str, enum=["ru", "en"], description="Of `story`; the salon's when absent."
)
_FILTERS = [
    OpenApiParameter("transactionId", str),
    OpenApiParameter("subscriberIds", str, many=True, description="The salon's own keys."),
    OpenApiParameter("templates", str, many=True, description="Identifiers of workflows, or ids."),
    OpenApiParameter("channels", str, many=True, description="in_app, email, sms, chat, push."),
    OpenApiParameter("emails", str, many=True),
    OpenApiParameter("topicKey", str),
    OpenApiParameter("search", str, description="A transaction id or a subscriber's key, whole."),
    OpenApiParameter("after", str, description="ISO 8601; made at or after this moment."),
    OpenApiParameter("before", str, description="ISO 8601; made before this moment."),
    OpenApiParameter("page", float, description="From 0."),
    OpenApiParameter("limit", float, description="1 to 100, 10 by default."),
    _LANGUAGE,
]


class ActivitiesView(APIView):
    """/v1/notifications."""

    @extend_schema(
        operation_id="notifications_list",
        parameters=_FILTERS,
        responses=examples.answers(
            200, {"page": 0, "pageSize": 10, "hasMore": False, "data": [examples.ACTIVITY]}
        ),
    )
    def get(self, request: Request) -> Response:
        """List notifications, newest first, each with its whole story."""
        who = require_scope(request, READ)
        query = request.query_params
        number = integer(query, "page", 0, high=MOST_PAGES)
        limit = integer(query, "limit", 10, low=1)
        found = _filtered(who, query).order_by("-event_id", "-id").values_list("id", flat=True)
        ids = list(found[number * limit : (number + 1) * limit + 1])
        shown = _shown(who, ids[:limit], query)
        return page(shown, number, limit, len(ids) > limit)


class ActivityView(APIView):
    """/v1/notifications/{notificationId}."""

    @extend_schema(
        operation_id="notifications_retrieve",
        parameters=[_LANGUAGE],
        responses=examples.answers(200, {"data": examples.ACTIVITY}),
    )
    def get(self, request: Request, notification_id: str) -> Response:
        """Show one with its whole story."""
        who = require_scope(request, READ)
        found = stories(who.tenant_id, _id(notification_id))
        if not found:
            raise NotFound("There is no such notification.")
        if found[0].mode != who.mode:
            raise Forbidden(
                f"This notification is of {found[0].mode} mode; a {who.mode} key sees {who.mode}"
                " notifications only."
            )
        return data(activity(found[0], who.tenant_id, _language(request.query_params)))


def _shown(who: Caller, ids: list[UUID], query: QueryDict) -> list[dict[str, Any]]:
    language = _language(query)
    return [activity(one, who.tenant_id, language) for one in stories(who.tenant_id, ids)]


def _language(query: QueryDict) -> str:
    return word(query, "language", ("ru", "en", ""), "")


def _id(text: str) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return []


def _filtered(who: Caller, query: QueryDict) -> Rows:
    rows: Rows = Notification.objects.filter(
        tenant_id=who.tenant_id, event__tenant_id=who.tenant_id, event__mode=who.mode
    )
    if transaction_id := query.get("transactionId"):
        rows = rows.filter(event_id__in=_events(who, transaction_id))
    for name, narrow in _LISTS.items():
        if wanted := listed(query, name):
            rows = rows.filter(narrow(who, wanted))
    if key := query.get("topicKey"):
        rows = rows.filter(event__recipients__contains=[{"type": "Topic", "topicKey": key}])
    if text := query.get("search"):
        of_person = Q(subscriber__subscriber_id=text, subscriber__tenant_id=who.tenant_id)
        rows = rows.filter(Q(event_id__in=_events(who, text)) | of_person)
    if after := query.get("after"):
        rows = rows.filter(id__gte=floor_id(_moment("after", after)))
    if before := query.get("before"):
        rows = rows.filter(id__lt=floor_id(_moment("before", before)))
    return rows


def _events(who: Caller, transaction_id: str) -> QuerySet[EventKey, Any]:
    rows: QuerySet[EventKey] = EventKey.objects.filter(
        tenant_id=who.tenant_id, mode=who.mode, transaction_id=transaction_id
    )
    return rows.values("event_id")


def _by_people(who: Caller, keys: list[str]) -> Q:
    return Q(
        subscriber__tenant_id=who.tenant_id,
        subscriber__mode=who.mode,
        subscriber__subscriber_id__in=keys,
    )


def _by_workflows(who: Caller, names: list[str]) -> Q:
    ids = [key for name in names for key in _id(name)]
    of_name = Q(event__workflow__identifier__in=names, event__workflow__tenant_id=who.tenant_id)
    return of_name | Q(event__workflow_id__in=ids)


def _by_channels(who: Caller, words: list[str]) -> Q:
    """Find what a message went out for; a word is the contract's or a kind of address."""
    kinds = {kind for kind, word in CHANNEL_OF_ADDRESS.items() if word in words} | set(words)
    sent = Message.objects.filter(
        tenant_id=who.tenant_id, notification_id=OuterRef("pk"), channel__in=kinds
    )
    return Q(Exists(sent))


def _by_emails(who: Caller, values: list[str]) -> Q:
    written = Address.objects.filter(
        tenant_id=who.tenant_id,
        subscriber_id=OuterRef("subscriber_id"),
        kind="email",
        value__in=[value.strip().lower() for value in values],
    )
    return Q(Exists(written))


def _by_severity(who: Caller, words: list[str]) -> Q:
    """Workflows of salons have no severity: all rows are "none"."""
    return Q() if "none" in words else Q(pk__in=[])


_LISTS: dict[str, Callable[[Caller, list[str]], Q]] = {
    "subscriberIds": _by_people,
    "templates": _by_workflows,
    "channels": _by_channels,
    "emails": _by_emails,
    "severity": _by_severity,
}


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            floor_id(moment)
            return moment
    except (ValueError, OverflowError):
        pass
    rule = "must be an ISO 8601 date and time with its offset from UTC"
    raise BadRequest(f"{name} {rule}.", errors={name: [f"{name} {rule}"]})
