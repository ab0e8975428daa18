"""The routes of this room, with probes for what no real route shows on purpose."""

from __future__ import annotations

import threading
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.urls import include, path
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.api.tenants import TenantsView
from tenants.auth import caller
from tenants.models import Location
from tenants.queries import integer, listed

SEEDED: list[Any] = []
ENTERED = threading.Event()
LEAVE = threading.Event()
CALLS: list[Any] = []


def seed(tenant_id, pack):
    """Stand where notifications.definition.seed stands in config.urls."""
    SEEDED.append((tenant_id, pack))


class EchoView(APIView):
    """Says what arrived; its path lies under events, whose errors have their own shape."""

    def get(self, request):
        query = request.query_params
        return Response({"limit": integer(query, "limit", 10), "tags": listed(query, "tags")})

    def post(self, request):
        return Response({"data": {"slug": caller(request).slug, "got": request.data}}, 201)


class WorkView(APIView):
    """Writes a location and answers the status that the body wants."""

    def post(self, request):
        CALLS.append(request.data["name"])
        if request.data.get("wait"):
            ENTERED.set()
            LEAVE.wait(10)
        Location.objects.create(
            tenant_id=caller(request).tenant_id,
            name_ru=request.data["name"],
            identifier=request.data["name"],
        )
        status = request.data.get("status", 201)
        if status == 500:
            raise RuntimeError("a secret detail")
        return Response({"data": {"calls": len(CALLS)}}, status)


class OpenView(APIView):
    """Lets anyone in."""

    door = "open"
    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []

    def get(self, request):
        return Response({"data": "open"})


def broken(request):
    """Fail outside DRF."""
    raise RuntimeError("a secret detail")


def page(request):
    """Show what a person sees: the salon and the locations in the open scope."""
    with connection.cursor() as cursor:
        cursor.execute("select identifier from tenants_location order by 1")
        rows = [row[0] for row in cursor.fetchall()]
    salon = request.salon
    return HttpResponse(
        f"{salon.slug if salon else '-'}:{salon.role if salon else '-'}:{len(rows)}"
    )


urlpatterns = [
    path("v1/events/echo", EchoView.as_view()),
    path("v1/echo", EchoView.as_view()),
    path("v1/work", WorkView.as_view()),
    path("v1/open", OpenView.as_view()),
    path("v1/broken", broken),
    path("page", page),
    path("v1/tenants", TenantsView.as_view(after_create=seed)),
    path("", include("tenants.api.routes")),
]
