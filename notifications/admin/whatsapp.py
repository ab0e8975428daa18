"""The screen of texts that WhatsApp must approve: written, submitted, looked after."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from channels.errors import DeliveryError
from channels.models import Integration, WhatsAppTemplate
from channels.whatsapp import PROVIDER, problems, submit, sync_all
from notifications.admin.buttons import ButtonsField
from notifications.models import Category, MessageTemplate, Step
from tenants.admin_base import SalonAdmin, SalonForm, column, submit_button
from tenants.errors import InvalidFields
from tenants.permissions import standing

STATE_LABELS = {
    "draft": "info",
    "pending": "warning",
    "approved": "success",
    "rejected": "danger",
    "paused": "danger",
    "disabled": "danger",
}
#: What channels.adapters.whatsapp_templates says of a draft, in the order of its rules.
_SENTENCES = (
    _("is empty"),
    _("must not begin or end with a variable"),
    _("needs words between two variables"),
    _("takes variables such as {{ clientName }}, no conditions"),
    _("is longer than 1024 characters"),
    _("takes no variables"),
    _("are more than 10"),
    _("need a text of up to 25 characters without variables"),
    _("need either a url or an action"),
    _("need a url that begins with https:// and has a variable at its end only"),
)


class WhatsAppTemplateForm(SalonForm):
    """A draft; what WhatsApp would refuse is told by field when it is saved."""

    text_id = forms.ChoiceField(
        label=_("Message template"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Goes in its place when the client has not written for 24 hours."),
    )
    buttons = ButtonsField(label=_("Buttons"))

    class Meta:
        model = WhatsAppTemplate
        fields = (
            "integration",
            "text_id",
            "name",
            "language",
            "category",
            "header",
            "body",
            "footer",
            "buttons",
            "examples",
        )
        labels = {"integration": _("WhatsApp account")}
        widgets = {"body": UnfoldAdminTextareaWidget({"rows": 8})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        texts = MessageTemplate.objects.order_by("name").values_list("pk", "name")
        if "text_id" in self.fields:
            self.fields["text_id"].choices = [("", "—"), *texts]  # type: ignore[attr-defined]  # a ChoiceField's
        if "integration" in self.fields:
            accounts = Integration.objects.filter(provider=PROVIDER)
            self.fields["integration"].queryset = accounts  # type: ignore[attr-defined]  # a ModelChoiceField's

    def clean_text_id(self) -> Any:
        """Store no text as nothing."""
        return self.cleaned_data["text_id"] or None

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # not in the stubs
        if not self.errors:
            for field, words in problems(self.instance).items():
                self.add_error(field, ValidationError(gettext(words)))


@admin.register(WhatsAppTemplate)
class WhatsAppTemplateAdmin(SalonAdmin):
    """Texts for clients who have not written for a day."""

    area = "templates"
    form = WhatsAppTemplateForm
    list_display = ("name", "language", "category_label", "state_label", "reason", "running")
    list_filter = ("state", "language")
    ordering = ("name", "language")
    actions_submit_line = ("save_and_submit",)
    list_before_template = "notifications/admin/whatsapp_list.html"
    readonly_fields = ("state", "reason", "running_text")

    def heading(self, row: WhatsAppTemplate) -> str:
        """Head the page by the template's name."""
        return f"{row.name} ({row.language})"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Put the text first, then what WhatsApp says of it."""
        own = ["integration", "text_id", "name", ("language", "category")]
        text = ["header", "body", "footer", "buttons", "examples"]
        groups: list[Any] = [(None, {"fields": own}), (_("Text"), {"fields": text})]
        if obj is not None:
            told = {"fields": [("state", "reason"), "running_text"]}
            groups.append(("WhatsApp", told))
        return groups

    def formfield_for_dbfield(self, *args: Any, **kwargs: Any) -> Any:
        """Offer accounts to choose from, not to edit: that is another screen's work."""
        field = super().formfield_for_dbfield(*args, **kwargs)
        for may in ("can_add_related", "can_change_related", "can_view_related"):
            if hasattr(getattr(field, "widget", None), may):
                setattr(field.widget, may, False)
        return field

    def get_urls(self) -> Any:
        """Add asking WhatsApp for all of them."""
        wrap = self.admin_site.admin_view
        name = "channels_whatsapptemplate_sync"
        return [path("sync/", wrap(self.sync_view), name=name), *super().get_urls()]

    def sync_view(self, request: HttpRequest) -> HttpResponseRedirect:
        """Ask WhatsApp what became of the texts."""
        here = reverse("admin:channels_whatsapptemplate_changelist")
        tenant_id = standing(request).tenant_id
        if (
            request.method == "POST"
            and tenant_id is not None
            and self.has_change_permission(request)
        ):
            try:
                changed = sync_all(tenant_id, datetime.now(UTC))
                words = _("WhatsApp was asked. Changed: %(count)s.")
                messages.success(request, words % {"count": changed})
            except (DeliveryError, InvalidFields) as refused:
                self._tell(request, refused)
        return HttpResponseRedirect(here)

    @submit_button(_("Save and submit"))
    def save_and_submit(self, request: HttpRequest, obj: WhatsAppTemplate) -> None:
        """Hand the saved text to WhatsApp; the running one goes on."""
        try:
            submit(obj.tenant_id, obj.pk, datetime.now(UTC))
            messages.success(request, _("Submitted. WhatsApp usually answers within a day."))
        except (DeliveryError, InvalidFields) as refused:
            self._tell(request, refused)

    def _tell(self, request: HttpRequest, refused: DeliveryError | InvalidFields) -> None:
        said = refused.detail if isinstance(refused, DeliveryError) else refused.message
        messages.error(request, _("WhatsApp did not take it: %(reason)s") % {"reason": said})

    def get_queryset(self, request: HttpRequest) -> Any:
        """Mark the texts that service messages need."""
        service = Step.objects.filter(
            tenant_id=OuterRef("tenant_id"),
            template_id=OuterRef("text_id"),
            workflow__category=Category.TX,
            workflow__published__isnull=False,
        )
        return super().get_queryset(request).annotate(serves=Exists(service))

    @column(_("category"), ordering="category", label={"fits": "info", "misplaced": "danger"})
    def category_label(self, row: WhatsAppTemplate) -> tuple[str, Any]:
        """Name WhatsApp's category; it may count a service message as marketing."""
        is_misplaced = row.serves and row.category == WhatsAppTemplate.Category.MARKETING  # type: ignore[attr-defined]  # get_queryset
        if is_misplaced:
            return "misplaced", _("Marketing, though service messages need it")
        return "fits", row.get_category_display()

    @column(_("state"), ordering="state", label=STATE_LABELS)
    def state_label(self, row: WhatsAppTemplate) -> tuple[str, str]:
        """Colour the state of the newest text."""
        return row.state, row.get_state_display()

    @column(_("runs"), label={"yes": "success", "no": "info"})
    def running(self, row: WhatsAppTemplate) -> tuple[str, str]:
        """Tell which submission runs."""
        return ("yes", row.approved_name) if row.is_running else ("no", "—")

    @column(_("what runs now"))
    def running_text(self, row: WhatsAppTemplate) -> str:
        """Show the approved text as clients get it."""
        if not row.is_running or not row.approved:
            return "—"
        parts = [part.get("text", "") for part in row.approved["components"]]
        return "\n".join(filter(None, parts))
