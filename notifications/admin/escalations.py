"""The screens of cases, where people take, answer and close them, and of other platforms' sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from notifications import cases
from notifications.admin.delivery import MODE_LABELS, MadeFilter
from notifications.admin.reasons import told
from notifications.models import CaseState, Escalation, EscalationLine, ExternalDelivery
from tenants.admin_base import LogAdmin, SalonAdmin, SalonForm, column, person, submit_button
from tenants.errors import InvalidFields

STATE_LABELS = {"open": "danger", "taken": "warning", "answered": "info", "closed": "success"}
DEADLINE_LABELS = {"late": "danger", "kept": "info"}
MOST_LINES = 200
#: Field of a refusal of notifications.cases -> what to tell the manager.
REFUSALS: dict[str, Any] = {
    "state": _("The case is closed already, or a colleague has taken it."),
    "text": _("Write the answer first; a client whom nobody knows cannot be answered."),
}


class CaseForm(SalonForm):
    """Nothing of a case is typed but the answer."""

    answer = forms.CharField(
        label=_("Answer to the client"),
        required=False,
        max_length=cases.LONGEST,
        widget=UnfoldAdminTextareaWidget({"rows": 4}),
        help_text=_("It goes to the client by the channel in which she wrote last."),
    )

    class Meta:
        model = Escalation
        fields = ()


@admin.register(Escalation)
class EscalationAdmin(SalonAdmin):
    """Clients who need a person."""

    area = "cases"
    form = CaseForm
    list_display = (
        *("opened_at", "client", "cause", "state_label"),
        *("deadline", "taken_by", "mode_label"),
    )
    list_filter = ("state", "cause", "mode")
    list_select_related = ("subscriber",)
    search_fields = ("subscriber__first_name", "subscriber__last_name", "subscriber__subscriber_id")
    search_help_text = _("Name or key of the client")
    ordering = ("-pk",)
    actions = ("take_cases", "close_cases")
    actions_submit_line = ("send_answer", "take_case", "close_case")
    change_form_outer_after_template = "notifications/admin/escalation_lines.html"
    warn_unsaved_form = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Cases are opened by what happens."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What people did stays on record."""
        return False

    def heading(self, row: Escalation) -> str:
        """Head the page by the client's name."""
        return str(self.client(row))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for an answer as long as one may be given."""
        told = [("client", "state"), ("cause", "subject"), ("opened_at", "deadline_at")]
        people = [("taken_by", "taken_at"), "answered_at", ("closed_by", "closed_at")]
        may_answer = obj is not None and obj.state != CaseState.CLOSED and obj.subscriber_id
        own = ["answer"] if may_answer and self.has_change_permission(request, obj) else []
        return [*told, *people, *own]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show all that happened."""
        moments = ("opened_at", "taken_at", "answered_at", "closed_at")
        people = ("taken_by", "closed_by")
        return ("client", "state", "cause", "subject", "deadline_at", *moments, *people)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Tell the talk under the card; the verbs have buttons, saving means nothing here."""
        row = kwargs.get("obj")
        lines = row.lines.filter(tenant_id=row.tenant_id).order_by("pk")[:MOST_LINES] if row else ()
        context |= {
            "lines": [*map(_line, lines)],
            "show_save": False,
            "show_save_and_continue": False,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> Any:
        """Offer nothing in a closed case."""
        is_open = Escalation.objects.filter(pk=object_id).exclude(state=CaseState.CLOSED).exists()
        return super().get_actions_submit_line(request, object_id) if is_open else []

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Do what the pressed button says."""
        obj.typed = form.cleaned_data.get("answer", "")
        for button in self.get_actions_submit_line(request, obj.pk):
            if button.action_name in request.POST:
                button.method(request, obj)

    @submit_button(_("Send the answer"))
    def send_answer(self, request: HttpRequest, obj: Any) -> None:
        """Write to the client."""
        _try(request, lambda: cases.answer(obj, obj.typed, _name(request), timezone.now()))

    @submit_button(_("Take"))
    def take_case(self, request: HttpRequest, obj: Any) -> None:
        """Look after it."""
        _try(request, lambda: cases.take(obj, _name(request), timezone.now()))

    @submit_button(_("Close the case"))
    def close_case(self, request: HttpRequest, obj: Any) -> None:
        """End it."""
        _try(request, lambda: cases.close(obj, _name(request), timezone.now()))

    @admin.action(description=_("Take"), permissions=["change"])
    def take_cases(self, request: HttpRequest, queryset: Any) -> None:
        """Look after each."""
        for row in queryset:
            self.take_case(request, row)

    @admin.action(description=_("Close"), permissions=["change"])
    def close_cases(self, request: HttpRequest, queryset: Any) -> None:
        """End each."""
        for row in queryset:
            self.close_case(request, row)

    @column(_("client"))
    def client(self, row: Escalation) -> Any:
        """Name the client."""
        if row.subscriber is None:
            return _("somebody unknown")
        name = f"{row.subscriber.first_name} {row.subscriber.last_name}".strip()
        return name or row.subscriber.subscriber_id

    @column(_("subject"))
    def subject(self, row: Escalation) -> str:
        """Give the salon's own reference."""
        return f"{row.subject_type} {row.subject_id}".strip() or "—"

    @column(_("state"), ordering="state", label=STATE_LABELS)
    def state_label(self, row: Escalation) -> tuple[str, str]:
        """Colour the state."""
        return row.state, row.get_state_display()

    @column(_("mode"), ordering="mode", label=MODE_LABELS)
    def mode_label(self, row: Escalation) -> tuple[str, str]:
        """Colour the mode."""
        return row.mode, row.get_mode_display()

    @column(_("deadline"), ordering="deadline_at", label=DEADLINE_LABELS)
    def deadline(self, row: Escalation) -> tuple[str, str]:
        """Warn of a deadline that has passed."""
        shown = date_format(timezone.localtime(row.deadline_at), "d.m.Y H:i")
        waits = row.state in (CaseState.OPEN, CaseState.TAKEN)
        return ("late" if waits and row.deadline_at < timezone.now() else "kept"), shown


@admin.register(ExternalDelivery)
class ExternalDeliveryAdmin(LogAdmin):
    """What another platform (Novu) says of its own messages."""

    list_display = ("made_at", "event", "workflow", "channel", "status", "subscriber_key", "error")
    list_filter = (MadeFilter, "status", "channel")
    search_fields = ("transaction_id__exact", "subscriber_key__exact", "external_id__exact")
    search_help_text = _("The transaction, the client's key or the external id, whole")
    fields = (
        ("event", "status", "at"),
        ("workflow", "step", "channel"),
        ("subscriber_key", "provider"),
        ("external_id", "transaction_id"),
        "error",
        "metadata",
        "raw",
    )


def _line(line: EscalationLine) -> dict[str, Any]:
    """Say a line; what opened a case is one of our reasons, all else somebody's words."""
    is_reason = line.kind in (EscalationLine.Kind.OPENED, EscalationLine.Kind.REPEATED)
    return {
        "kind": line.kind,
        "at": line.at,
        "title": line.get_kind_display(),
        "who": line.who,
        "words": told(line.text) if is_reason else line.text,
    }


def _name(request: HttpRequest) -> str:
    visitor = person(request)
    return (visitor.get_full_name() or visitor.get_username()) if visitor else ""


def _try(request: HttpRequest, verb: Callable[[], object]) -> None:
    try:
        verb()
    except InvalidFields as refused:
        for field in refused.errors:
            messages.error(request, REFUSALS.get(field, refused.message))
