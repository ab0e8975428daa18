"""The routes of subscribers: make, change, find, delete, and where they are reached."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants import audience
from tenants.addressing import Refused, kinds_of_provider, normalise
from tenants.answers import cursor, data, no_content, page
from tenants.api import examples, shapes
from tenants.auth import Caller, require_scope
from tenants.bodies import error_body
from tenants.errors import InvalidFields, NotFound
from tenants.models import Address, Subscriber, TopicMember
from tenants.paging import cut
from tenants.people import SubscriberInput, read_credentials, read_subscriber
from tenants.queries import body, flag, integer

MOST_IN_BULK = 500
READ, WRITE = "subscribers:read", "subscribers:write"


class SubscribersView(APIView):
    """/v2/subscribers."""

    @extend_schema(
        operation_id="subscribers_create",
        request=examples.SUBSCRIBER,
        responses=examples.answers(201, {"data": examples.SUB}, 409),
    )
    def post(self, request: Request) -> Response:
        """Make or change a subscriber; failIfExists=true answers 409 instead of changing."""
        who = require_scope(request, WRITE)
        person = read_subscriber(body(request))
        if flag(request.query_params, "failIfExists"):
            existing = Subscriber.objects.filter(mode=who.mode, subscriber_id=person.subscriber_id)
            if existing.exists():
                return _exists(request, audience.find_subscriber(who.mode, person.subscriber_id))
        audience.upsert_subscribers(who.tenant_id, who.mode, [person])
        return data(_shown(who, person.subscriber_id), 201)

    @extend_schema(
        operation_id="subscribers_search",
        parameters=examples.CURSOR,
        responses=examples.answers(200, {"data": [examples.SUB], **examples.ENDS}),
    )
    def get(self, request: Request) -> Response:
        """Search by email, name, phone, subscriberId; newest first."""
        who = require_scope(request, READ)
        found = cut(_search(who, request), request.query_params)
        rows = [shapes.subscriber(row) for row in found.rows]
        return cursor(rows, found.next, found.previous, found.total)


class OldSubscribersView(SubscribersView):
    """/v1/subscribers: the same with numbered pages."""

    schema_prefix = "v1_"

    @extend_schema(
        operation_id="subscribers_list",
        responses=examples.answers(
            200,
            {"page": 0, "pageSize": 10, "totalCount": 1, "hasMore": False, "data": [examples.SUB]},
        ),
    )
    def get(self, request: Request) -> Response:
        """List, newest first; page counts from 0."""
        who = require_scope(request, READ)
        number = integer(request.query_params, "page", 0, high=10_000)
        limit = integer(request.query_params, "limit", 10, low=1)
        rows = _search(who, request)
        taken = list(rows.order_by("-id")[number * limit : (number + 1) * limit + 1])
        shown = [shapes.subscriber(row) for row in taken[:limit]]
        return page(shown, number, limit, len(taken) > limit, total=rows.count())


class SubscriberView(APIView):
    """/v2/subscribers/{subscriberId}."""

    @extend_schema(
        operation_id="subscribers_retrieve", responses=examples.answers(200, {"data": examples.SUB})
    )
    def get(self, request: Request, subscriber_id: str) -> Response:
        """Show one."""
        return data(_shown(require_scope(request, READ), subscriber_id))

    @extend_schema(
        operation_id="subscribers_patch",
        request=examples.SUBSCRIBER_CHANGE,
        responses=examples.answers(200, {"data": examples.SUB}),
    )
    def patch(self, request: Request, subscriber_id: str) -> Response:
        """Change what is named; null clears."""
        who = require_scope(request, WRITE)
        person = read_subscriber(body(request), subscriber_id=subscriber_id)
        audience.find_subscriber(who.mode, subscriber_id)
        audience.upsert_subscribers(who.tenant_id, who.mode, [person])
        return data(_shown(who, subscriber_id))

    @extend_schema(
        operation_id="subscribers_delete",
        responses=examples.answers(200, {"data": {"acknowledged": True, "status": "deleted"}}),
    )
    def delete(self, request: Request, subscriber_id: str) -> Response:
        """Delete with addresses and memberships."""
        who = require_scope(request, WRITE)
        audience.delete_subscriber(who.tenant_id, who.mode, subscriber_id)
        return data({"acknowledged": True, "status": "deleted"})


class OldSubscriberView(SubscriberView):
    """/v1/subscribers/{subscriberId}: the old clients change by PUT."""

    schema_prefix = "v1_"

    @extend_schema(
        operation_id="subscribers_update",
        request=examples.SUBSCRIBER_CHANGE,
        responses=examples.answers(200, {"data": examples.SUB}),
    )
    def put(self, request: Request, subscriber_id: str) -> Response:
        """Change what is named; null clears."""
        return self.patch(request, subscriber_id)


class BulkView(APIView):
    """/v1/subscribers/bulk."""

    @extend_schema(
        operation_id="subscribers_create_bulk",
        request=examples.SUBSCRIBERS,
        responses=examples.answers(
            201,
            {"data": {"created": [{"subscriberId": "client-17"}], "updated": [], "failed": []}},
        ),
    )
    def post(self, request: Request) -> Response:
        """Make or change up to 500; a bad one is in `failed` and does not stop the others."""
        who = require_scope(request, WRITE)
        people, failed = _read_bulk(body(request).get("subscribers"))
        results = audience.upsert_subscribers(who.tenant_id, who.mode, people)
        is_new = {result.subscriber_id: result.created for result in results}
        return data(
            {
                "created": [{"subscriberId": key} for key, new in is_new.items() if new],
                "updated": [{"subscriberId": key} for key, new in is_new.items() if not new],
                "failed": failed,
            },
            201,
        )


class CredentialsView(APIView):
    """/v1/subscribers/{subscriberId}/credentials."""

    @extend_schema(
        operation_id="credentials_update",
        request=examples.CREDENTIALS,
        responses=examples.answers(200, {"data": examples.SUB}),
    )
    def put(self, request: Request, subscriber_id: str) -> Response:
        """Replace the addresses of the provider's kind; an empty list of tokens clears them."""
        who, subscriber, kind, values = _credentials(request, subscriber_id)
        audience.replace_addresses(who.tenant_id, subscriber.pk, kind, values)
        return data(_shown(who, subscriber_id))

    @extend_schema(
        operation_id="credentials_append",
        request=examples.CREDENTIALS,
        responses=examples.answers(200, {"data": examples.SUB}),
    )
    def patch(self, request: Request, subscriber_id: str) -> Response:
        """Append addresses of the provider's kind."""
        who, subscriber, kind, values = _credentials(request, subscriber_id)
        audience.add_addresses(who.tenant_id, subscriber.pk, kind, values)
        return data(_shown(who, subscriber_id))


class CredentialView(APIView):
    """/v1/subscribers/{subscriberId}/credentials/{providerId}."""

    @extend_schema(operation_id="credentials_delete", responses={204: None})
    def delete(self, request: Request, subscriber_id: str, provider_id: str) -> Response:
        """Remove the addresses of the provider's kind; suppressed ones stay."""
        who = require_scope(request, WRITE)
        subscriber = audience.find_subscriber(who.mode, subscriber_id)
        try:
            kinds = kinds_of_provider(provider_id)
        except Refused as refused:
            raise NotFound(f"{provider_id} {refused}.") from refused
        for kind in kinds:
            audience.replace_addresses(who.tenant_id, subscriber.pk, kind, [])
        return no_content()


class SubscriptionsView(APIView):
    """/v2/subscribers/{subscriberId}/subscriptions."""

    @extend_schema(
        operation_id="subscribers_topics_list",
        parameters=examples.CURSOR,
        responses=examples.answers(200, {"data": [examples.TSUB], **examples.ENDS}),
    )
    def get(self, request: Request, subscriber_id: str) -> Response:
        """List the topics that a subscriber is on."""
        who = require_scope(request, READ)
        subscriber = audience.find_subscriber(who.mode, subscriber_id)
        rows = TopicMember.objects.filter(subscriber=subscriber).select_related(
            "topic", "subscriber"
        )
        if key := request.query_params.get("key"):
            rows = rows.filter(topic__key=key)
        found = cut(rows, request.query_params, {"_id": "id", "createdAt": "id"})
        shown = [shapes.subscription(row) for row in found.rows]
        return cursor(shown, found.next, found.previous, found.total)


def _shown(who: Caller, subscriber_id: str) -> dict[str, Any]:
    return shapes.subscriber(audience.find_subscriber(who.mode, subscriber_id))


def _exists(request: Request, subscriber: Subscriber) -> Response:
    """Answer 409 as the official SDKs parse it: the resource and the error in one object."""
    error = error_body(409, request.path, "This subscriber exists already.")
    return Response(
        {**shapes.subscriber(subscriber), **error}, status=409, headers={"Retry-After": "1"}
    )


def _search(who: Caller, request: Request) -> QuerySet[Subscriber]:
    query = request.query_params
    rows: QuerySet[Subscriber] = Subscriber.objects.filter(
        tenant_id=who.tenant_id, mode=who.mode
    ).prefetch_related("addresses")
    if subscriber_id := query.get("subscriberId"):
        rows = rows.filter(subscriber_id=subscriber_id)
    for word in (query.get("name") or "").split()[:5]:
        rows = rows.filter(Q(first_name__icontains=word) | Q(last_name__icontains=word))
    for kind in ("email", "phone"):
        if value := query.get(kind):
            rows = rows.filter(Exists(_addressed(kind, value)))
    return rows


def _addressed(kind: str, value: str) -> QuerySet[Address]:
    """Find whole addresses in any spelling, or e-mail addresses by their beginning."""
    try:
        match = Q(value=normalise(kind, value))
    except Refused:
        match = Q(value__startswith=value.strip().lower())
    rows: QuerySet[Address] = Address.objects.filter(
        match, kind=kind, tenant_id=OuterRef("tenant_id"), subscriber_id=OuterRef("pk")
    )
    return rows


def _read_bulk(given: object) -> tuple[list[SubscriberInput], list[dict[str, Any]]]:
    if not isinstance(given, list) or not 0 < len(given) <= MOST_IN_BULK:
        sentence = f"subscribers must be a list of 1 to {MOST_IN_BULK}"
        raise InvalidFields(f"{sentence}.", errors={"subscribers": [sentence]})
    people: list[SubscriberInput] = []
    failed: list[dict[str, Any]] = []
    for place, item in enumerate(given):
        try:
            people.append(_read_one(item, f"subscribers.{place}"))
        except InvalidFields as refused:
            failed.append(_failed(item, refused))
    return people, failed


def _read_one(item: object, where: str) -> SubscriberInput:
    if not isinstance(item, dict):
        raise InvalidFields(f"{where} must be an object.", errors={where: ["must be an object"]})
    return read_subscriber(item, where)


def _failed(item: object, refused: InvalidFields) -> dict[str, Any]:
    given = item.get("subscriberId") if isinstance(item, dict) else None
    row: dict[str, Any] = {"message": refused.message, "errors": refused.errors}
    return row | ({"subscriberId": str(given)} if given is not None else {})


def _credentials(
    request: Request, subscriber_id: str
) -> tuple[Caller, Subscriber, str, tuple[str, ...]]:
    who = require_scope(request, WRITE)
    kind, values = read_credentials(body(request))
    return who, audience.find_subscriber(who.mode, subscriber_id), kind, values
