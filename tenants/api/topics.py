"""The routes of topics: lists of subscribers that one trigger can address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants import topics
from tenants.answers import cursor, data
from tenants.api import examples, shapes
from tenants.auth import Caller, require_scope
from tenants.bodies import error_body
from tenants.errors import InvalidFields, NotFound
from tenants.models import Topic, TopicMember
from tenants.paging import cut
from tenants.people import Errors, read_id
from tenants.queries import body, flag

MOST_AT_ONCE = 100
READ, WRITE = "topics:read", "topics:write"


class TopicsView(APIView):
    """/v2/topics."""

    @extend_schema(
        operation_id="topics_create",
        request=examples.TOPIC,
        responses=examples.answers(201, {"data": examples.TOPIC_ROW}, 200, 409),
    )
    def post(self, request: Request) -> Response:
        """Make a topic, or give the one that is there; failIfExists=true answers 409 instead."""
        who = require_scope(request, WRITE)
        wanted = body(request)
        row, created = topics.ensure_topic(
            who.tenant_id, who.mode, wanted.get("key"), wanted.get("name")
        )
        if not created and flag(request.query_params, "failIfExists"):
            error = error_body(409, request.path, "This topic exists already.")
            return Response({**shapes.topic(row), **error}, 409, headers={"Retry-After": "1"})
        return data(shapes.topic(row), 201 if created else 200)

    @extend_schema(
        operation_id="topics_list",
        parameters=examples.CURSOR,
        responses=examples.answers(200, {"data": [examples.TOPIC_ROW], **examples.ENDS}),
    )
    def get(self, request: Request) -> Response:
        """List by beginning of key and part of name."""
        who = require_scope(request, READ)
        rows: QuerySet[Topic] = Topic.objects.filter(tenant_id=who.tenant_id, mode=who.mode)
        if key := request.query_params.get("key"):
            rows = rows.filter(key__startswith=key)
        if name := request.query_params.get("name"):
            rows = rows.filter(name__icontains=name)
        found = cut(rows, request.query_params)
        shown = [shapes.topic(row) for row in found.rows]
        return cursor(shown, found.next, found.previous, found.total)


class TopicView(APIView):
    """/v2/topics/{topicKey}."""

    @extend_schema(
        operation_id="topics_get", responses=examples.answers(200, {"data": examples.TOPIC_ROW})
    )
    def get(self, request: Request, key: str) -> Response:
        """Show one."""
        who = require_scope(request, READ)
        return data(shapes.topic(topics.find_topic(who.mode, key)))

    @extend_schema(
        operation_id="topics_update",
        request=examples.TOPIC_CHANGE,
        responses=examples.answers(200, {"data": examples.TOPIC_ROW}),
    )
    def patch(self, request: Request, key: str) -> Response:
        """Rename."""
        who = require_scope(request, WRITE)
        row = topics.find_topic(who.mode, key)
        topics.rename_topic(row, body(request).get("name"))
        return data(shapes.topic(row))

    @extend_schema(
        operation_id="topics_delete",
        responses=examples.answers(200, {"data": {"acknowledged": True}}),
    )
    def delete(self, request: Request, key: str) -> Response:
        """Delete; its subscribers stay."""
        who = require_scope(request, WRITE)
        topics.delete_topic(topics.find_topic(who.mode, key))
        return data({"acknowledged": True})


class MembersView(APIView):
    """/v2/topics/{topicKey}/subscriptions."""

    @extend_schema(
        operation_id="topics_subscriptions_create",
        request=examples.SUBSCRIPTIONS,
        responses=examples.answers(
            201,
            {"data": [examples.TSUB], "meta": {"totalCount": 1, "successful": 1, "failed": 0}},
        ),
    )
    def post(self, request: Request, key: str) -> Response:
        """Add up to 100 subscribers; an unknown topic is made, unknown subscribers are listed."""
        who = require_scope(request, WRITE)
        wanted = _subscriber_ids(body(request))
        row, _ = topics.ensure_topic(who.tenant_id, who.mode, key)
        return _outcome(wanted, topics.add_members(row, wanted), 201)

    @extend_schema(
        operation_id="topics_subscriptions_delete",
        request=examples.SUBSCRIPTIONS,
        responses=examples.answers(
            200,
            {"data": [examples.TSUB], "meta": {"totalCount": 1, "successful": 1, "failed": 0}},
        ),
    )
    def delete(self, request: Request, key: str) -> Response:
        """Remove up to 100 subscribers; unknown ones are listed."""
        who = require_scope(request, WRITE)
        wanted = _subscriber_ids(body(request))
        row = topics.find_topic(who.mode, key)
        return _outcome(wanted, topics.remove_members(row, wanted), 200)

    @extend_schema(
        operation_id="topics_subscriptions_list",
        parameters=examples.CURSOR,
        responses=examples.answers(200, {"data": [examples.TSUB], **examples.ENDS}),
    )
    def get(self, request: Request, key: str) -> Response:
        """List the members, newest first."""
        who = require_scope(request, READ)
        rows = _members(topics.find_topic(who.mode, key))
        if subscriber_id := request.query_params.get("subscriberId"):
            rows = rows.filter(subscriber__subscriber_id=subscriber_id)
        found = cut(rows, request.query_params, {"_id": "id", "createdAt": "id"})
        shown = [shapes.subscription(row) for row in found.rows]
        return cursor(shown, found.next, found.previous, found.total)


class MemberView(APIView):
    """/v2/topics/{topicKey}/subscriptions/{identifier}."""

    @extend_schema(
        operation_id="topics_subscriptions_get",
        responses=examples.answers(200, {"data": {"id": "0190…", **examples.TSUB}}),
    )
    def get(self, request: Request, key: str, identifier: str) -> Response:
        """Show one membership by its id or the subscriber's."""
        who = require_scope(request, READ)
        row = _member(who, key, identifier)
        return data({"id": str(row.pk), **shapes.subscription(row)})


class OldMemberView(APIView):
    """/v1/topics/{topicKey}/subscribers/{externalSubscriberId}."""

    @extend_schema(
        operation_id="topics_subscribers_retrieve",
        responses=examples.answers(
            200,
            {
                "data": {
                    "_organizationId": "0190…",
                    "_environmentId": "0190…-live",
                    "_subscriberId": "0190…",
                    "_topicId": "0190…",
                    "topicKey": "vip",
                    "externalSubscriberId": "client-17",
                }
            },
        ),
    )
    def get(self, request: Request, key: str, subscriber_id: str) -> Response:
        """Ask whether a subscriber is on the list; 404 if not."""
        who = require_scope(request, READ)
        row = _member(who, key, subscriber_id)
        return data(
            {
                **shapes.owner(row.tenant_id, who.mode),
                "_subscriberId": str(row.subscriber.pk),
                "_topicId": str(row.topic.pk),
                "topicKey": row.topic.key,
                "externalSubscriberId": row.subscriber.subscriber_id,
            }
        )


def _subscriber_ids(wanted: dict[str, Any]) -> list[str]:
    """Read both spellings: subscriptions [id | {subscriberId}] and subscriberIds [id]."""
    name = "subscriptions" if wanted.get("subscriptions") is not None else "subscriberIds"
    given = wanted.get(name)
    if not isinstance(given, list) or not 0 < len(given) <= MOST_AT_ONCE:
        sentence = f"{name} must be a list of 1 to {MOST_AT_ONCE}"
        raise InvalidFields(f"{sentence}.", errors={name: [sentence]})
    errors: Errors = {}
    found = [_read(item, f"{name}.{place}", errors) for place, item in enumerate(given)]
    if errors:
        raise InvalidFields(next(iter(errors.values()))[0] + ".", errors=errors)
    return list(dict.fromkeys(found))


def _read(item: object, where: str, errors: Errors) -> str:
    if isinstance(item, dict):
        return read_id(item.get("subscriberId"), f"{where}.subscriberId", errors)
    return read_id(item, where, errors)


def _outcome(wanted: Sequence[str], result: topics.Membership, status: int) -> Response:
    # Unwrapped: clients take {data, meta} as it is.
    answer: dict[str, Any] = {
        "data": [shapes.subscription(row) for row in result.members],
        "meta": {
            "totalCount": len(wanted),
            "successful": len(wanted) - len(result.unknown),
            "failed": len(result.unknown),
        },
    }
    if result.unknown:
        answer["errors"] = [
            {
                "subscriberId": key,
                "code": "SUBSCRIBER_NOT_FOUND",
                "message": "There is no such subscriber.",
            }
            for key in result.unknown
        ]
    return Response(answer, status=status)


def _members(topic: Topic) -> QuerySet[TopicMember]:
    rows: QuerySet[TopicMember] = TopicMember.objects.filter(
        tenant_id=topic.tenant_id, topic=topic
    ).select_related("topic", "subscriber")
    return rows


def _member(who: Caller, key: str, identifier: str) -> TopicMember:
    rows = _members(topics.find_topic(who.mode, key))
    row = rows.filter(subscriber__subscriber_id=identifier).first()
    if row is None and (pk := _as_id(identifier)) is not None:
        row = rows.filter(pk=pk).first()
    if row is None:
        raise NotFound("This subscriber is not on the topic.")
    return row


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
