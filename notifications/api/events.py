"""The routes of events: trigger, bulk, broadcast, cancel."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.api import examples
from notifications.commands import MOST_EVENTS, Command, read_command
from notifications.jointly import accept_jointly
from notifications.trigger import Acceptance, accept, accept_many, cancel
from tenants.answers import data
from tenants.auth import require_scope
from tenants.errors import InvalidFields, PlatformError
from tenants.scope import current

WRITE = "events:write"
_POST = ["post", "options"]  # each answer names them: eight fewer to look for


class TriggerView(APIView):
    """/v1/events/trigger."""

    door = "known"
    http_method_names = _POST

    @extend_schema(
        operation_id="events_trigger",
        request=examples.TRIGGER,
        responses=examples.answers(201, {"data": examples.ACCEPTED}),
    )
    def post(self, request: Request) -> Response:
        """Accept one event; the answer comes when it is stored, before anything is sent."""
        who = require_scope(request, WRITE)
        now = datetime.now(UTC)
        take = accept if current() else accept_jointly  # as ApiScope has let it in
        return data(acknowledged(take(who, read_command(_body(request), now), now)), 201)


class BulkView(APIView):
    """/v1/events/trigger/bulk."""

    http_method_names = _POST

    @extend_schema(
        operation_id="events_trigger_bulk",
        request=examples.BULK,
        responses=examples.answers(201, {"data": [examples.ACCEPTED]}),
    )
    def post(self, request: Request) -> Response:
        """Accept up to 100 events; a bad one is answered in its place and sinks no other."""
        who = require_scope(request, WRITE)
        now = datetime.now(UTC)
        commands = [_read(event, now) for event in _events(_body(request))]
        return data([acknowledged(answer) for answer in accept_many(who, commands, now)], 201)


class BroadcastView(APIView):
    """/v1/events/trigger/broadcast."""

    @extend_schema(
        operation_id="events_broadcast",
        request=examples.BROADCAST,
        responses=examples.answers(201, {"data": examples.ACCEPTED}),
    )
    def post(self, request: Request) -> Response:
        """Accept one event for every client of the salon."""
        who = require_scope(request, WRITE)
        now = datetime.now(UTC)
        command = read_command(_body(request), now, is_broadcast=True)
        return data(acknowledged(accept(who, command, now)), 201)


class CancelView(APIView):
    """/v1/events/trigger/{transactionId}."""

    @extend_schema(operation_id="events_cancel", responses=examples.answers(200, {"data": True}))
    def delete(self, request: Request, transaction_id: str) -> Response:
        """Stop what still waits; false when there was nothing to stop."""
        return data(cancel(require_scope(request, WRITE), transaction_id))


def _body(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = request.data  # type: ignore[assignment]  # JsonParser gives objects only
    return body


def _events(body: dict[str, Any]) -> list[Any]:
    events = body.get("events")
    if not isinstance(events, list) or not 1 <= len(events) <= MOST_EVENTS:
        sentence = f"events must be a list of 1 to {MOST_EVENTS} events"
        raise InvalidFields(f"{sentence}.", errors={"events": [sentence]})
    return events


def _read(event: Any, now: datetime) -> Command | PlatformError:
    if not isinstance(event, dict):
        return InvalidFields("An event must be an object.")
    try:
        return read_command(event, now)
    except InvalidFields as refused:
        refused.ctx["transactionId"] = event.get("transactionId")
        return refused


def acknowledged(answer: Acceptance) -> dict[str, object]:
    """Write the answer to one trigger in the wire contract's words."""
    shape: dict[str, object] = {"acknowledged": True, "status": answer.status}
    if answer.errors:
        shape["error"] = list(answer.errors)
    if answer.transaction_id:
        shape["transactionId"] = answer.transaction_id
    return shape
