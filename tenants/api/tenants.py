"""The routes of salons: the platform's operator makes them, each sees its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants import limits
from tenants.accounts import create_tenant, issue_key
from tenants.answers import data
from tenants.api import examples, shapes
from tenants.auth import caller, require_platform
from tenants.doors import salon_by_slug
from tenants.errors import InvalidFields, NotFound
from tenants.models import Tenant
from tenants.queries import body
from tenants.scope import tenant_scope

#: Called with the new salon's id and the pack's name, in the salon's scope.
AfterCreate = Callable[[UUID, str], object]

_TEXTS = ("identifier", "name", "timezone", "language", "pack")


class TenantsView(APIView):
    """/v1/tenants. after_create: what the rooms above do for a new salon (config.urls gives it)."""

    door = "platform"
    after_create: AfterCreate | None = None

    @extend_schema(
        operation_id="tenants_create",
        request=examples.TENANT,
        responses=examples.answers(
            201,
            {
                "data": {
                    **examples.TENANT_ROW,
                    "keys": {"live": "kk_live_…", "test": "kk_test_…"},
                }
            },
            200,
        ),
    )
    def post(self, request: Request) -> Response:
        """Make a salon with its workflows and a live and a test key, which are shown only now.

        A salon of this identifier is given as it is (200), without keys.
        """
        require_platform(request)
        wanted = _read(body(request))
        try:
            known = salon_by_slug(wanted["identifier"])
        except NotFound:
            return data(self._create(wanted), 201)
        with tenant_scope(known.id):
            return data(shapes.tenant(Tenant.objects.get(pk=known.id)))

    def _create(self, wanted: dict[str, Any]) -> dict[str, Any]:
        options = {name: wanted[name] for name in ("timezone", "language") if name in wanted}
        tenant = create_tenant(
            wanted["identifier"], wanted["name"], is_sandbox=wanted["sandbox"], **options
        )
        with tenant_scope(tenant.pk):
            if self.after_create is not None:
                self.after_create(tenant.pk, wanted.get("pack", "salon"))
            keys = {
                "live": issue_key(tenant.pk, "live", "first")[1],
                "test": issue_key(tenant.pk, "test", "first")[1],
            }
        return {**shapes.tenant(tenant), "keys": keys}


class TenantView(APIView):
    """/v1/tenants/{identifier}."""

    door = "platform"

    @extend_schema(
        operation_id="tenants_get", responses=examples.answers(200, {"data": examples.TENANT_ROW})
    )
    def get(self, request: Request, identifier: str) -> Response:
        """Show a salon: any to a platform key, its own to a salon's key."""
        who = caller(request)
        if not who.is_platform and identifier != who.slug:
            raise NotFound(f"There is no salon '{identifier}'.")
        tenant_id = salon_by_slug(identifier).id if who.is_platform else who.tenant_id
        with tenant_scope(tenant_id):
            return data(shapes.tenant(Tenant.objects.get(pk=tenant_id)))

    @extend_schema(
        operation_id="tenants_change",
        request=examples.TENANT_CHANGE,
        responses=examples.answers(200, {"data": examples.TENANT_ROW}),
    )
    def patch(self, request: Request, identifier: str) -> Response:
        """Set a salon's limits, all of them at once; what is left out holds as usual."""
        require_platform(request)
        wanted = _read_limits(body(request))
        tenant_id = salon_by_slug(identifier).id
        with tenant_scope(tenant_id):
            Tenant.objects.filter(pk=tenant_id).update(limits=wanted)
            return data(shapes.tenant(Tenant.objects.get(pk=tenant_id)))


def _read_limits(given: dict[str, Any]) -> dict[str, Any]:
    errors = {}
    for name, rule in limits.faults(given.get("limits")).items():
        place = f"limits.{name}" if name else "limits"
        errors[place] = [f"{place} {rule}"]
    if errors:
        raise InvalidFields("The limits cannot be set.", errors=errors)
    return dict(given["limits"])


def _read(given: dict[str, Any]) -> dict[str, Any]:
    named = {name: given[name] for name in _TEXTS if given.get(name) is not None}
    missing = [name for name in ("identifier", "name") if name not in named]
    errors = {name: [f"{name} is required"] for name in missing}
    errors |= {
        name: [f"{name} must be text"]
        for name, value in named.items()
        if not isinstance(value, str)
    }
    sandbox = given.get("sandbox", False)
    if not isinstance(sandbox, bool):
        errors["sandbox"] = ["sandbox must be true or false"]
    if errors:
        raise InvalidFields("The salon cannot be made.", errors=errors)
    return {**named, "sandbox": sandbox}
