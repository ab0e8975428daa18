"""The routes of sends: one message, a thousand, and what is to leave later."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.api import examples, send_examples
from notifications.api.events import WRITE, acknowledged
from notifications.models import Event
from notifications.sends import read_send, read_sends
from notifications.trigger import Acceptance, accept, accept_many, cancel
from tenants.answers import cursor, data
from tenants.api.examples import CURSOR, ENDS
from tenants.auth import require_scope
from tenants.bodies import iso
from tenants.errors import InvalidFields
from tenants.ids import created_at
from tenants.paging import cut
from tenants.queries import body

READ = "events:read"
MOST_MESSAGES = 1_000
AT_ONCE = 100  # messages that one statement writes


class SendView(APIView):
    """/v1/notifications/send."""

    @extend_schema(
        operation_id="notifications_send",
        request=send_examples.SEND,
        responses=examples.answers(201, {"data": examples.ACCEPTED}),
    )
    def post(self, request: Request) -> Response:
        """Accept one message: of a workflow or a template, or direct words for one channel."""
        who, now = require_scope(request, WRITE), datetime.now(UTC)
        who, command = read_send(who, body(request), now)
        return data(acknowledged(accept(who, command, now)), 201)


class SendBatchView(APIView):
    """/v1/notifications/send-batch."""

    @extend_schema(
        operation_id="notifications_send_batch",
        request=send_examples.SEND_BATCH,
        responses=examples.answers(201, {"data": [examples.ACCEPTED]}),
    )
    def post(self, request: Request) -> Response:
        """Accept up to 1,000 messages; a bad one is answered in its place and sinks no other."""
        who, now = require_scope(request, WRITE), datetime.now(UTC)
        who, commands = read_sends(who, _messages(body(request)), now)
        answers: list[Acceptance] = []
        for at in range(0, len(commands), AT_ONCE):
            answers += accept_many(who, commands[at : at + AT_ONCE], now)
        return data([acknowledged(answer) for answer in answers], 201)


class ScheduleView(APIView):
    """/v1/notifications/schedule."""

    @extend_schema(
        operation_id="notifications_schedule",
        request=send_examples.SEND,
        responses=examples.answers(201, {"data": examples.ACCEPTED}),
    )
    def post(self, request: Request) -> Response:
        """Accept one message for later; scheduledAt or delay says when."""
        who, now = require_scope(request, WRITE), datetime.now(UTC)
        who, command = read_send(who, body(request), now)
        if command.due_at is None or command.due_at <= now:
            sentence = "scheduledAt, or delay in seconds, must name a moment to come"
            raise InvalidFields(f"{sentence}.", errors={"scheduledAt": [sentence]})
        return data(acknowledged(accept(who, command, now)), 201)

    @extend_schema(
        operation_id="notifications_schedule_list",
        parameters=CURSOR,
        responses=examples.answers(200, {"data": [send_examples.SCHEDULED], **ENDS}),
    )
    def get(self, request: Request) -> Response:
        """List what is to leave later, newest first: sends, triggers, broadcasts alike."""
        who = require_scope(request, READ)
        waiting: QuerySet[Event] = Event.objects.filter(
            tenant_id=who.tenant_id,
            mode=who.mode,
            due_at__gt=datetime.now(UTC),
            canceled_at__isnull=True,
        ).select_related("workflow")
        found = cut(waiting, request.query_params, {"_id": "id", "createdAt": "id"})
        shown = [_scheduled(event) for event in found.rows]
        return cursor(shown, found.next, found.previous, found.total)


class ScheduledView(APIView):
    """/v1/notifications/schedule/{transactionId}."""

    @extend_schema(
        operation_id="notifications_schedule_cancel",
        responses=examples.answers(200, {"data": True}),
    )
    def delete(self, request: Request, transaction_id: str) -> Response:
        """Stop what still waits; false when there was nothing to stop."""
        return data(cancel(require_scope(request, WRITE), transaction_id))


def _messages(given: dict[str, Any]) -> list[Any]:
    messages = given.get("messages")
    if not isinstance(messages, list) or not 1 <= len(messages) <= MOST_MESSAGES:
        sentence = f"messages must be a list of 1 to {MOST_MESSAGES} messages"
        raise InvalidFields(f"{sentence}.", errors={"messages": [sentence]})
    return messages


def _scheduled(event: Event) -> dict[str, Any]:
    return {
        "transactionId": event.transaction_id,
        "name": event.workflow.identifier,
        "to": event.recipients,
        "scheduledAt": iso(event.due_at),
        "createdAt": iso(created_at(event.pk)),
    }
