"""The routes of cases: which clients need a person, and what people did."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications import cases
from notifications.api import examples
from notifications.escalation import NewCase, open_case, page_of
from notifications.models import CaseState, Cause, Escalation
from tenants.answers import data, page
from tenants.auth import Caller, require_scope
from tenants.bodies import iso, present
from tenants.errors import InvalidFields, NotFound
from tenants.models import Subscriber
from tenants.queries import body, integer, word

Json = dict[str, Any]

READ, WRITE = "escalations:read", "escalations:write"
MOST_PAGES = 10_000
LONGEST_NAME, LONGEST_SUBJECT = 150, (32, 255)

_WHO: dict[str, Any] = {"by": serializers.CharField(required=False, max_length=LONGEST_NAME)}
_SUBJECT = inline_serializer(
    "EscalationSubject",
    {
        "type": serializers.CharField(max_length=LONGEST_SUBJECT[0]),
        "id": serializers.CharField(max_length=LONGEST_SUBJECT[1]),
    },
    required=False,
)
NEW = inline_serializer(
    "EscalationBody",
    {
        "subscriberId": serializers.CharField(),
        "cause": serializers.ChoiceField(["manual", "not_confirmed"], required=False),
        "subject": _SUBJECT,
        "text": serializers.CharField(required=False, max_length=cases.LONGEST),
        "deadline": serializers.DateTimeField(required=False),
    },
)
BY = inline_serializer("EscalationBy", _WHO)
ANSWER = inline_serializer(
    "EscalationAnswer", {"text": serializers.CharField(max_length=cases.LONGEST), **_WHO}
)
EXAMPLE: Json = {
    "_id": "0190…",
    "cause": "client_wrote",
    "state": "open",
    "subscriberId": "client-17",
    "repeats": 0,
    "openedAt": "2026-11-21T09:00:00.000Z",
    "deadline": "2026-11-21T10:00:00.000Z",
    "url": "https://notify.example/admin/notifications/escalation/0190…/change/",
}
WHOLE: Json = {
    **EXAMPLE,
    "lines": [{"kind": "wrote", "text": "Можно позже?", "timestamp": "2026-11-21T09:00:00.000Z"}],
}
#: What another system may open: everything else is found by Kolokol itself.
CAUSES = (Cause.MANUAL.value, Cause.NOT_CONFIRMED.value)


class CasesView(APIView):
    """/v1/escalations."""

    @extend_schema(
        operation_id="escalations_list",
        parameters=[
            OpenApiParameter("state", str, enum=CaseState.values),
            OpenApiParameter("cause", str, enum=Cause.values),
            OpenApiParameter("subscriberId", str),
            OpenApiParameter("page", float, description="From 0."),
            OpenApiParameter("limit", float, description="1 to 100, 10 by default."),
        ],
        responses=examples.answers(
            200, {"page": 0, "pageSize": 10, "hasMore": False, "data": [EXAMPLE]}
        ),
    )
    def get(self, request: Request) -> Response:
        """List cases of the key's mode, newest first."""
        who = require_scope(request, READ)
        query = request.query_params
        number = integer(query, "page", 0, high=MOST_PAGES)
        limit = integer(query, "limit", 10, low=1)
        wanted = {
            "state": word(query, "state", ("", *CaseState.values), ""),
            "cause": word(query, "cause", ("", *Cause.values), ""),
            "subscriber__subscriber_id": query.get("subscriberId", ""),
        }
        rows = Escalation.objects.filter(
            tenant_id=who.tenant_id,
            mode=who.mode,
            **{name: value for name, value in wanted.items() if value},
        )
        found = rows.select_related("subscriber").order_by("-pk")
        shown = list(found[number * limit : (number + 1) * limit + 1])
        return page([_shown(row) for row in shown[:limit]], number, limit, len(shown) > limit)

    @extend_schema(
        operation_id="escalations_create",
        request=NEW,
        responses=examples.answers(201, {"data": WHOLE}),
    )
    def post(self, request: Request) -> Response:
        """Open a case by hand; what is open for the same client and subject is added to."""
        who = require_scope(request, WRITE)
        key = open_case(_new(who, body(request)))
        return data(_whole(cases.find(who.tenant_id, who.mode, key)), 201)


class CaseView(APIView):
    """/v1/escalations/{escalationId}."""

    @extend_schema(
        operation_id="escalations_retrieve", responses=examples.answers(200, {"data": WHOLE})
    )
    def get(self, request: Request, escalation_id: str) -> Response:
        """Show one with all that happened in it."""
        return data(_whole(_found(require_scope(request, READ), escalation_id)))


class TakeView(APIView):
    """/v1/escalations/{escalationId}/take."""

    @extend_schema(
        operation_id="escalations_take",
        request=BY,
        responses=examples.answers(200, {"data": WHOLE}),
    )
    def post(self, request: Request, escalation_id: str) -> Response:
        """Say who looks after it; refused when somebody else does."""
        row = _found(require_scope(request, WRITE), escalation_id)
        return data(_whole(cases.take(row, _by(body(request)), datetime.now(UTC))))


class AnswerView(APIView):
    """/v1/escalations/{escalationId}/answer."""

    @extend_schema(
        operation_id="escalations_answer",
        request=ANSWER,
        responses=examples.answers(200, {"data": WHOLE}),
    )
    def post(self, request: Request, escalation_id: str) -> Response:
        """Write to the client, by the way that she wrote last."""
        row = _found(require_scope(request, WRITE), escalation_id)
        given = body(request)
        text = given.get("text")
        if not isinstance(text, str):
            raise _wrong("text", "must be a text")
        return data(_whole(cases.answer(row, text, _by(given), datetime.now(UTC))))


class CloseView(APIView):
    """/v1/escalations/{escalationId}/close."""

    @extend_schema(
        operation_id="escalations_close",
        request=BY,
        responses=examples.answers(200, {"data": WHOLE}),
    )
    def post(self, request: Request, escalation_id: str) -> Response:
        """End it."""
        row = _found(require_scope(request, WRITE), escalation_id)
        return data(_whole(cases.close(row, _by(body(request)), datetime.now(UTC))))


def _found(who: Caller, text: str) -> Escalation:
    try:
        key = UUID(text)
    except ValueError:
        raise NotFound("There is no such case.") from None
    return cases.find(who.tenant_id, who.mode, key)


def _by(given: Json) -> str:
    who = given.get("by", "API")
    if not isinstance(who, str) or not 1 <= len(who.strip()) <= LONGEST_NAME:
        raise _wrong("by", f"must be a text of 1 to {LONGEST_NAME} characters")
    return who.strip()


def _new(who: Caller, given: Json) -> NewCase:
    cause, text = given.get("cause", CAUSES[0]), given.get("text", "")
    if cause not in CAUSES:
        raise _wrong("cause", f"must be one of {', '.join(CAUSES)}")
    if not isinstance(text, str) or len(text) > cases.LONGEST:
        raise _wrong("text", f"must be a text of up to {cases.LONGEST} characters")
    return NewCase(
        tenant_id=who.tenant_id,
        mode=who.mode,
        cause=Cause(cause),
        subscriber_id=_client(who, given.get("subscriberId")),
        subject=_subject(given.get("subject")),
        text=text,
        deadline_at=_deadline(given.get("deadline")),
    )


def _client(who: Caller, key: object) -> UUID:
    if not isinstance(key, str) or not key:
        raise _wrong("subscriberId", "must be a text")
    people = Subscriber.objects.filter(tenant_id=who.tenant_id, mode=who.mode, subscriber_id=key)
    found: UUID | None = people.values_list("pk", flat=True).first()
    if found is None:
        raise NotFound("There is no such subscriber.")
    return found


def _subject(given: object) -> tuple[str, str]:
    if given is None:
        return "", ""
    parts = [given.get(name) for name in ("type", "id")] if isinstance(given, dict) else []
    read = [part for part in parts if isinstance(part, str) and part]
    if len(read) != 2 or any(len(p) > most for p, most in zip(read, LONGEST_SUBJECT, strict=True)):
        raise _wrong("subject", "must be an object with the texts type (32) and id (255)")
    return read[0], read[1]


def _deadline(given: object) -> datetime | None:
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(str(given))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _wrong("deadline", "must be an ISO 8601 date and time with its offset from UTC")


def _wrong(name: str, rule: str) -> InvalidFields:
    return InvalidFields(f"{name} {rule}.", errors={name: [f"{name} {rule}"]})


def _shown(row: Escalation) -> Json:
    moments = {"takenAt": row.taken_at, "answeredAt": row.answered_at, "closedAt": row.closed_at}
    return {
        "_id": str(row.pk),
        "cause": row.cause,
        "state": row.state,
        "repeats": row.repeats,
        "openedAt": iso(row.opened_at),
        "deadline": iso(row.deadline_at),
        "url": page_of(row.pk),
    } | present(
        {
            "subscriberId": row.subscriber.subscriber_id if row.subscriber else None,
            "subject": _reference(row),
            "notificationId": str(row.notification_id) if row.notification_id else None,
            "messageId": str(row.message_id) if row.message_id else None,
            "channel": row.channel,
            "takenBy": row.taken_by,
            "closedBy": row.closed_by,
            **{name: iso(moment) for name, moment in moments.items() if moment},
        }
    )


def _reference(row: Escalation) -> Json | None:
    return {"type": row.subject_type, "id": row.subject_id} if row.subject_id else None


def _whole(row: Escalation) -> Json:
    lines = row.lines.filter(tenant_id=row.tenant_id).order_by("pk")
    return _shown(row) | {
        "lines": [
            {"kind": line.kind, "timestamp": iso(line.at)}
            | present({"text": line.text, "by": line.who, "transactionId": line.transaction_id})
            for line in lines
        ]
    }
