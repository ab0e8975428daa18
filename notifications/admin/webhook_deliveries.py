"""The screen of what outgoing webhooks were told: bodies, answers, and sending again."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from notifications.admin.delivery import MadeFilter
from notifications.models import WebhookDelivery
from notifications.webhooks import endpoints
from tenants.admin_base import LogAdmin, column
from tenants.admin_deeds import DeedsOnPage
from tenants.errors import Conflict
from tenants.permissions import standing

DELIVERY_LABELS = {"pending": "info", "delivered": "success", "failed": "danger"}


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(DeedsOnPage, LogAdmin):
    """What endpoints were told in the last 30 days, and what they answered."""

    area = "keys"
    list_display = ("made_at", "type", "url", "state_label", "attempts", "status", "answer")
    list_filter = (MadeFilter, "state")
    linked_by = ("endpoint__id__exact",)
    list_select_related = ("endpoint",)
    search_fields = ("event_id__exact", "type__exact")
    search_help_text = _("The whole webhook-id, or the event's name")
    fields = (
        ("type", "webhook_id"),
        ("url", "state"),
        ("made_at", "attempted_at"),
        ("attempts", "next_at"),
        "status",
        "answer",
        "pretty_body",
    )
    actions = page_actions = ("resend",)
    empty_words = _(
        "Nothing was sent to your webhooks within 30 days. To see whether they listen, send a test"
        " event from the webhook's page."
    )

    def heading(self, row: WebhookDelivery) -> str:
        """Head the page by the event."""
        return str(row.type)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Leave out what belongs to a deleted webhook: there is none to join."""
        return super().get_queryset(request).select_related("endpoint")

    @admin.action(description=_("Send again"), permissions=["resend"])
    def resend(self, request: HttpRequest, queryset: Any) -> None:
        """Send the chosen events again, under their webhook-ids."""
        for row in queryset:
            try:
                endpoints.resend(row.endpoint, row)
            except Conflict:
                words = _("%(url)s is switched off: switch it on first.")
                messages.error(request, words % {"url": row.endpoint.url})
                return
        messages.success(request, _("The chosen events are sent again."))

    def has_resend_permission(self, request: HttpRequest) -> bool:
        """Ask the table; the rows themselves are never changed."""
        return standing(request).may("change", self.area)

    @column(_("webhook"))
    def url(self, row: WebhookDelivery) -> str:
        """Say where it went."""
        return str(row.endpoint.url)

    @column(_("state"), ordering="state", label=DELIVERY_LABELS)
    def state_label(self, row: WebhookDelivery) -> tuple[str, str]:
        """Colour the state."""
        return row.state, row.get_state_display()

    @column("webhook-id")
    def webhook_id(self, row: WebhookDelivery) -> str:
        """Give what the receiver knows it by."""
        return str(row.event_id)

    @column(_("next attempt"))
    def next_at(self, row: WebhookDelivery) -> str:
        """Say when it is tried again, if it is."""
        is_open = row.state == WebhookDelivery.State.PENDING
        return date_format(localtime(row.due_at), "SHORT_DATETIME_FORMAT") if is_open else "—"

    @column(_("body"))
    def pretty_body(self, row: WebhookDelivery) -> str:
        """Indent what was sent."""
        text = json.dumps(json.loads(row.body), ensure_ascii=False, indent=2)
        return format_html('<pre class="kolokol-json">{}</pre>', text)
