"""Into which salon is a new row put? Into the one whose page was opened.

Who works for several salons may have chosen another one in a second window meanwhile: what she
types here would become the other salon's, her clients' names for its people to read.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms.models import BaseModelFormSet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tenants.permissions import standing

FIELD = "_salon"  # the template's hidden one


class IntoSalon:
    """Gives new rows their salon; mixed into a ModelAdmin."""

    change_form_before_template = "tenants/admin/salon_field.html"

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Save nothing of a page that was opened in another salon."""
        salon = getattr(request, "salon", None)
        here = salon.slug if salon else ""
        if request.POST.get(FIELD, here) != here:
            words = _("Another salon was chosen meanwhile: nothing was saved. Go back to it first.")
            messages.error(request, words)
            return HttpResponseRedirect(reverse("admin:index"))
        return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]  # ModelAdmin's

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Put a new row into the salon that the visitor works in."""
        if not change:
            obj.tenant_id = standing(request).tenant_id
        super().save_model(request, obj, form, change)  # type: ignore[misc]  # ModelAdmin's

    def save_formset(
        self, request: HttpRequest, form: Any, formset: BaseModelFormSet[Any, Any], change: bool
    ) -> None:
        """Put new rows of an inline into the same salon."""
        for row in formset.save(commit=False):
            row.tenant_id = standing(request).tenant_id
            row.save()
        for row in formset.deleted_objects:
            row.delete()
        formset.save_m2m()
