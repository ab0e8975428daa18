"""The routes of a salon's accounts at providers; secrets go in and never come out.

Accounts carry live traffic, so a test key sees the Phone alone and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels.accounts import callback_url, open_adapter
from channels.adapters.sandbox import SandboxAdapter
from channels.api import integration_shapes as shapes
from channels.errors import DeliveryError
from channels.integrations import (
    add_integration,
    change_integration,
    check_integration,
    delete_integration,
    set_disabled,
    set_primary,
    update_credentials,
)
from channels.models import Integration
from channels.probing import patiently
from channels.registering import connect
from channels.sender_check import check_sender, domain_of
from tenants.answers import data
from tenants.auth import Caller, require_scope
from tenants.bodies import present
from tenants.errors import Forbidden, InvalidFields, NotFound
from tenants.queries import body

READ, WRITE = "integrations:read", "integrations:write"
MOST_POSITION = 32_767


class IntegrationsView(APIView):
    """/v1/integrations."""

    @extend_schema(
        operation_id="integrations_create",
        request=shapes.NEW,
        responses=shapes.answers(201, shapes.EXAMPLE),
    )
    def post(self, request: Request) -> Response:
        """Add an account; providerId and the fields of its credentials stand in the reference."""
        who = _writer(request)
        wanted = body(request)
        texts = _texts(wanted, "providerId", "identifier", "name", "channel")
        provider = shapes.PROVIDERS.get(texts["providerId"], texts["providerId"])
        made = add_integration(
            who.tenant_id,
            provider,
            _credentials(wanted),
            identifier=texts["identifier"] or provider.replace("_", "-"),
            name=texts["name"],
            kind=texts["channel"],
            position=_position(wanted) or 0,
        )
        if wanted.get("active") is False:
            set_disabled(who.tenant_id, made.pk, True)
        return _answer(who, made.pk, 201)

    @extend_schema(
        operation_id="integrations_list", responses=shapes.answers(200, [shapes.EXAMPLE])
    )
    def get(self, request: Request) -> Response:
        """List the accounts in the order in which they are tried."""
        return data(_shown(require_scope(request, READ)))


class ActiveView(APIView):
    """/v1/integrations/active."""

    @extend_schema(
        operation_id="integrations_list_active", responses=shapes.answers(200, [shapes.EXAMPLE])
    )
    def get(self, request: Request) -> Response:
        """List the accounts that are on."""
        who = require_scope(request, READ)
        return data([one for one in _shown(who) if one["active"]])


class IntegrationView(APIView):
    """/v1/integrations/{integrationId}."""

    @extend_schema(
        operation_id="integrations_update",
        request=shapes.CHANGE,
        responses=shapes.answers(200, shapes.EXAMPLE),
    )
    def put(self, request: Request, integration_id: str) -> Response:
        """Change what is named: credentials field by field, an empty one is forgotten."""
        who = _writer(request)
        key, wanted = _found(who, integration_id).pk, body(request)
        change_integration(
            who.tenant_id, key, name=_texts(wanted, "name")["name"], position=_position(wanted)
        )
        if credentials := _credentials(wanted):
            update_credentials(who.tenant_id, key, credentials)
        if (is_active := _active(wanted)) is not None:
            set_disabled(who.tenant_id, key, not is_active)
        return _answer(who, key)

    @extend_schema(
        operation_id="integrations_delete", responses=shapes.answers(200, [shapes.EXAMPLE])
    )
    def delete(self, request: Request, integration_id: str) -> Response:
        """Forget an account and its credentials; answers those that are left."""
        who = _writer(request)
        delete_integration(who.tenant_id, _found(who, integration_id).pk)
        return data(_shown(who))


class PrimaryView(APIView):
    """/v1/integrations/{integrationId}/set-primary."""

    @extend_schema(
        operation_id="integrations_set_as_primary",
        request=None,
        responses=shapes.answers(200, shapes.EXAMPLE),
    )
    def post(self, request: Request, integration_id: str) -> Response:
        """Try this account first among those of its channel."""
        who = _writer(request)
        body(request)  # says what is wrong with it
        key = _found(who, integration_id).pk
        set_primary(who.tenant_id, key)
        return _answer(who, key)


class CheckView(APIView):
    """/v1/integrations/{integrationId}/check."""

    @extend_schema(
        operation_id="integrations_check",
        request=None,
        responses=shapes.answers(200, {**shapes.EXAMPLE, "check": "active"}),
    )
    def post(self, request: Request, integration_id: str) -> Response:
        """Ask the provider whether the account works; it becomes active or paused.

        `check` is what came of it: active, paused, or unreachable, which changes nothing.
        """
        who = _writer(request)
        body(request)  # says what is wrong with it
        key = _found(who, integration_id).pk
        patiently()
        try:
            checked = check_integration(who.tenant_id, key)
        except DeliveryError as error:
            return _answer(who, key, check="unreachable", reason=error.detail)
        return _answer(who, key, check=checked.state)


class RegisterView(APIView):
    """/v1/integrations/{integrationId}/register."""

    @extend_schema(
        operation_id="integrations_register",
        request=None,
        responses=shapes.answers(200, shapes.EXAMPLE),
    )
    def post(self, request: Request, integration_id: str) -> Response:
        """Tell the provider the address that it is to call.

        `callbacks.state` is what came of it: connected; manual, where the address is pasted at the
        provider; silent, where it never calls; no_https, refused or unreachable, with its reason.
        """
        who = _writer(request)
        body(request)  # says what is wrong with it
        key = _found(who, integration_id).pk
        patiently()
        made = connect(who.tenant_id, key)
        return _answer(who, key, register=made.state, **present({"reason": made.reason}))


class DomainView(APIView):
    """/v1/integrations/{integrationId}/domain."""

    @extend_schema(operation_id="integrations_domain", responses=shapes.answers(200, shapes.DOMAIN))
    def get(self, request: Request, integration_id: str) -> Response:
        """Say whether letters from the sender's domain are believed: SPF, DKIM and DMARC.

        `record` is what should stand in DNS where something is missing or wrong. The mailbox of
        returned letters is tried as well, where the account has one.
        """
        who = require_scope(request, READ)
        row = _found(who, integration_id)
        adapter = open_adapter(row.pk, row.provider, row.credentials)
        domain = domain_of(adapter)
        if not domain:
            raise _refused("integrationId", "sends no letters from a domain of its own")
        patiently()
        return data({"domain": domain, "checks": list(map(shapes.check, check_sender(adapter)))})


def _writer(request: Request) -> Caller:
    who = require_scope(request, WRITE)
    if who.mode != "live":
        raise Forbidden("A test key sends to the Phone; accounts are changed by a live key.")
    return who


def _rows(who: Caller) -> QuerySet[Integration]:
    rows: QuerySet[Integration] = Integration.objects.filter(tenant_id=who.tenant_id)
    is_phone = {"provider": SandboxAdapter.provider}
    rows = rows.filter(**is_phone) if who.mode == "test" else rows.exclude(**is_phone)
    return rows.order_by("position", "pk")


def _shown(who: Caller) -> list[shapes.Json]:
    rows = list(_rows(who))
    first = {row.kind: row.pk for row in reversed(rows)}
    return [shapes.integration(row, who.mode, row.pk == first[row.kind]) for row in rows]


def _answer(who: Caller, key: UUID, status: int = 200, **more: str) -> Response:
    """Show one to who has just written it: with the address for the provider's callbacks."""
    rows = list(_rows(who))
    row = next(row for row in rows if row.pk == key)
    is_primary = next(one for one in rows if one.kind == row.kind).pk == key
    shown = shapes.integration(row, who.mode, is_primary)
    told = {
        "callbackUrl": callback_url(row.pk, row.callback_token, row.provider),
        "callbacks": shapes.callbacks(row),
    }
    return data({**shown, **told, **more}, status)


def _found(who: Caller, text: str) -> Integration:
    """Find by id or identifier, among those that this key may change."""
    rows = _rows(who)
    try:
        row = rows.filter(pk=UUID(text)).first()
    except ValueError:
        row = rows.filter(identifier=text).first()
    if row is None:
        raise NotFound("There is no such integration.")
    return row


def _texts(wanted: Mapping[str, Any], *names: str) -> dict[str, str]:
    texts = {name: wanted.get(name) or "" for name in names}
    wrong = [
        name
        for name, text in texts.items()
        if not isinstance(text, str) or len(text) > shapes.LONGEST[name]
    ]
    if wrong:
        raise _refused(wrong[0], f"must be a text of up to {shapes.LONGEST[wrong[0]]} characters")
    return texts


def _credentials(wanted: Mapping[str, Any]) -> dict[str, Any]:
    given = wanted.get("credentials")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise _refused("credentials", "must be an object")
    return {name: "" if value is None else value for name, value in given.items()}


def _position(wanted: Mapping[str, Any]) -> int | None:
    given = wanted.get("position")
    if given is None:
        return None
    is_whole = isinstance(given, int) and not isinstance(given, bool)
    if not is_whole or not 0 <= given <= MOST_POSITION:
        raise _refused("position", f"must be a whole number from 0 to {MOST_POSITION}")
    return int(given)


def _active(wanted: Mapping[str, Any]) -> bool | None:
    given = wanted.get("active")
    if given is not None and not isinstance(given, bool):
        raise _refused("active", "must be true or false")
    return given


def _refused(field: str, rule: str) -> InvalidFields:
    return InvalidFields(f"{field} {rule}.", errors={field: [f"{field} {rule}"]})
