"""The routes of a salon's suppression list: told, added to, taken off."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants import suppressions
from tenants.answers import data, page
from tenants.api import examples
from tenants.auth import Caller, require_scope
from tenants.errors import Forbidden, InvalidFields
from tenants.models import AddressKind
from tenants.queries import body, integer
from tenants.suppressions import Line

READ, WRITE = "subscribers:read", "subscribers:write"
MOST_PAGES = 100_000
_BODY = inline_serializer(
    "SuppressionsBody",
    {
        "entries": inline_serializer(
            "SuppressionEntry",
            {
                "channel": serializers.ChoiceField(AddressKind.values),
                "value": serializers.CharField(max_length=1024),
            },
            many=True,
        )
    },
)
_ROW = {"channel": "email", "value": "anna@mail.example", "reason": "complaint"}


class SuppressionsView(APIView):
    """/v1/suppressions."""

    @extend_schema(
        operation_id="suppressions_list",
        parameters=[OpenApiParameter("page", float), OpenApiParameter("limit", float)],
        responses=examples.answers(
            200, {"page": 0, "pageSize": 10, "hasMore": False, "data": [_ROW]}
        ),
    )
    def get(self, request: Request) -> Response:
        """List the list's lines and the addresses that said no by themselves."""
        who = _live(request, READ)
        number = integer(request.query_params, "page", 0, high=MOST_PAGES)
        limit = integer(request.query_params, "limit", 100, low=1, high=500)
        found = suppressions.find(who.tenant_id, number * limit, limit + 1)
        shown = [{"channel": r.kind, "value": r.value, "reason": r.reason} for r in found[:limit]]
        return page(shown, number, limit, len(found) > limit)

    @extend_schema(
        operation_id="suppressions_add",
        request=_BODY,
        responses=examples.answers(201, {"data": {"added": 1}}),
    )
    def post(self, request: Request) -> Response:
        """Add up to 500 addresses, also such as nobody has yet."""
        who = _live(request, WRITE)
        return data({"added": suppressions.add(who.tenant_id, _lines(request), _by(who))}, 201)


class RemoveView(APIView):
    """/v1/suppressions/remove."""

    @extend_schema(
        operation_id="suppressions_remove",
        request=_BODY,
        responses=examples.answers(200, {"data": {"removed": 1}}),
    )
    def post(self, request: Request) -> Response:
        """Take up to 500 addresses off the list; an address does not belong into a URL."""
        who = _live(request, WRITE)
        return data({"removed": suppressions.remove(who.tenant_id, _lines(request), _by(who))})


def _live(request: Request, scope: str) -> Caller:
    who = require_scope(request, scope)
    if who.mode != "live":
        raise Forbidden("The suppression list is of live mode; a test key does not see it.")
    return who


def _by(who: Caller) -> str:
    return f"key:{who.key_id}"


def _lines(request: Request) -> list[Line]:
    entries = body(request).get("entries")
    if not isinstance(entries, list) or not 0 < len(entries) <= suppressions.MOST:
        words = f"entries must be a list of 1 to {suppressions.MOST}"
        raise InvalidFields(f"{words}.", errors={"entries": [words]})
    return [suppressions.read(entry, f"entries.{n}") for n, entry in enumerate(entries)]
