"""The screen of outgoing webhooks: who of the salon's own software hears of events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from notifications.models import WebhookEndpoint
from notifications.news import DESCRIPTIONS
from notifications.webhooks import endpoints
from tenants.admin_base import MODE_LABELS, SalonAdmin, SalonForm, column, submit_button
from tenants.admin_deeds import DeedsOnPage
from tenants.errors import Conflict
from tenants.permissions import standing

STATE_LABELS = {"works": "success", "fails": "warning", "off": "danger"}
KEPT = timedelta(days=30)
#: What notifications.webhooks.endpoints and channels.fields say of a field.
_SENTENCES = (
    _("must be an address that begins with https://"),
    _("must be an address of up to 1000 characters"),
    _("must be a text of up to 200 characters"),
)


class WebhookForm(SalonForm):
    """An endpoint; events are chosen by their meaning."""

    events = forms.MultipleChoiceField(
        label=_("Events"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None chosen: all of them."),
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("url", "description", "mode", "events")
        labels = {"url": _("Address that is called")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "events" in self.fields:
            field: Any = self.fields["events"]
            field.choices = [(name, f"{name}: {meaning(name)}") for name in DESCRIPTIONS]

    def clean(self) -> dict[str, Any]:
        """Ask the rules of the API."""
        given = super().clean() or {}
        names = ("url", "description", "events")
        values: dict[str, Any] = {name: given[name] for name in names if name in given}
        for name, rule in endpoints.faults(values).items():
            self.add_error(name, ValidationError(gettext(rule)))
        if "url" in given and self._is_twice(given):
            words = _("There is a webhook of this address already: change that one.")
            self.add_error("url", ValidationError(words))
        return given

    def _is_twice(self, given: dict[str, Any]) -> bool:
        others = WebhookEndpoint.objects.exclude(pk=self.instance.pk)
        mode = given.get("mode", self.instance.mode)
        return bool(others.filter(url=given["url"], mode=mode).exists())


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(DeedsOnPage, SalonAdmin):
    """Addresses of the salon's own software that hear of events."""

    area = "keys"
    form = WebhookForm
    list_display = ("called", "description", "mode_label", "wanted", "state_label")
    list_filter = ("mode", "is_enabled")
    ordering = ("pk",)
    actions = ("send_test", "resend_failed", "rotate", "switch_on", "switch_off")
    page_actions = ("switch_on", "switch_off", "resend_failed", "rotate")
    actions_submit_line = ("save_and_test",)
    empty_words = _(
        "Your booking system or website can hear at once what becomes of messages and clients:"
        " add the address that it listens at."
    )

    def heading(self, row: WebhookEndpoint) -> str:
        """Head the page by what the salon calls it."""
        return row.description or row.url

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for little when adding, tell how it does afterwards."""
        own = ("url", "description", "mode", "events")
        if obj is None:
            return own
        told = (("state_label", "deliveries"), *(["previous_until"] if obj.previous_until else []))
        return (*told, *own)

    def offers(self, row: WebhookEndpoint) -> Sequence[str]:
        """Offer to switch it the other way; one that is off is told nothing again."""
        off = ("switch_on", "rotate")
        return ("switch_off", "resend_failed", "rotate") if row.is_enabled else off

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep what was sent under its mode."""
        return () if obj is None else ("mode", "state_label", "previous_until", "deliveries")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save by the same verbs as the API; show a new secret this once."""
        values = {name: form.cleaned_data[name] for name in ("url", "description", "events")}
        if change:
            endpoints.change_endpoint(obj, values)
        else:
            self._add(request, obj, values)
        for button in self.get_actions_submit_line(request, obj.pk):
            if button.action_name in request.POST:
                button.method(request, obj)

    def _add(self, request: HttpRequest, obj: Any, values: dict[str, Any]) -> None:
        tenant_id = standing(request).tenant_id
        assert tenant_id is not None  # noqa: S101 (without a salon nothing may be added)
        row, secret = endpoints.add_endpoint(tenant_id, obj.mode, values)
        obj.pk = row.pk
        obj.refresh_from_db()
        self._show(request, secret)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete by the verb."""
        endpoints.delete_endpoint(obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Delete each by the verb."""
        for row in queryset:
            endpoints.delete_endpoint(row)

    @submit_button(_("Save and send a test event"))
    def save_and_test(self, request: HttpRequest, obj: WebhookEndpoint) -> None:
        """Send a test event to what was just saved."""
        self._test(request, obj)

    @admin.action(description=_("Send a test event"), permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: Any) -> None:
        """Send a test event to each."""
        for row in queryset:
            self._test(request, row)

    @admin.action(description=_("Send again what failed"), permissions=["change"])
    def resend_failed(self, request: HttpRequest, queryset: Any) -> None:
        """Send again all that failed as long as it is kept."""
        for row in queryset:
            try:
                count = endpoints.resend_failed(row, datetime.now(UTC) - KEPT)
            except Conflict:
                self._tell_off(request, row)
                continue
            messages.success(request, _("Sent again: %(count)s.") % {"count": count})

    @admin.action(
        description=_("New secret: the old one signs for one more day"), permissions=["change"]
    )
    def rotate(self, request: HttpRequest, queryset: Any) -> None:
        """Give each a new secret."""
        for row in queryset:
            self._show(request, endpoints.rotate_secret(row, datetime.now(UTC)))

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: Any) -> None:
        """Tell them of what happens from now on."""
        for row in queryset:
            endpoints.switch_on(row)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: Any) -> None:
        """Tell them nothing more."""
        for row in queryset:
            endpoints.switch_off(row.tenant_id, row.pk, WebhookEndpoint.Off.BY_HAND)

    def _test(self, request: HttpRequest, row: WebhookEndpoint) -> None:
        try:
            made = endpoints.send_test(row)
        except Conflict:
            self._tell_off(request, row)
            return
        link = reverse("admin:notifications_webhookdelivery_change", args=[made.pk])
        words = gettext("A test event is on its way.")
        messages.success(
            request,
            format_html(
                '{} <a class="underline" href="{}">{}</a>', words, link, gettext("See the answer")
            ),
        )

    def _tell_off(self, request: HttpRequest, row: WebhookEndpoint) -> None:
        words = _("%(url)s is switched off: switch it on first.")
        messages.error(request, words % {"url": row.url})

    def _show(self, request: HttpRequest, secret: str) -> None:
        words = _("The signing secret: %(secret)s. Copy it now, it will not be shown again.")
        messages.warning(request, words % {"secret": secret})

    @column(_("Address that is called"), ordering="url")
    def called(self, row: WebhookEndpoint) -> str:
        """Say where it is."""
        return row.url

    @column(_("mode"), ordering="mode", label=MODE_LABELS)
    def mode_label(self, row: WebhookEndpoint) -> tuple[str, str]:
        """Colour the mode."""
        return row.mode, row.get_mode_display()

    @column(_("events"))
    def wanted(self, row: WebhookEndpoint) -> Any:
        """Name what it wants to hear of."""
        return ", ".join(row.events) or _("all")

    @column(_("state"), ordering="is_enabled", label=STATE_LABELS)
    def state_label(self, row: WebhookEndpoint) -> tuple[str, Any]:
        """Say whether it hears anything, and why not."""
        if not row.is_enabled:
            return "off", row.get_disabled_reason_display()
        return ("fails", _("does not answer")) if row.failing_since else ("works", _("works"))

    @column(_("deliveries"))
    def deliveries(self, row: WebhookEndpoint) -> str:
        """Lead to what was sent."""
        root = reverse("admin:notifications_webhookdelivery_changelist")
        query = urlencode({"endpoint__id__exact": row.pk})
        words = gettext("What was sent")
        return format_html('<a class="text-link" href="{}?{}">{}</a>', root, query, words)


def meaning(name: str) -> str:
    """Say what an event means, in the visitor's language."""
    russian, english = DESCRIPTIONS[name]
    return russian if get_language() == "ru" else english
