"""How does one row's page offer what its list does with many? By buttons that press the actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse


class DeedsOnPage:
    """Mixed into a screen with list actions. Must give: page_actions. May override: offers."""

    page_actions: tuple[str, ...]
    change_form_outer_before_template = "tenants/admin/deeds.html"

    def offers(self, row: Any) -> Sequence[str]:
        """Name the actions that make sense for this row."""
        return self.page_actions

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Add the buttons of what the visitor may do."""
        row = kwargs.get("obj")
        allowed = self.get_actions(request)  # type: ignore[attr-defined]  # a ModelAdmin's
        offered = self.offers(row) if row is not None else ()
        context["deeds"] = [(name, allowed[name][2]) for name in offered if name in allowed]
        context["deeds_address"] = self._address("changelist")
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]  # a ModelAdmin's

    def response_action(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        """Go back to the page that was left."""
        answer: HttpResponse = super().response_action(request, queryset)  # type: ignore[misc]  # a ModelAdmin's
        if "from_page" in request.POST and isinstance(answer, HttpResponseRedirect):
            return HttpResponseRedirect(
                self._address("change", request.POST.get("_selected_action", ""))
            )
        return answer

    def _address(self, word: str, *args: Any) -> str:
        opts = self.opts  # type: ignore[attr-defined]  # a ModelAdmin's
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_{word}", args=args)
