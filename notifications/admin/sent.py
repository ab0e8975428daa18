"""The screen of sent messages: what left for a provider, in words."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from channels.field_words import name_of
from notifications.admin.delivery import STATE_LABELS, MadeFilter, StoryAdmin
from notifications.models import Message
from notifications.models.gates import STOPPABLE
from tenants.admin_base import column

PLACES = dict(STOPPABLE)


class ChannelFilter(admin.SimpleListFilter):
    """Messages of one channel, or of one messenger."""

    title = _("channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Offer them by name."""
        return STOPPABLE

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep what went there."""
        return queryset.filter(channel=self.value()) if self.value() else queryset


@admin.register(Message)
class MessageAdmin(StoryAdmin):
    """What left for a provider, and what became of it."""

    list_display = ("made_at", "client", "place", "account", "address", "state_label", "why")
    list_filter = (MadeFilter, "state", ChannelFilter)
    list_select_related = ("notification__subscriber",)
    search_fields = ("provider_id__exact", "notification__subscriber__subscriber_id__exact")
    search_help_text = _("The provider's id or the client's key, whole")
    fields = (
        ("client", "address", "spoken"),
        ("place", "account", "provider_id"),
        ("state", "why", "made_at"),
        "text_version",
        "title",
        "body",
    )

    @column(_("channel"), ordering="channel")
    def place(self, row: Message) -> str:
        """Name the channel, or the messenger."""
        return str(PLACES.get(row.channel, row.channel))

    @column(_("provider"), ordering="provider")
    def account(self, row: Message) -> str:
        """Name the provider; the inbox has none."""
        return "—" if row.provider == row.channel == "in_app" else name_of(row.provider)

    @column(_("language"))
    def spoken(self, row: Message) -> str:
        """Name the language."""
        return str(dict(settings.LANGUAGES).get(row.language, row.language))

    @column(_("version"))
    def text_version(self, row: Message) -> str:
        """Number the version of the text."""
        return str(row.template_version.number) if row.template_version else "—"

    @column(_("state"), ordering="state", label=STATE_LABELS)
    def state_label(self, row: Message) -> tuple[str, str]:
        """Colour the state."""
        return row.state, row.get_state_display()
