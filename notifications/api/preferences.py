"""The routes of a subscriber's preferences, in Novu's words: channels of all, or of one workflow.

Beside Novu's: `category` ("tx" or "mk") for preferences of all transactional or marketing messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.gates import CHANNELS, Wish
from notifications.models import Category, Workflow
from notifications.preferences import Choice, choose, standing, wishes_of
from tenants.answers import data
from tenants.api.examples import answers
from tenants.audience import find_subscriber
from tenants.auth import require_scope
from tenants.errors import InvalidFields, NotFound
from tenants.models import Subscriber
from tenants.queries import body

READ, WRITE = "subscribers:read", "subscribers:write"
MOST = 100  # of one bulk call, as Novu has it
Json = dict[str, Any]

_CHANNELS = inline_serializer(
    "PreferenceChannels", {name: serializers.BooleanField(required=False) for name in CHANNELS}
)
_ONE = {
    "channels": _CHANNELS,
    "enabled": serializers.BooleanField(required=False),
    "workflowId": serializers.CharField(required=False),
    "category": serializers.ChoiceField(Category.values, required=False),
}
_BODY = inline_serializer("PreferenceBody", _ONE)
_BULK = inline_serializer(
    "PreferencesBody", {"preferences": inline_serializer("PreferenceRow", _ONE, many=True)}
)
_ON = dict.fromkeys(sorted(CHANNELS), True)
_SHOWN = {
    "global": {"enabled": True, "channels": _ON},
    "categories": {"mk": {"enabled": True, "channels": {**_ON, "sms": False}}},
    "workflows": [
        {
            "enabled": True,
            "channels": _ON,
            "overrides": [],
            "workflow": {"slug": "visit", "identifier": "visit", "name": "Visit"},
        }
    ],
}
_OLD = {
    "template": {"_id": "0190…", "name": "Visit", "critical": False, "triggers": []},
    "preference": {"enabled": True, "channels": _ON, "overrides": []},
}


class PreferencesView(APIView):
    """/v2/subscribers/{subscriberId}/preferences."""

    @extend_schema(
        operation_id="preferences_list",
        parameters=[
            OpenApiParameter("criticality", str, enum=["all", "critical", "nonCritical"]),
        ],
        responses=answers(200, {"data": _SHOWN}),
    )
    def get(self, request: Request, subscriber_id: str) -> Response:
        """Show what is wanted; critical workflows ask nobody and stand there only on demand."""
        person = _person(request, subscriber_id, READ)
        return data(_shown(person, request.query_params.get("criticality") or "nonCritical"))

    @extend_schema(
        operation_id="preferences_update", request=_BODY, responses=answers(200, {"data": _SHOWN})
    )
    def patch(self, request: Request, subscriber_id: str) -> Response:
        """Switch channels on or off, of all messages, one category or one workflow."""
        person = _person(request, subscriber_id, WRITE)
        choose(person, [_choice(person, body(request))])
        return data(_shown(person, "nonCritical"))


class BulkPreferencesView(APIView):
    """/v2/subscribers/{subscriberId}/preferences/bulk."""

    @extend_schema(
        operation_id="preferences_update_bulk",
        request=_BULK,
        responses=answers(200, {"data": [{"level": "global", "enabled": True, "channels": _ON}]}),
    )
    def patch(self, request: Request, subscriber_id: str) -> Response:
        """Switch channels of up to 100 workflows at once."""
        person = _person(request, subscriber_id, WRITE)
        rows = body(request).get("preferences")
        if not isinstance(rows, list) or not 0 < len(rows) <= MOST:
            raise _refused("preferences", f"preferences must be a list of 1 to {MOST}")
        choices = [_choice(person, row, f"preferences.{n}.") for n, row in enumerate(rows)]
        choose(person, choices)
        wishes = wishes_of(person)
        return data([_level(wishes, one) for one in choices])


class OldPreferencesView(APIView):
    """/v1/subscribers/{subscriberId}/preferences."""

    schema_prefix = "v1_"

    @extend_schema(operation_id="v1_preferences_list", responses=answers(200, {"data": [_OLD]}))
    def get(self, request: Request, subscriber_id: str) -> Response:
        """List the workflows that ask for a preference."""
        person = _person(request, subscriber_id, READ)
        wishes = wishes_of(person)
        rows = _workflows(person, "nonCritical")
        return data([_old(wishes, row) for row in rows])

    @extend_schema(
        operation_id="v1_preferences_update",
        request=inline_serializer(
            "OldPreferenceBody",
            {
                "enabled": serializers.BooleanField(required=False),
                "preferences": serializers.ListField(child=serializers.DictField(), required=False),
            },
        ),
        responses=answers(200, {"data": {"preference": _OLD["preference"]}}),
    )
    def patch(self, request: Request, subscriber_id: str) -> Response:
        """Switch channels of all messages."""
        person = _person(request, subscriber_id, WRITE)
        raw = body(request)
        rows = raw.get("preferences") or []
        channels = dict(_typed(row) for row in rows) if isinstance(rows, list) else {}
        choose(person, [_choice(person, {**raw, "channels": channels})])
        shown = _row(standing(wishes_of(person), None, ""))
        return data({"preference": {**shown, "overrides": []}})


class OldPreferenceView(APIView):
    """/v1/subscribers/{subscriberId}/preferences/{workflowId}."""

    schema_prefix = "v1_"

    @extend_schema(
        operation_id="v1_preference_update",
        request=inline_serializer(
            "OldWorkflowPreferenceBody",
            {
                "enabled": serializers.BooleanField(required=False),
                "channel": serializers.DictField(required=False),
            },
        ),
        responses=answers(200, {"data": _OLD}),
    )
    def patch(self, request: Request, subscriber_id: str, workflow_id: str) -> Response:
        """Switch one channel of a workflow, or all of it."""
        person = _person(request, subscriber_id, WRITE)
        workflow, raw = _workflow(person, workflow_id, "workflowId"), body(request)
        channels = dict([_typed(raw["channel"])]) if raw.get("channel") else {}
        choice = _choice(person, {"enabled": raw.get("enabled"), "channels": channels})
        choose(person, [Choice(choice.channels, workflow.pk)])
        return data(_old(wishes_of(person), workflow))


def _person(request: Request, subscriber_id: str, scope: str) -> Subscriber:
    return find_subscriber(require_scope(request, scope).mode, subscriber_id)


def _choice(person: Subscriber, raw: object, where: str = "") -> Choice:
    if not isinstance(raw, Mapping):
        raise _refused(where.rstrip("."), f"{where.rstrip('.')} must be an object")
    if raw.get("schedule") is not None:
        words = "schedule is not supported: the salon's quiet hours hold in the client's time zone"
        raise _refused(f"{where}schedule", words)
    category = raw.get("category") or ""
    if category not in ("", *Category.values):
        raise _refused(f"{where}category", f"{where}category must be tx or mk")
    named = raw.get("workflowId")
    workflow = _workflow(person, named, f"{where}workflowId") if named else None
    if workflow and category:
        raise _refused(f"{where}category", f"{where}category goes without workflowId")
    return Choice(_channels(raw, where), workflow.pk if workflow else None, category)


def _channels(raw: Mapping[str, Any], where: str) -> dict[str, bool]:
    channels = raw.get("channels") or {}
    flat = {name: raw[name] for name in CHANNELS if raw.get(name) is not None}  # the inbox's form
    if not isinstance(channels, Mapping):
        raise _refused(f"{where}channels", f"{where}channels must be an object")
    given = {name: on for name, on in {**channels, **flat}.items() if on is not None}
    for name, on in given.items():
        if name not in CHANNELS or not isinstance(on, bool):
            words = f"{where}channels must be true or false for {', '.join(sorted(CHANNELS))}"
            raise _refused(f"{where}channels", words)
    enabled = raw.get("enabled")
    if enabled is not None and not isinstance(enabled, bool):
        raise _refused(f"{where}enabled", f"{where}enabled must be true or false")
    if not given and enabled is None:
        raise _refused(f"{where}channels", f"{where}channels must name at least one channel")
    return given if enabled is None else {"": enabled, **given}


def _typed(raw: object) -> tuple[str, Any]:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("type"), str):
        raise _refused("channel", "channel must be an object with type and enabled")
    return raw["type"], raw.get("enabled")


def _workflow(person: Subscriber, name: object, field: str) -> Workflow:
    rows = Workflow.objects.filter(tenant_id=person.tenant_id)
    words = str(name)[:200].replace("\0", "")
    found: Workflow | None = rows.filter(identifier=words).first() or _by_id(rows, words)
    if found is None:
        raise NotFound(f"{field}: there is no such workflow in this salon.")
    return found


def _by_id(rows: QuerySet[Workflow], words: str) -> Workflow | None:
    try:
        return rows.filter(pk=UUID(words)).first()
    except ValueError:
        return None


def _workflows(person: Subscriber, criticality: str) -> list[Workflow]:
    rows = Workflow.objects.filter(tenant_id=person.tenant_id, is_active=True)
    if criticality == "all":
        return list(rows.order_by("identifier"))
    return list(rows.filter(is_critical=criticality == "critical").order_by("identifier"))


def _shown(person: Subscriber, criticality: str) -> Json:
    wishes = wishes_of(person)
    return {
        "global": _row(standing(wishes, None, "")),
        "categories": {name: _row(standing(wishes, None, name)) for name in Category.values},
        "workflows": [_workflow_row(wishes, one) for one in _workflows(person, criticality)],
    }


def _row(channels: Mapping[str, bool]) -> Json:
    return {"enabled": any(channels.values()), "channels": dict(channels)}


def _of(wishes: list[Wish], workflow: Workflow) -> Json:
    return _row(standing(wishes, workflow.pk, workflow.category))


def _workflow_row(wishes: list[Wish], workflow: Workflow) -> Json:
    own = [wish for wish in wishes if wish[0] == workflow.pk]
    named = sorted({channel for _, _, channel, _ in own if channel})
    return {
        **_of(wishes, workflow),
        "overrides": [{"channel": channel, "source": "subscriber"} for channel in named],
        "workflow": _named(workflow),
    }


def _named(workflow: Workflow) -> Json:
    return {
        "id": str(workflow.pk),
        "slug": workflow.identifier,
        "identifier": workflow.identifier,
        "name": str(workflow.name or workflow.identifier),
        "critical": workflow.is_critical,
        "severity": "none",
        "tags": [],
    }


def _level(wishes: list[Wish], choice: Choice) -> Json:
    if choice.workflow is None:
        return {"level": "global", **_row(standing(wishes, None, choice.category))}
    workflow = Workflow.objects.get(pk=choice.workflow)
    return {"level": "template", **_of(wishes, workflow), "workflow": _named(workflow)}


def _old(wishes: list[Wish], workflow: Workflow) -> Json:
    return {
        "template": {
            "_id": str(workflow.pk),
            "name": str(workflow.name or workflow.identifier),
            "critical": workflow.is_critical,
            "triggers": [{"identifier": workflow.identifier}],
        },
        "preference": {**_of(wishes, workflow), "overrides": []},
    }


def _refused(field: str, words: str) -> InvalidFields:
    return InvalidFields(f"{words}.", errors={field: [words]})
