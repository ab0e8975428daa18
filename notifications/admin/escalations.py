"""The screens of cases, where people take, answer and close them, and of other platforms' sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from notifications import cases
from notifications.admin.delivery import MadeFilter
from notifications.admin.reasons import told
from notifications.models import CaseState, Escalation, EscalationLine, ExternalDelivery
from notifications.webhooks import alarm
from tenants.admin_base import (
    MODE_LABELS,
    LogAdmin,
    SalonAdmin,
    SalonForm,
    column,
    person,
    submit_button,
)
from tenants.errors import InvalidFields

STATE_LABELS = {"open": "danger", "taken": "warning", "answered": "info", "closed": "success"}
DEADLINE_LABELS = {"late": "danger", "kept": "info"}
MOST_LINES = 200
#: Type of a neutral reference -> what it is.
SUBJECTS: Mapping[str, Any] = {
    "appointment": _("visit"),
    "transaction": _("event"),
    "stranger": _("chat"),
    alarm.SUBJECT: _("webhook"),
}
#: Field of a refusal of notifications.cases -> what to tell the manager.
REFUSALS: dict[str, Any] = {
    "state": _("The case is closed already, or a colleague has taken it."),
    "text": _("Write the answer first."),
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
    empty_words = _(
        "Nobody waits for you. A case opens by itself when a client writes in her own words, or an"
        " important message does not arrive."
    )

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
        may_change = self.has_change_permission(request, obj)
        who = ("client_link", "contacts") if may_change else ("client", "state_label")
        told = [who, ("cause", "subject"), ("opened_at", "deadline")]
        state = [("state_label", "taken_by") if obj and obj.taken_by else "state_label"]
        may_answer = obj is not None and obj.state != CaseState.CLOSED and obj.subscriber_id
        own = ["answer"] if may_answer and may_change else []
        return [*told, *(state if may_change else []), *own]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show all but the answer."""
        who = ("client", "client_link", "contacts")
        return (*who, "state_label", "cause", "subject", "opened_at", "deadline", "taken_by")

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
        """Offer what can still be done; a press that comes too late is refused in words."""
        found = super().get_actions_submit_line(request, object_id)
        if request.method == "POST":
            return found
        row = Escalation.objects.filter(pk=object_id).first()
        offered = {f"notifications_escalation_{name}" for name in _offers(row)}
        return [one for one in found if one.action_name in offered]

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

    @column(_("client"))
    def client_link(self, row: Escalation) -> Any:
        """Lead to the client's card."""
        if row.subscriber_id is None:
            return self.client(row)
        page = reverse("admin:tenants_subscriber_change", args=[row.subscriber_id])
        return format_html('<a class="text-link" href="{}">{}</a>', page, self.client(row))

    @column(_("phone, e-mail"))
    def contacts(self, row: Escalation) -> str:
        """Give what one calls or writes to by hand."""
        kinds = ("phone", "email")
        found = row.subscriber.addresses.filter(kind__in=kinds) if row.subscriber else ()
        return ", ".join(sorted({one.value for one in found}, reverse=True)) or "—"

    @column(_("subject"))
    def subject(self, row: Escalation) -> Any:
        """Give the salon's own reference, and the way to what was sent."""
        kind = SUBJECTS.get(row.subject_type, row.subject_type)
        words = f"{kind} {row.subject_id}".strip() or "—"
        if row.subject_type == alarm.SUBJECT:
            page = reverse("admin:notifications_webhookendpoint_change", args=[row.subject_id])
        elif row.notification_id is not None:
            page = reverse("admin:notifications_notification_change", args=[row.notification_id])
        else:
            return words
        return format_html('<a class="text-link" href="{}">{}</a>', page, words)

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
        shown = date_format(timezone.localtime(row.deadline_at), "DATETIME_FORMAT")
        waits = row.state in (CaseState.OPEN, CaseState.TAKEN)
        return ("late" if waits and row.deadline_at < timezone.now() else "kept"), shown


@admin.register(ExternalDelivery)
class ExternalDeliveryAdmin(LogAdmin):
    """What another platform (Novu) says of its own messages."""

    list_display = ("made_at", "event", "workflow", "channel", "status", "subscriber_key", "error")
    list_filter = (MadeFilter, "status", "channel")
    search_fields = ("transaction_id__exact", "subscriber_key__exact", "external_id__exact")
    search_help_text = _("The transaction, the client's key or the external id, whole")
    empty_words = _(
        "Here stands what Novu says of its own messages, for salons that still run it beside."
    )
    fields = (
        ("event", "status", "at"),
        ("workflow", "step", "channel"),
        ("subscriber_key", "provider"),
        ("external_id", "transaction_id"),
        "error",
        "metadata",
        "raw",
    )


def _offers(row: Escalation | None) -> list[str]:
    if row is None or row.state == CaseState.CLOSED:
        return []
    answer = ["send_answer"] if row.subscriber_id else []
    return [*answer, *([] if row.taken_by else ["take_case"]), "close_case"]


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
