"""The addresses that a Novu beside Kolokol calls, and what it told: its delivery log among ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications import novu
from notifications.api import examples
from notifications.api.callbacks import read_callback
from notifications.models import ExternalDelivery
from tenants.answers import page
from tenants.auth import require_scope
from tenants.bodies import error_body, iso, present
from tenants.client_address import client_address
from tenants.errors import PlatformError
from tenants.queries import integer

READ = "notifications:read"
MOST_PAGES = 10_000
FILTERS = {
    "subscriberId": "subscriber_key",
    "transactionId": "transaction_id",
    "workflow": "workflow",
    "status": "status",
    "channel": "channel",
}


EXAMPLE = {
    "_id": "0190…",
    "integrationId": "0190…",
    "event": "message.failed",
    "externalId": "64f0…",
    "transactionId": "txn_8f2",
    "workflow": "visit-reminder",
    "channel": "sms",
    "status": "error",
    "subscriberId": "client-17",
    "timestamp": "2026-11-21T09:00:00.000Z",
    "raw": {},
    "metadata": {},
}


def webhook(request: HttpRequest, integration_id: UUID, token: str) -> JsonResponse:
    """Take an event of Novu's: /internal/webhooks/novu/{account}/{token}."""

    def hear() -> dict[str, Any]:
        callback, caller = read_callback(request), client_address(request)
        return {"new": novu.hear(integration_id, token, callback, caller=caller)}

    return _answered(request, f"/internal/webhooks/novu/{integration_id}/...", hear)


def adapter(request: HttpRequest, integration_id: UUID, token: str) -> JsonResponse:
    """Take a message that Novu cannot carry itself: /webhook/novu/{account}/{token}."""

    def carry() -> dict[str, Any]:
        callback, caller = read_callback(request), client_address(request)
        return {"transactionId": novu.carry(integration_id, token, callback, caller=caller)}

    return _answered(request, f"/webhook/novu/{integration_id}/...", carry)


webhook.door = adapter.door = "open"  # type: ignore[attr-defined]  # read by ApiScope


def _answered(request: HttpRequest, path: str, work: Callable[[], dict[str, Any]]) -> JsonResponse:
    if request.method != "POST":
        response = JsonResponse(error_body(405, path, "Novu calls by POST."), status=405)
        response["Allow"] = "POST"
        return response
    try:
        return JsonResponse({"data": work()})
    except PlatformError as error:
        body = error_body(error.status, path, error.message, errors=error.errors)
        return JsonResponse(body, status=error.status)


class ExternalDeliveriesView(APIView):
    """/v1/external-deliveries."""

    @extend_schema(
        operation_id="external_deliveries_list",
        parameters=[
            *(OpenApiParameter(name, str) for name in FILTERS),
            OpenApiParameter("page", float, description="From 0."),
            OpenApiParameter("limit", float, description="1 to 100, 10 by default."),
        ],
        responses=examples.answers(
            200, {"page": 0, "pageSize": 10, "hasMore": False, "data": [EXAMPLE]}
        ),
    )
    def get(self, request: Request) -> Response:
        """List what another platform said of its messages, newest first; live mode only."""
        who = require_scope(request, READ)
        query = request.query_params
        number = integer(query, "page", 0, high=MOST_PAGES)
        limit = integer(query, "limit", 10, low=1)
        wanted = {column: query[name] for name, column in FILTERS.items() if query.get(name)}
        rows = ExternalDelivery.objects.filter(tenant_id=who.tenant_id, **wanted)
        found = rows.order_by("-id") if who.mode == "live" else rows.none()
        shown = list(found[number * limit : (number + 1) * limit + 1])
        return page([_shown(row) for row in shown[:limit]], number, limit, len(shown) > limit)


def _shown(row: ExternalDelivery) -> dict[str, Any]:
    return {
        "_id": str(row.pk),
        "integrationId": str(row.integration_id),
        "event": row.event,
        "timestamp": iso(row.at),
        "raw": row.raw,
        "metadata": row.metadata,
    } | present(
        {
            "externalId": row.external_id,
            "transactionId": row.transaction_id,
            "workflow": row.workflow,
            "step": row.step,
            "channel": row.channel,
            "status": row.status,
            "subscriberId": row.subscriber_key,
            "providerId": row.provider,
            "error": row.error,
        }
    )
