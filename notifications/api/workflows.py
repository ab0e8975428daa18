"""The routes of workflows: Novu's to read them, ours to draft, publish, review and rehearse."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.api import workflow_shapes as shapes
from notifications.commands import read_command
from notifications.definition import template_ids
from notifications.importing import Import, import_manifest, publish_all
from notifications.manifest import VERSION, read_manifest
from notifications.models import DraftState, MessageTemplate, Workflow
from notifications.publishing import PublishRefused, document_of
from notifications.rehearsal import rehearse, rehearse_draft
from notifications.rehearsal_words import rehearsal_shape
from notifications.reviewing import submit
from notifications.succession import publish_as_new
from notifications.trial import IDENTIFIER as TRIAL
from tenants.accounts import issuer_of
from tenants.answers import data, page
from tenants.api.examples import answers
from tenants.auth import Caller, require_scope
from tenants.errors import Forbidden, InvalidFields, NotFound
from tenants.queries import body, integer, listed, word

READ, WRITE, TRY = "workflows:read", "workflows:write", "events:write"
ORDERS = {"createdAt": "created_at", "updatedAt": "updated_at", "name": "name"}
MOST_OFFSET = 10_000


class WorkflowsView(APIView):
    """/v2/workflows."""

    @extend_schema(
        operation_id="workflows_list",
        parameters=[
            OpenApiParameter("limit", float, description="1 to 100, 10 by default."),
            OpenApiParameter("offset", float),
            OpenApiParameter("query", str, description="Part of the name or identifier."),
            OpenApiParameter("status", str, enum=["ACTIVE", "INACTIVE"], many=True),
            OpenApiParameter("orderBy", str, enum=list(ORDERS)),
            OpenApiParameter("orderDirection", str, enum=["ASC", "DESC"]),
        ],
        responses=answers(200, {"data": {"workflows": [shapes.ROW], "totalCount": 1}}),
    )
    def get(self, request: Request) -> Response:
        """List workflows as Novu does."""
        require_scope(request, READ)
        query = request.query_params
        limit = integer(query, "limit", 10, low=1)
        offset = integer(query, "offset", 0, high=MOST_OFFSET)
        found = _asked(query.get("query") or "", set(listed(query, "status")))
        field = ORDERS[word(query, "orderBy", tuple(ORDERS), "createdAt")]
        sign = "" if word(query, "orderDirection", ("ASC", "DESC"), "DESC") == "ASC" else "-"
        rows = found.order_by(f"{sign}{field}", "pk").prefetch_related("steps")
        shown = [shapes.row(row, row.steps.all()) for row in rows[offset : offset + limit]]
        return data({"workflows": shown, "totalCount": found.count()})


class WorkflowView(APIView):
    """/v2/workflows/{workflowId}."""

    @extend_schema(
        operation_id="workflows_retrieve",
        responses=answers(200, {"data": {**shapes.ROW, "steps": [shapes.STEP]}}),
    )
    def get(self, request: Request, workflow_id: str) -> Response:
        """Show one as Novu does; by identifier or _id."""
        require_scope(request, READ)
        row = _found(workflow_id)
        return data(shapes.whole(row, row.steps.select_related("template")))


class DraftsView(APIView):
    """/v1/workflows."""

    @extend_schema(
        operation_id="drafts_list",
        parameters=[
            OpenApiParameter("page", float, description="From 0."),
            OpenApiParameter("limit", float, description="1 to 100, 10 by default."),
            OpenApiParameter("query", str, description="Part of the name or identifier."),
            OpenApiParameter("state", str, enum=DraftState.values),
        ],
        responses=answers(200, {"page": 0, "pageSize": 10, "hasMore": False, "data": [shapes.OWN]}),
    )
    def get(self, request: Request) -> Response:
        """List workflows with what is drafted, in review or published, by identifier."""
        require_scope(request, READ)
        query = request.query_params
        number = integer(query, "page", 0, high=MOST_OFFSET)
        limit = integer(query, "limit", 10, low=1)
        found = _asked(query.get("query") or "", set())
        if state := word(query, "state", ("", *DraftState.values), ""):
            found = found.filter(Workflow.in_state(DraftState(state)))
        rows = list(found.order_by("identifier")[number * limit : (number + 1) * limit + 1])
        return page([shapes.head(row) for row in rows[:limit]], number, limit, len(rows) > limit)


class DraftView(APIView):
    """/v1/workflows/{workflowId}."""

    @extend_schema(operation_id="drafts_retrieve", responses=answers(200, {"data": shapes.WHOLE}))
    def get(self, request: Request, workflow_id: str) -> Response:
        """Show a workflow with its texts, as it is drafted and as it runs."""
        require_scope(request, READ)
        return data(shapes.own(_found(workflow_id)))

    @extend_schema(
        operation_id="drafts_update",
        request=shapes.CHANGE,
        responses=answers(200, {"data": shapes.WHOLE}),
    )
    def put(self, request: Request, workflow_id: str) -> Response:
        """Make or change a draft and its texts; what runs goes on until it is published."""
        who = _writer(request)
        document = _document(body(request), workflow_id)
        how = Import(who.tenant_id, datetime.now(UTC), issuer_of(who.key_id), keeps_drafts=True)
        import_manifest(document, how)
        return data(shapes.own(_found(workflow_id)))


class PublishView(APIView):
    """/v1/workflows/{workflowId}/publish."""

    @extend_schema(
        operation_id="drafts_publish",
        request=shapes.PUBLISH,
        responses=answers(200, {"data": shapes.WHOLE}),
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """Publish the draft with its texts; errors name what must be corrected."""
        who, row = _writer(request), _found(workflow_id)
        try:
            if body(request).get("asNew") is True:
                row = publish_as_new(row)
            else:
                texts = MessageTemplate.objects.filter(_USED, pk__in=_texts(row))
                how = Import(who.tenant_id, datetime.now(UTC))
                publish_all([*texts, row], how)
        except PublishRefused as refused:
            raise _refused(refused) from refused
        return data(shapes.own(_found(row.identifier)))


class SubmitView(APIView):
    """/v1/workflows/{workflowId}/submit."""

    @extend_schema(
        operation_id="drafts_submit", request=None, responses=answers(200, {"data": shapes.WHOLE})
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """Send the draft and its changed texts for review; a person publishes them."""
        _writer(request)
        row, now = _found(workflow_id), datetime.now(UTC)
        body(request)  # says what is wrong with it
        for draft in (row, *MessageTemplate.objects.filter(_USED, pk__in=_texts(row))):
            submit(draft, None, now)
        return data(shapes.own(_found(workflow_id)))


class DryRunView(APIView):
    """/v1/workflows/{workflowId}/dry-run."""

    @extend_schema(
        operation_id="workflows_dry_run",
        request=shapes.REHEARSE,
        responses=answers(200, {"data": shapes.REHEARSED}),
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """Show the path and the texts that a trigger would take now; nothing is written."""
        who, now = require_scope(request, TRY), datetime.now(UTC)
        given, row = body(request), _found(workflow_id)
        asked = {"name": row.identifier, "to": given.get("to"), "payload": given.get("payload")}
        command = read_command(asked, now)
        if not _is_draft(given):
            return data(rehearsal_shape(rehearse(who, command, now)))
        try:
            return data(rehearsal_shape(rehearse_draft(who, row, command, now)))
        except PublishRefused as refused:
            raise _refused(refused) from refused


#: Texts that were changed since they were published, or never were.
_USED = Q(edited_at__isnull=False) | Q(published=None)


def _is_draft(given: Mapping[str, Any]) -> bool:
    wanted = given.get("draft") or False
    if not isinstance(wanted, bool):
        words = "draft must be true or false"
        raise InvalidFields(f"{words}.", errors={"draft": [words]})
    return wanted


def _writer(request: Request) -> Caller:
    """Let nobody change what goes to clients with a key for trying."""
    who = require_scope(request, WRITE)
    if who.mode != "live":
        raise Forbidden("Workflows serve both modes; only a live key changes them.")
    return who


def _all() -> Any:
    return Workflow.objects.exclude(identifier=TRIAL).select_related("published")


def _asked(text: str, states: set[str]) -> Any:
    found = _all()
    if text:
        found = found.filter(
            Q(identifier__icontains=text) | Q(name_ru__icontains=text) | Q(name_en__icontains=text)
        )
    if len(states & {"ACTIVE", "INACTIVE"}) == 1:
        found = found.filter(is_active="ACTIVE" in states)
    return found


def _found(text: str) -> Workflow:
    """Find by identifier or id; the caller's scope is open."""
    row: Workflow | None = _all().filter(identifier=text).first()
    if row is None and (key := _id(text)):
        row = _all().filter(pk=key).first()
    if row is None:
        raise NotFound("There is no such workflow.")
    return row


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _texts(row: Workflow) -> set[UUID]:
    return template_ids(document_of(row, list(row.steps.all())))


def _document(given: Mapping[str, Any], identifier: str) -> dict[str, Any]:
    workflow = given.get("workflow")
    if not isinstance(workflow, dict):
        words = "workflow must be an object"
        raise InvalidFields(f"{words}.", errors={"workflow": [words]})
    if workflow.setdefault("identifier", identifier) != identifier:
        words = "workflow.identifier is not the one of the address"
        raise InvalidFields(f"{words}.", errors={"workflow.identifier": [words]})
    templates = given.get("templates") or []
    try:
        return read_manifest({"version": VERSION, "workflows": [workflow], "templates": templates})
    except InvalidFields as refused:
        errors = {
            place.replace("workflows.0", "workflow", 1): [
                words.replace("workflows.0", "workflow", 1) for words in said
            ]
            for place, said in refused.errors.items()
        }
        raise InvalidFields(refused.message, errors=errors) from refused


def _refused(refused: PublishRefused) -> InvalidFields:
    errors: dict[str, list[str]] = {}
    for problem in refused.problems:
        errors.setdefault(problem.field, []).append(str(problem))
    return InvalidFields("The draft cannot be published.", errors=errors)
