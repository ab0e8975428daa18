"""The screen of addresses that are never written to: put on the list and lifted, with reasons."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from tenants import suppressions
from tenants.addressing import Refused, normalise
from tenants.admin_addresses import hint, wrong_address
from tenants.admin_base import SalonAdmin, SalonForm, column, submit_button
from tenants.admin_people import NamesPeople, mark
from tenants.models import Suppression
from tenants.permissions import standing
from tenants.suppressions import Line

STATES = {"listed": "danger", "lifted": "info"}


class AddForm(SalonForm):
    """A new line: the address as people write it, and why."""

    class Meta:
        model = Suppression
        fields = ("kind", "value", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = True

    def clean(self) -> dict[str, Any]:
        """Normalise the address; say beside the field what is expected."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if "kind" in given and "value" in given:
            try:
                given["value"] = normalise(given["kind"], given["value"])
            except Refused:
                self.add_error("value", ValidationError(wrong_address(given["kind"])))
            else:
                self._refuse_twice(given)
        return given

    def _refuse_twice(self, given: dict[str, Any]) -> None:
        mine = Suppression.objects.filter(kind=given["kind"], value=given["value"])
        if mine.filter(lifted_at=None).exists():
            self.add_error("value", ValidationError(_("This address is on the list already.")))


class LiftForm(SalonForm):
    """A line that is lifted, with a reason."""

    why_lifted = forms.CharField(
        label=_("Why it is lifted"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Such as: the client asked for messages again."),
    )

    class Meta:
        model = Suppression
        fields = ()


class HoldsFilter(admin.SimpleListFilter):
    """What holds now, or what was lifted."""

    title = _("state")
    parameter_name = "holds"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Offer both."""
        return (("yes", _("nothing is sent")), ("no", _("lifted")))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Part them by the moment of lifting."""
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(lifted_at__isnull=self.value() == "yes")


@admin.register(Suppression)
class SuppressionAdmin(NamesPeople, SalonAdmin):
    """The list, with what was lifted."""

    area = "clients"
    marks = ("added_by", "lifted_by")
    list_display = ("masked", "kind", "note", "created_at", "added", "state")
    list_filter = (HoldsFilter, "kind")
    search_fields = ("value__iexact",)
    search_help_text = _("The whole phone number, e-mail or other address")
    ordering = ("-pk",)
    actions_submit_line = ("lift",)
    empty_words = _(
        "Nothing is ever sent to an address of this list, whoever has it. Add it when somebody asks"
        " not to be written to at all."
    )

    def heading(self, row: Suppression) -> str:
        """Head the page by the address, masked."""
        return hint(row)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kw: Any
    ) -> Any:
        """Ask for an address when adding, for a reason when lifting."""
        kw["form"] = LiftForm if obj else AddForm
        return super().get_form(request, obj, change, **kw)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Tell what happened so far."""
        if obj is None:
            return (("kind", "value"), "note")
        may_change = self.has_change_permission(request, obj)
        address = "value" if may_change else "masked"
        added = (("kind", address), "note", ("added", "created_at"))
        if obj.lifted_at:
            return (*added, "lift_note", ("lifted", "lifted_at"))
        return (*added, "why_lifted") if may_change else added

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A line is written once and lifted once."""
        told = ("kind", "value", "masked", "note", "added", "created_at", "lift_note")
        return (*told, "lifted", "lifted_at") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is lifted stays on record."""
        return False

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Find an address in any spelling."""
        spellings = {search_term.strip().lower(), *_spellings(search_term)}
        return (queryset.filter(value__in=spellings) if search_term else queryset), False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Lifting has a button of its own; there is nothing else to save."""
        if kwargs.get("obj") is not None:
            context |= {"show_save": False}
        context |= {"show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> Any:
        """Offer nothing where it is lifted already."""
        is_open = Suppression.objects.filter(pk=object_id, lifted_at=None).exists()
        return super().get_actions_submit_line(request, object_id) if is_open else []

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Add by the verb of the API; a changed line is one that is lifted."""
        tenant_id = standing(request).tenant_id
        assert tenant_id is not None  # noqa: S101 (without a salon nothing may be written)
        line = Line(obj.kind, form.cleaned_data.get("value", obj.value))
        if change:
            words = form.cleaned_data["why_lifted"]
            suppressions.remove(tenant_id, [line], mark(request), words)
            return
        suppressions.add(tenant_id, [line], mark(request), obj.note)
        obj.pk = Suppression.objects.get(kind=line.kind, value=line.value, lifted_at=None).pk

    @submit_button(_("Lift the ban"))
    def lift(self, request: HttpRequest, obj: Suppression) -> None:
        """Leave the work to save_model: it has the reason."""

    @column(_("address"))
    def masked(self, row: Suppression) -> str:
        """Show the end of the address."""
        return hint(row)

    @column(_("by"))
    def added(self, row: Suppression) -> Any:
        """Name who put it on the list."""
        return self.who(row, "added_by")

    @column(_("lifted by"))
    def lifted(self, row: Suppression) -> Any:
        """Name who lifted it."""
        return self.who(row, "lifted_by")

    @column(_("state"), ordering="lifted_at", label=STATES)
    def state(self, row: Suppression) -> tuple[str, Any]:
        """Colour what holds now."""
        return ("lifted", _("lifted")) if row.lifted_at else ("listed", _("nothing is sent"))


def _spellings(text: str) -> list[str]:
    found = []
    for kind in ("phone", "email"):
        try:
            found.append(normalise(kind, text))
        except Refused:
            continue
    return found
