"""The routes of outgoing webhooks: who hears of events, what was sent, and to send it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.api import webhook_shapes as shapes
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.webhooks import endpoints
from tenants.answers import data, no_content, page
from tenants.auth import Caller, require_scope
from tenants.errors import Forbidden, InvalidFields, NotFound
from tenants.queries import body, integer, word

READ, WRITE = "webhooks:read", "webhooks:write"
MOST_PAGES = 10_000
#: What holds a secret must neither be cached nor kept for a repeated Idempotency-Key.
SECRET = {"Cache-Control": "no-store"}


class WebhooksView(APIView):
    """/v1/webhooks."""

    @extend_schema(
        operation_id="webhooks_list", responses=shapes.answers(200, {"data": [shapes.ENDPOINT]})
    )
    def get(self, request: Request) -> Response:
        """List the webhooks of the key's mode."""
        who = require_scope(request, READ)
        rows = WebhookEndpoint.objects.filter(tenant_id=who.tenant_id, mode=who.mode)
        return data([shapes.endpoint(row) for row in rows.order_by("pk")])

    @extend_schema(
        operation_id="webhooks_create",
        request=shapes.NEW,
        responses=shapes.answers(201, {"data": {**shapes.ENDPOINT, "secret": "whsec_…"}}, 409),
    )
    def post(self, request: Request) -> Response:
        """Add a webhook; `secret` is shown this once."""
        who = require_scope(request, WRITE)
        given = _given(body(request))
        row, secret = endpoints.add_endpoint(who.tenant_id, who.mode, given)
        return data(shapes.endpoint(row, secret=secret), 201, SECRET)


class WebhookView(APIView):
    """/v1/webhooks/{webhookId}."""

    @extend_schema(
        operation_id="webhooks_retrieve", responses=shapes.answers(200, {"data": shapes.ENDPOINT})
    )
    def get(self, request: Request, webhook_id: str) -> Response:
        """Show one."""
        return data(shapes.endpoint(_found(require_scope(request, READ), webhook_id)))

    @extend_schema(
        operation_id="webhooks_update",
        request=shapes.CHANGE,
        responses=shapes.answers(200, {"data": shapes.ENDPOINT}, 409),
    )
    def patch(self, request: Request, webhook_id: str) -> Response:
        """Change what is named."""
        row = _found(require_scope(request, WRITE), webhook_id)
        endpoints.change_endpoint(row, _given(body(request)))
        return data(shapes.endpoint(row))

    @extend_schema(operation_id="webhooks_delete", responses={204: None})
    def delete(self, request: Request, webhook_id: str) -> Response:
        """Delete; nothing more is sent."""
        endpoints.delete_endpoint(_found(require_scope(request, WRITE), webhook_id))
        return no_content()


class RotateView(APIView):
    """/v1/webhooks/{webhookId}/rotate-secret."""

    @extend_schema(
        operation_id="webhooks_rotate_secret",
        request=None,
        responses=shapes.answers(200, {"data": {**shapes.ENDPOINT, "secret": "whsec_…"}}),
    )
    def post(self, request: Request, webhook_id: str) -> Response:
        """Give a new secret, shown this once; for 24 hours the old one signs, too."""
        row = _asked(request, webhook_id)
        secret = endpoints.rotate_secret(row, datetime.now(UTC))
        return data(shapes.endpoint(row, secret=secret), headers=SECRET)


class TestView(APIView):
    """/v1/webhooks/{webhookId}/test."""

    @extend_schema(
        operation_id="webhooks_test",
        request=None,
        responses=shapes.answers(
            201,
            {"data": {**shapes.DELIVERY, "type": endpoints.TEST_EVENT, "state": "pending"}},
            409,
        ),
    )
    def post(self, request: Request, webhook_id: str) -> Response:
        """Send an event `webhook.test`, whatever events the webhook wants."""
        row = _asked(request, webhook_id)
        return data(shapes.delivery(endpoints.send_test(row)), 201)


class DeliveriesView(APIView):
    """/v1/webhooks/{webhookId}/deliveries."""

    @extend_schema(
        operation_id="webhooks_deliveries",
        parameters=[
            OpenApiParameter("state", str, enum=WebhookDelivery.State.values),
            OpenApiParameter("page", float, description="From 0."),
            OpenApiParameter("limit", float, description="1 to 100, 10 by default."),
        ],
        responses=shapes.answers(
            200, {"page": 0, "pageSize": 10, "hasMore": False, "data": [shapes.DELIVERY]}
        ),
    )
    def get(self, request: Request, webhook_id: str) -> Response:
        """List what was sent in the last 30 days, newest first, with bodies and answers."""
        row = _found(require_scope(request, READ), webhook_id)
        query = request.query_params
        number = integer(query, "page", 0, high=MOST_PAGES)
        limit = integer(query, "limit", 10, low=1)
        rows = WebhookDelivery.objects.filter(tenant_id=row.tenant_id, endpoint_id=row.pk)
        if state := word(query, "state", (*WebhookDelivery.State.values, ""), ""):
            rows = rows.filter(state=state)
        taken = list(rows.order_by("-pk")[number * limit : (number + 1) * limit + 1])
        shown = [shapes.delivery(one) for one in taken[:limit]]
        return page(shown, number, limit, len(taken) > limit)


class ResendView(APIView):
    """/v1/webhooks/{webhookId}/deliveries/{deliveryId}/resend."""

    @extend_schema(
        operation_id="webhooks_resend",
        request=None,
        responses=shapes.answers(200, {"data": {**shapes.DELIVERY, "state": "pending"}}, 409),
    )
    def post(self, request: Request, webhook_id: str, delivery_id: str) -> Response:
        """Send one again under the same `webhook-id`."""
        row = _asked(request, webhook_id)
        deliveries = WebhookDelivery.objects.filter(tenant_id=row.tenant_id, endpoint_id=row.pk)
        delivery: WebhookDelivery | None = deliveries.filter(pk=_id(delivery_id)).first()
        if delivery is None:
            raise NotFound("There is no such delivery.")
        endpoints.resend(row, delivery)
        delivery.refresh_from_db()
        return data(shapes.delivery(delivery))


class ResendFailedView(APIView):
    """/v1/webhooks/{webhookId}/resend-failed."""

    @extend_schema(
        operation_id="webhooks_resend_failed",
        request=shapes.SINCE,
        responses=shapes.answers(200, {"data": {"resent": 17}}, 409),
    )
    def post(self, request: Request, webhook_id: str) -> Response:
        """Send again all that failed since a moment, the oldest first, up to 10,000 at once."""
        row = _found(require_scope(request, WRITE), webhook_id)
        since = _since(body(request).get("since"))
        return data({"resent": endpoints.resend_failed(row, since)})


def _asked(request: Request, webhook_id: str) -> WebhookEndpoint:
    """Find what a call without fields is about."""
    row = _found(require_scope(request, WRITE), webhook_id)
    body(request)  # says what is wrong with it
    return row


def _found(who: Caller, text: str) -> WebhookEndpoint:
    row: WebhookEndpoint | None = WebhookEndpoint.objects.filter(
        tenant_id=who.tenant_id, pk=_id(text)
    ).first()
    if row is None:
        raise NotFound("There is no such webhook.")
    if row.mode != who.mode:
        raise Forbidden(
            f"This webhook is of {row.mode} mode; a {who.mode} key sees {who.mode} webhooks only."
        )
    return row


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Take the fields that the body names."""
    return {name: values[name] for name in endpoints.FIELDS if name in values}


def _since(value: object) -> datetime:
    rule = "must be an ISO 8601 date and time with its offset from UTC"
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1970 <= moment.year <= 9000:
        raise InvalidFields(f"since {rule}.", errors={"since": [f"since {rule}"]})
    return moment
