"""Above the list of workflows: packs of ready ones that the salon does not have yet."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from notifications.offers import add, offers
from tenants.admin_base import SalonAdmin
from tenants.errors import NotFound
from tenants.permissions import standing


class OffersPacks(SalonAdmin):
    """A list with a button for each pack of which the salon lacks something."""

    list_before_template = "notifications/admin/packs.html"

    def get_urls(self) -> Any:
        """Add adding a pack."""
        wrap = self.admin_site.admin_view
        name = "notifications_workflow_packs"
        return [path("packs/", wrap(self.packs_view), name=name), *super().get_urls()]

    def packs_view(self, request: HttpRequest) -> HttpResponseRedirect:
        """Copy what the salon lacks of the chosen pack."""
        tenant_id = standing(request).tenant_id
        if request.method == "POST" and tenant_id and self.has_add_permission(request):
            try:
                count = add(tenant_id, request.POST.get("pack", ""))
                words = _("Workflows added: %(count)s. They are live; texts can be changed.")
                messages.success(request, words % {"count": count})
            except NotFound:
                messages.error(request, _("There is no such pack."))
        return HttpResponseRedirect(reverse("admin:notifications_workflow_changelist"))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Offer what is missing to those who may add it."""
        context = {**(extra_context or {}), "packs": self._missing(request)}
        return super().changelist_view(request, context)

    def _missing(self, request: HttpRequest) -> list[tuple[str, str, int]]:
        """Give name, title and how many workflows are missing."""
        tenant_id = standing(request).tenant_id
        if tenant_id is None or not self.has_add_permission(request):
            return []
        language = "ru" if get_language() == "ru" else "en"
        found = [one for one in offers(tenant_id) if one.missing]
        return [(one.pack.name, one.pack.title[language], len(one.missing)) for one in found]
