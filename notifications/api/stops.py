"""The routes of a salon's stops: what is stopped, to stop it, to let it go on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications import stops
from notifications.models import Category, PlatformStop, Stop
from tenants.answers import data
from tenants.api.examples import answers
from tenants.auth import Caller, require_scope
from tenants.bodies import iso, present
from tenants.errors import Forbidden, NotFound
from tenants.queries import body

READ, WRITE = "stops:read", "stops:write"

_BODY = inline_serializer(
    "StopBody",
    {
        "channel": serializers.ChoiceField(stops.CHANNELS, required=False, allow_blank=True),
        "category": serializers.ChoiceField(Category.values, required=False, allow_blank=True),
        "note": serializers.CharField(
            required=False, allow_blank=True, max_length=stops.LONGEST_NOTE
        ),
    },
)
_SHOWN = {
    "_id": "0190…",
    "channel": "sms",
    "category": "mk",
    "note": "wrong price list",
    "open": True,
    "startedAt": "2026-11-21T09:00:00.000Z",
    "startedBy": "key:0190…",
}


class StopsView(APIView):
    """/v1/stops."""

    @extend_schema(operation_id="stops_list", responses=answers(200, {"data": [_SHOWN]}))
    def get(self, request: Request) -> Response:
        """List the last 100, newest first; no channel or category means all of them."""
        who = _live(request, READ)
        return data([shown(row) for row in stops.find(who.tenant_id)])

    @extend_schema(
        operation_id="stops_start", request=_BODY, responses=answers(201, {"data": _SHOWN})
    )
    def post(self, request: Request) -> Response:
        """Stop everything, a channel, a category, or one in the other."""
        who = _live(request, WRITE)
        wanted = stops.read(body(request))
        return data(shown(stops.start(who.tenant_id, wanted, f"key:{who.key_id}")), 201)


class StopView(APIView):
    """/v1/stops/{stopId}."""

    @extend_schema(
        operation_id="stops_end", responses=answers(200, {"data": {**_SHOWN, "open": False}})
    )
    def delete(self, request: Request, stop_id: str) -> Response:
        """Let it go on; the stop stays in the list as the record."""
        who = _live(request, WRITE)
        return data(shown(stops.end(who.tenant_id, _key(stop_id), f"key:{who.key_id}")))


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such stop.") from None


def _live(request: Request, scope: str) -> Caller:
    who = require_scope(request, scope)
    if who.mode != "live":
        raise Forbidden("A stop holds live messages back; a test key neither sees nor makes one.")
    return who


def shown(row: Stop | PlatformStop) -> dict[str, Any]:
    """Write a stop for a reader outside."""
    return present(
        {
            "_id": str(row.pk),
            "channel": row.channel,
            "category": row.category,
            "note": row.note,
            "open": row.is_open,
            "startedAt": iso(row.started_at),
            "startedBy": row.started_by,
            "endedAt": iso(row.ended_at) if row.ended_at else None,
            "endedBy": row.ended_by,
        }
    )
