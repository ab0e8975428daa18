"""The routes of packs: ready workflows that a salon may add to its own."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.api import examples
from notifications.offers import Offer, add, offers
from tenants.answers import data
from tenants.auth import require_scope
from tenants.queries import body

READ, WRITE = "workflows:read", "workflows:write"
_PACK = {
    "name": "business-events",
    "title": {"ru": "Заказы и оплата", "en": "Orders and payments"},
    "version": 1,
    "workflows": ["order-created", "order-shipped"],
    "added": {"order-created": 1},
}


class PacksView(APIView):
    """/v1/packs."""

    @extend_schema(operation_id="packs_list", responses=examples.answers(200, {"data": [_PACK]}))
    def get(self, request: Request) -> Response:
        """List the packs; `added` names the salon's copies and the version each came from."""
        who = require_scope(request, READ)
        return data([_shape(offer) for offer in offers(who.tenant_id)])


class PackView(APIView):
    """/v1/packs/{name}."""

    @extend_schema(
        operation_id="packs_add",
        request=None,
        responses=examples.answers(201, {"data": {"name": "business-events", "added": 7}}),
    )
    def post(self, request: Request, name: str) -> Response:
        """Copy what the salon lacks of a pack; what it has already stays as it is."""
        who = require_scope(request, WRITE)
        body(request)  # says what is wrong with it
        return data({"name": name, "added": add(who.tenant_id, name)}, 201)


def _shape(offer: Offer) -> dict[str, Any]:
    return {
        "name": offer.pack.name,
        "title": dict(offer.pack.title),
        "version": offer.pack.version,
        "workflows": [workflow.identifier for workflow in offer.pack.workflows],
        "added": offer.copies,
    }
