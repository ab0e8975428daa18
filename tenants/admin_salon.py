"""Which salon does the visitor work in? The switch in the head of the menu."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tenants.middleware import Salon, choose_salon
from tenants.permissions import salons_for, standing

ALL_SALONS = "-"  # no slug begins with a dash


@require_POST
def switch_salon(request: HttpRequest, slug: str) -> HttpResponse:
    """Work in another salon from now on; only in one of the visitor's own."""
    if not admin.site.has_permission(request):
        raise PermissionDenied
    chosen = next((salon for salon in salons_for(request) if salon.slug == slug), None)
    if chosen is None and not (slug == ALL_SALONS and _is_platform(request)):
        raise PermissionDenied
    choose_salon(request, chosen.id if chosen else None)
    return HttpResponseRedirect(reverse("admin:index"))


def switcher(request: HttpRequest) -> list[dict[str, Any]]:
    """List what the visitor may switch to; nothing for a member of one salon."""
    salons = salons_for(request)
    if len(salons) < 2 and not _is_platform(request):
        return []
    items = [_item(salon.name, salon.slug, "storefront") for salon in salons]
    if _is_platform(request):
        items.insert(0, _item(_("All salons (read only)"), ALL_SALONS, "domain"))
    return items


def current_salon(request: HttpRequest) -> str:
    """Name the salon under the product's name."""
    salon: Salon | None = getattr(request, "salon", None)
    if salon is not None:
        return salon.name
    return _("All salons (read only)") if _is_platform(request) else ""


def _item(title: str, slug: str, icon: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse("switch_salon", args=[slug])}


def _is_platform(request: HttpRequest) -> bool:
    return standing(request).role == "platform"
